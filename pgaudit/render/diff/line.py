"""One line of a diff, as every format tells it: values and rules on each side, and what stands under the name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pgaudit.core.assignment import ParamAssignment
from pgaudit.diff import Change, ChangeKind
from pgaudit.diff.compare import same
from pgaudit.diff.over_time import LrChange
from pgaudit.diff.records import rule_names
from pgaudit.numbers import COMPUTED
from pgaudit.render.diff.view import MARKS, setup_words
from pgaudit.render.numbers import apart, computed, number
from pgaudit.render.over_time import is_lr_title, lr_title
from pgaudit.render.style import DECIDED_BY, UNICODE, Marks, colour, group_words, label, labels
from pgaudit.text import visible

RuleWords = list[tuple[str, str]]
"""The words of a rule, each with its colour."""


@dataclass(frozen=True, slots=True)
class Sides:
    """A value on both sides; ``new`` is None where only one is to be shown."""

    old: str
    new: str | None = None

    def __str__(self) -> str:
        return self.old if self.new is None else f"{self.old} → {self.new}"


@dataclass(frozen=True)
class DiffLine:
    """Parameters under one name to which the same happens, but for lrs that go from block to block; and what every
    format tells of them.
    """

    name: str
    changes: tuple[Change, ...]
    marks: Marks = UNICODE

    @property
    def change(self) -> Change:
        """What happens to the first of them."""
        return self.changes[0]

    @property
    def mark(self) -> str:
        """What stands before the name."""
        return MARKS[self.change.kind]

    @property
    def values(self) -> dict[str, Sides]:
        """The values, by the setting's attributes; the scheduled lr only where there is any, and those over time only
        where they differ.
        """
        scheduled = any(each.scheduled_lr is not None for each in self.change.both)
        over_time = [lr_title(step) for step in self.turns]
        shown = ("lr", *(["peak_lr"] if scheduled else []), *over_time, "weight_decay")
        return {which: self.value(which) for which in shown}

    @property
    def turns(self) -> list[int]:
        """The steps at which its lr differs, where both sides have it."""
        return [each.step for each in self.change.lrs if each.differs] if len(self.change.both) == 2 else []

    def lr_at(self, which: str) -> LrChange | None:
        """Returns the lr that a title such as ``lr@100`` means; None for other titles, and where it is not compared."""
        return next((each for each in self.change.lrs if lr_title(each.step) == which), None)

    def both(self, which: str) -> list[float | None]:
        """Returns a value of each side; None where a side does not have the parameter, or the parameter no value."""
        if is_lr_title(which):
            found = self.lr_at(which)
            return [None, None] if found is None else [found.before, found.after]
        return [getattr(each.setting, which) if each else None for each in (self.change.before, self.change.after)]

    def value(self, which: str) -> Sides:
        """Returns ``lr``, ``peak_lr``, ``weight_decay`` or ``lr@100`` as a person reads it."""
        ends = [self, *self._last]
        if len({tuple(each.both(which)) for each in ends}) == 1:
            return self._value(which)
        first, last = (each._value(which, COMPUTED) for each in ends)
        old = self._span(first.old, last.old)
        return Sides(old, self._span(first.new or first.old, last.new or last.old) if first.new or last.new else None)

    def turn(self, which: str) -> int:
        """Returns 1 for a value that rises, -1 for one that falls, and 0 where there are not two to compare."""
        turns = (each._turn(which) for each in (self, *self._last))
        return next(filter(None, turns), 0)

    @property
    def _last(self) -> list[DiffLine]:
        """The last of its changes by itself, if there is another one."""
        return [DiffLine(self.name, self.changes[-1:], self.marks)] if len(self.changes) > 1 else []

    def _span(self, first: str, last: str) -> str:
        return first if first == last else f"{first}{self.marks.span}{last}"

    def _value(self, which: str, digits: int | None = None) -> Sides:
        """What happens to the first of its changes."""
        old, new = self.both(which)
        if is_lr_title(which):
            return self._over_time(which, old, new)
        written = self._number if digits is None else computed
        if self.change.before is None or self.change.after is None or same(old, new):
            return Sides(written(new if self.change.before is None else old))
        if old is None or new is None:
            return Sides(written(old), written(new))
        return Sides(*(apart(old, new) if digits is None else apart(old, new, digits)))

    def _turn(self, which: str) -> int:
        old, new = self.both(which)
        if self._value(which).new is None or old is None or new is None:
            return 0
        return 1 if new > old else -1

    def _over_time(self, which: str, old: float | None, new: float | None) -> Sides:
        found = self.lr_at(which)
        if found is None and len(self.change.both) == 2:
            return Sides("")
        if found is None or not found.differs or len(self.change.both) < 2:
            return Sides(self.marks.none if (value := new if old is None else old) is None else computed(value))
        if old is None or new is None:
            return Sides(*(self.marks.none if each is None else computed(each) for each in (old, new)))
        return Sides(*apart(old, new, COMPUTED))

    def _number(self, value: float | None) -> str:
        return self.marks.none if value is None else number(value)

    def rules(self, *, line: bool = True) -> list[RuleWords]:
        """Returns the rules' words on both sides, or on one where nothing is different about them."""
        shown = list(self.change.both)
        if len({(rule_names(each), each.param.trainable, each.in_optimizer) for each in shown}) == 1:
            shown = shown[-1:]
        bare, words = ([self._labels(each, line=lines) for each in shown] for lines in (False, line))
        return [_spelled(each, shown, line=line) for each in shown] if len(bare) == 2 and bare[0] == bare[1] else words

    @property
    def groups(self) -> tuple[str, str]:
        """In which groups its parameters are, on each side, where no rule decided."""
        before = [each.before for each in self.changes if each.before is not None]
        after = [each.after for each in self.changes if each.after is not None]
        return group_words(before) if before else "", group_words(after) if after else ""

    def _labels(self, of: ParamAssignment, *, line: bool) -> RuleWords:
        built = self.groups[0 if of is self.change.before else 1]
        return labels(of.setting, self.marks, line=line, trainable=of.param.trainable, built=built)

    @property
    def rules_text(self) -> list[str]:
        """The same without colours."""
        return ["".join(word for word, _ in words) for words in self.rules()]

    @property
    def extra(self) -> list[str]:
        """What is otherwise in the group beside lr and weight decay: ``momentum 0.9 → 0.8``."""
        words = []
        for each in self.change.extra:
            mark, old, new = setup_words(each)
            both = mark == "~" or None not in (self.change.before, self.change.after)
            value = f"{old or self.marks.none} {self.marks.arrow} {new or self.marks.none}" if both else old or new
            words.append(f"{visible(each.name)} {value}")
        return words

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes on both sides, where they differ."""
        both = [each.param.shape for each in self.change.both if each.param.shape is not None]
        return both if self.change.kind is ChangeKind.RESHAPED else []


def titles(lines: Collection[DiffLine]) -> dict[str, str]:
    """Returns the values that a table shows, with their titles."""
    scheduled = any("peak_lr" in line.values for line in lines)
    steps = sorted({step for line in lines for step in line.turns})
    over_time = {lr_title(step): lr_title(step) for step in steps}
    return {"lr": "lr", **({"peak_lr": "scheduled"} if scheduled else {}), **over_time, "weight_decay": "decay"}


def last_title(lines: Collection[DiffLine]) -> str:
    """Returns the title of the last column: of what was built, there is no more to say than the group."""
    rules = (rule for line in lines for each in line.change.both for rule in rule_names(each))
    return DECIDED_BY if any(rules) or not lines else "group"


def renamed(change: Change) -> str | None:
    """Returns the first name that a tied parameter had before, where that is now an alias."""
    if change.before is None or change.after is None or change.before.name == change.after.name:
        return None
    return change.before.name


def _spelled(param: ParamAssignment, both: Sequence[ParamAssignment], *, line: bool) -> RuleWords:
    """Names the one rule that differs where the more telling one, which is usually named alone, does not."""
    which = "lr" if rule_names(both[0])[0] != rule_names(both[1])[0] else "wd"
    rule = param.setting.lr_rule if which == "lr" else param.setting.weight_decay_rule
    return [(f"{which} {label(rule, line=line) if rule else 'nothing'}", colour(rule))]
