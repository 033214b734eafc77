"""The groups of a resumption as a table of distinct settings: layer decay has a group for every layer, and more."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pgaudit.core.plain import agree
from pgaudit.core.schedule import SCHEDULER_KEYS
from pgaudit.render.findings import folded_names
from pgaudit.render.html.packing import ranges
from pgaudit.render.numbers import apart, argument
from pgaudit.render.style import UNICODE
from pgaudit.resume import GroupValue, ResumedGroup
from pgaudit.text import counted, visible

_TITLES = {"lr": "lr", "weight_decay": "weight decay"}
_NAMES = 2
"""Folded names of tensors."""
_RUNS = 4
"""Runs of indices; of more, only the groups are counted."""
_ABSENT = GroupValue(None, None, None, False)


class Cell(NamedTuple):
    """A value, of which the page has three: the checkpoint's, the code's, the one of the training."""

    text: str
    style: str = ""
    note: str = ""


class Settled(NamedTuple):
    """Groups that hold the same on both sides."""

    which: str
    names: str
    tensors: Sequence[str]
    """How many; those of each side, where they are not as many."""
    cells: Sequence[Sequence[Cell]]
    """Those of each column."""
    others: Sequence[Cell]
    """What is otherwise not the same, each in words."""


class Column(NamedTuple):
    """A value of the groups."""

    title: str
    sides: Sequence[str]
    """The titles of what it has beneath; none where all sides hold the same everywhere."""


class GroupsTable(NamedTuple):
    """A table of settings."""

    columns: Sequence[Column]
    rows: Sequence[Settled]
    size: str
    """How many settings in how many groups there are."""
    more: int
    """Settings that it leaves out."""

    @property
    def has_others(self) -> bool:
        """Whether anything else is not the same."""
        return any(row.others for row in self.rows)


def groups_table(groups: Sequence[ResumedGroup], *, loads: bool, most: int) -> GroupsTable:
    """Returns the table.

    Args:
        groups: of both sides.
        loads: whether anything is loaded, so that there is a value which training goes on with.
        most: settings that a page holds.
    """
    alike: dict[Hashable, list[ResumedGroup]] = {}
    for each in groups:
        alike.setdefault(_likeness(each), []).append(each)
    sides = ["checkpoint", "code", *(["resumes with"] if loads else [])]
    keys = [key for key in _TITLES if any(key in each.values for each in groups)]
    columns = {key: Column(_TITLES[key], sides if any(_differs(key, each) for each in groups) else ()) for key in keys}
    rows = [_settled(same, columns, loads=loads) for same in [*alike.values()][:most]]
    size = counted(len(groups), "group")
    if len(alike) < len(groups):
        size = f"{counted(len(alike), 'distinct setting')} in {size}"
    return GroupsTable([*columns.values()], rows, size, len(alike) - len(rows))


def _differs(key: str, of: ResumedGroup) -> bool:
    value = of.values.get(key, _ABSENT)
    return value.replaced or agree(value.checkpoint, value.source) is not True


def _likeness(of: ResumedGroup) -> Hashable:
    sizes = None if _is_even(of) else (of.tensors, len(of.params))
    return of.optimizer, of.group is None, of.from_group is None, sizes, repr(of.values)


def _is_even(of: ResumedGroup) -> bool:
    return of.tensors == len(of.params)


def _settled(same: Sequence[ResumedGroup], columns: Mapping[str, Column], *, loads: bool) -> Settled:
    first = same[0]
    here, there = (sum(len(each.params) for each in same), sum(each.tensors for each in same))
    names = folded_names([name for each in same for name in each.params], _NAMES)
    cells = [[*_cells(key, first, loads=loads)][: len(column.sides) or 1] for key, column in columns.items()]
    others = [] if None in (first.group, first.from_group) else [*_others(first.values, loads=loads)]
    tensors = [f"{here:,}"] if all(map(_is_even, same)) else [f"{there:,} in checkpoint", f"{here:,} in code"]
    return Settled(_which(same), ", ".join(names).replace(", and ", " and "), tensors, cells, others)


def _which(same: Sequence[ResumedGroup]) -> str:
    """Which groups they are, by their indices in the checkpoint; where loading is by name, the code may have others."""
    indices = sorted({_index(each) for each in same})
    runs = ranges(indices)
    optimizer = f"{same[0].optimizer} " if same[0].optimizer else ""
    if len(runs) > 2 * _RUNS:
        return f"{optimizer}{counted(len(indices), 'group')}"
    spans = zip(runs[::2], runs[1::2], strict=True)
    return optimizer + ", ".join(str(at) if many == 1 else f"{at}–{at + many - 1}" for at, many in spans)


def _index(of: ResumedGroup) -> int:
    found = of.group if of.from_group is None else of.from_group
    return found or 0


def _cells(key: str, of: ResumedGroup, *, loads: bool) -> Iterator[Cell]:
    """The value of each side."""
    value = of.values.get(key, _ABSENT)
    checkpoint, code = _both(value.checkpoint, value.source)
    style = "" if _differs(key, of) else "quiet"
    first = of.values.get("initial_lr", _ABSENT) if key == "lr" else _ABSENT
    under_way = _is_scheduled(first.checkpoint, value.checkpoint)
    warms_up = first.checkpoint is not None and _is_scheduled(first.source, value.source)
    began = f"begun at {argument(first.checkpoint)}" if under_way else ""
    asked = f"asks for {argument(first.source)}" if warms_up else ""
    yield Cell(UNICODE.none, "quiet") if of.from_group is None else Cell(checkpoint, style, began)
    yield Cell(UNICODE.none, "quiet") if of.group is None else Cell(code, style, asked)
    if loads:
        resumed, _ = _both(value.resumed, value.source)
        turn, mark = _turn(first.checkpoint if under_way else value.resumed, first.source if warms_up else value.source)
        yield (
            Cell(f"{mark} {resumed}", turn)
            if value.replaced
            else Cell(resumed, style, "under way" if under_way else "")
        )


def _is_scheduled(initial: Any, lr: Any) -> bool:
    """Whether a schedule has made another lr of the one that it began with, or begins with another."""
    return initial is not None and agree(initial, lr) is not True


def _turn(after: Any, before: Any) -> tuple[str, str]:
    """The class and the mark of what is another value than the code asks for."""
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (after, before))
    if not numbers or after == before:
        return "new", "≠"
    return ("higher", UNICODE.higher) if after > before else ("lower", UNICODE.lower)


def _others(values: Mapping[str, GroupValue], *, loads: bool) -> Iterator[Cell]:
    """What else is not the same: what is replaced, what goes on by itself, what only the checkpoint has."""
    rest = {key: each for key, each in values.items() if key not in _TITLES and key != "initial_lr"}
    brought = []
    for key, value in sorted(rest.items(), key=lambda each: not each[1].replaced):
        code, after = value.source, value.resumed if loads else value.checkpoint
        if value.replaced or (code is not None and agree(code, after) is not True and key not in SCHEDULER_KEYS):
            old, new = _both(code, after)
            words = f"{old} {UNICODE.arrow} {new}" if loads else f"{new} in checkpoint, {old} in code"
            yield Cell(f"{visible(key)} {words}", "new" if value.replaced else "")
        elif code is None and key not in SCHEDULER_KEYS and after not in (None, False):
            brought.append(visible(key))
    if brought:
        yield Cell(f"only the checkpoint has {', '.join(brought)}", "quiet")


def _both(one: Any, other: Any) -> tuple[str, str]:
    """Two values as a person reads them, with as many digits as tell them apart."""
    if isinstance(one, float) and isinstance(other, float) and one != other:
        return apart(one, other)
    old, new = ("nothing" if each is None else argument(each) for each in (one, other))
    return old, new
