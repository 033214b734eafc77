"""What every format of a diff says in the same words: folded names, counts, values and rules on each side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pgaudit.core.assignment import ParamAssignment, Provenance
from pgaudit.diff import Change, ChangeKind, Diff, ValueChange
from pgaudit.diff.compare import same
from pgaudit.diff.records import effect, rule_names
from pgaudit.diff.setup import setup
from pgaudit.names import Folded, fold_named
from pgaudit.render.numbers import apart, number
from pgaudit.render.style import UNICODE, Marks, colour, label, labels
from pgaudit.render.summary import argument
from pgaudit.report import Report
from pgaudit.sources.files import NOTHING
from pgaudit.text import counted, visible

MARKS = {
    ChangeKind.CHANGED: "~",
    ChangeKind.RESHAPED: "~",
    ChangeKind.ADDED: "+",
    ChangeKind.REMOVED: "-",
    ChangeKind.SAME_EFFECT: " ",
}
"""What stands before a changed parameter, as in a plan of Terraform."""

_NOUNS = {
    ChangeKind.CHANGED: "changed",
    ChangeKind.RESHAPED: "reshaped",
    ChangeKind.ADDED: "added",
    ChangeKind.REMOVED: "removed",
    ChangeKind.SAME_EFFECT: "same effect, other rule",
}


def lines_of(changes: Sequence[Change], *, fold: bool) -> list[Folded[Change]]:
    """Returns the changes by themselves, or joined over blocks where the same happens to them."""
    if not fold:
        return [Folded(each.param.name, (each,)) for each in changes]
    return fold_named((each.param.name, _lot(each), _family(each), each) for each in changes)


def _lot(change: Change) -> Hashable:
    shapes = change.kind is ChangeKind.RESHAPED
    return (
        change.kind,
        renamed(change),
        *(
            each and (*effect(each), rule_names(each), each.param.shape if shapes else None)
            for each in (change.before, change.after)
        ),
        repr(change.extra),
    )


def _family(change: Change) -> Hashable:
    return tuple(each.param.module_type if each else None for each in (change.before, change.after))


def renamed(change: Change) -> str | None:
    """Returns the first name that a tied parameter had before, where that is now an alias."""
    if change.before is None or change.after is None or change.before.name == change.after.name:
        return None
    return change.before.name


def title(side: Report) -> str:
    """Returns what the user named, or what it means."""
    if side.path is None:
        return "a config"
    return "nothing" if side.path in NOTHING else visible(side.path)


def counts(diff: Diff) -> list[tuple[str, str]]:
    """Returns what the last line counts, each with its mark."""
    found = Counter(change.kind for change in diff.changes)
    words = [("~", f"{len(diff.setup):,} in the setup")] if diff.setup else []
    words += [(MARKS[kind], f"{found[kind]:,} {noun}") for kind, noun in _NOUNS.items() if found[kind]]
    if not words:
        words.append((" ", "no difference"))
    return [*words, (" ", f"{diff.unchanged:,} unchanged")]


def counts_line(diff: Diff, dot: str = "·") -> str:
    """Returns the last line as plain text."""
    return f" {dot} ".join(f"{mark} {words}".strip() for mark, words in counts(diff))


def head(diff: Diff, marks: Marks = UNICODE) -> tuple[str, list[str]]:
    """Returns what is compared, and the words about what both sides have in common."""
    sides = [side for side in (diff.a, diff.b) if side.assignment.model.ref is not None]
    sizes = [f"{len(side):,}" for side in sides[:-1]]
    sizes += [counted(len(side), "tensor") for side in sides[-1:]]
    if len(sides) == 2 and len(sides[0]) == len(sides[1]):
        del sizes[0]
    arrow = f" {marks.arrow} "
    models = dict.fromkeys(visible(side.assignment.model.ref) for side in sides)
    words = [arrow.join(models), arrow.join(sizes)] if sides else []
    changed = {change.name for change in diff.setup}
    after = setup(diff.b)
    alike = [name for name in ("constructor", "optimizer") if name in after and name not in changed]
    words += [visible(after[name]) for name in alike]
    return f"{title(diff.a)}{arrow}{title(diff.b)}", words


def setup_words(change: ValueChange) -> tuple[str, str, str]:
    """Returns a setup change's mark and its two values; what is not set is empty."""
    if change.before is None or change.after is None:
        return ("+" if change.before is None else "-"), _argument(change.before), _argument(change.after)
    if _is_number(change.before) and _is_number(change.after):
        return "~", *apart(change.before, change.after)
    return "~", _argument(change.before), _argument(change.after)


def _argument(value: Any) -> str:
    if value is None:
        return ""
    return number(value) if _is_number(value) else argument(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Words:
    """A value, or the rules, on both sides; ``new`` is None where only one is to be shown."""

    old: str
    new: str | None = None


def value_words(change: Change, which: str, marks: Marks = UNICODE) -> Words:
    """Returns ``lr``, ``peak_lr`` or ``weight_decay`` as a person reads it."""
    old, new = (getattr(each.setting, which) if each else None for each in (change.before, change.after))
    if change.before is None or change.after is None or same(old, new):
        return Words(_number(new if change.before is None else old, marks))
    if old is None or new is None:
        return Words(_number(old, marks), _number(new, marks))
    return Words(*apart(old, new))


def _number(value: float | None, marks: Marks) -> str:
    return marks.none if value is None else number(value)


def columns(changes: Iterable[Change]) -> dict[str, str]:
    """Returns the values that a table shows, with their titles: the scheduled lr only where there is any."""
    scheduled = any(each.scheduled_lr is not None for change in changes for each in change.both)
    return {"lr": "lr", **({"peak_lr": "scheduled"} if scheduled else {}), "weight_decay": "decay"}


def rule_of(param: ParamAssignment, which: str) -> Provenance | None:
    """Returns the rule that decides a value."""
    return param.setting.provenance("weight_decay" if which == "weight_decay" else "lr")


def extra_words(change: Change, marks: Marks = UNICODE) -> list[str]:
    """Returns what is otherwise in a parameter's group beside lr and weight decay: ``momentum 0.9 → 0.8``."""
    words = []
    for each in change.extra:
        mark, old, new = setup_words(each)
        both = mark == "~" or None not in (change.before, change.after)
        value = f"{old or marks.none} {marks.arrow} {new or marks.none}" if both else old or new
        words.append(f"{visible(each.name)} {value}")
    return words


RuleWords = list[tuple[str, str]]
"""The words of a rule, each with its colour."""


def rule_sides(change: Change, marks: Marks = UNICODE, *, line: bool = True) -> list[RuleWords]:
    """Returns the rules' words on both sides, or on one where nothing is different about them."""
    shown = list(change.both)
    if len({(rule_names(each), each.param.trainable) for each in shown}) == 1:
        shown = shown[-1:]
    bare = [labels(each.setting, marks, line=False, trainable=each.param.trainable) for each in shown]
    if len(bare) == 2 and bare[0] == bare[1]:
        return [_spelled(each, shown, line=line) for each in shown]
    return [labels(each.setting, marks, line=line, trainable=each.param.trainable) for each in shown]


def _spelled(param: ParamAssignment, both: Sequence[ParamAssignment], *, line: bool) -> RuleWords:
    """Names the one rule that differs where the more telling one, which is usually named alone, does not."""
    which = "lr" if rule_names(both[0])[0] != rule_names(both[1])[0] else "wd"
    rule = param.setting.lr_rule if which == "lr" else param.setting.weight_decay_rule
    return [(f"{which} {label(rule, line=line) if rule else 'nothing'}", colour(rule))]
