"""Changes → lines: by themselves, or joined over blocks where the same happens to them. Where the lr alone goes from
block to block, on both sides, as two layer decays make it, a line has the lrs of the first block and of the last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence

from pgaudit.core.assignment import ParamAssignment
from pgaudit.diff import Change, ChangeKind
from pgaudit.diff.records import effect, rule_names
from pgaudit.names import Folded, fold_along, fold_named
from pgaudit.numbers import is_monotonous
from pgaudit.render.diff.line import DiffLine, renamed
from pgaudit.render.style import UNICODE, Marks

_FEWEST = 3
"""Pairs of lrs under the same rules from which on they may be two layer decays."""


def lines_of(changes: Sequence[Change], *, fold: bool, marks: Marks = UNICODE) -> list[DiffLine]:
    """Returns the lines, in the order of their first changes."""
    if not fold:
        return [DiffLine(each.param.name, (each,), marks) for each in changes]
    alike = _graded(changes)
    entries = ((each.param.name, alike(each), _family(each), each) for each in changes)
    return [DiffLine(each.name, each.rows, marks) for each in fold_along(entries, _goes_one_way, _strictly)]


def _strictly(changes: Sequence[Change]) -> list[Folded[Change]]:
    return fold_named((each.param.name, _likeness(each), _family(each), each) for each in changes)


def _family(change: Change) -> Hashable:
    return tuple(each.param.module_type if each else None for each in (change.before, change.after))


def _likeness(change: Change) -> tuple[Hashable, ...]:
    shapes = change.kind is ChangeKind.RESHAPED
    return (
        change.kind,
        renamed(change),
        *(
            each and (*effect(each), rule_names(each), each.also_in, each.param.shape if shapes else None)
            for each in (change.before, change.after)
        ),
        repr(change.extra),
        change.lrs,
    )


def _graded(changes: Sequence[Change]) -> Callable[[Change], Hashable]:
    """What tells whether changes are alike, but for the lrs where the same rules give several of them their own."""
    pairs: dict[Hashable, set[Hashable]] = defaultdict(set)
    for each in changes:
        if each.kind is ChangeKind.CHANGED and not each.lrs:
            pairs[_but_lrs(each)].add(tuple(map(_lrs, each.both)))
    graded = {key for key, found in pairs.items() if len(found) >= _FEWEST}

    def alike(change: Change) -> Hashable:
        key = _but_lrs(change)
        return key if key in graded and not change.lrs else _likeness(change)

    return alike


def _but_lrs(change: Change) -> tuple[Hashable, ...]:
    sides = ((*effect(each)[2:], *map(str, rule_names(each)), each.in_optimizer, each.also_in) for each in change.both)
    return change.kind, renamed(change), *sides, repr(change.extra)


def _goes_one_way(changes: Sequence[Change]) -> bool:
    """Whether the lrs of both sides are the same for all, or go up or down with the blocks, and the one side is never
    above the other for some and below it for others.
    """
    if len({tuple(map(_lrs, each.both)) for each in changes}) == 1:
        return True
    return all(_is_one_way(lrs) for lrs in zip(*map(_lrs_of_both, changes), strict=True))


def _is_one_way(lrs: Sequence[tuple[float | None, float | None]]) -> bool:
    turns = {new > old for old, new in lrs if old is not None and new is not None and new != old}
    return all(map(is_monotonous, zip(*lrs, strict=True))) and len(turns) < 2


def _lrs_of_both(change: Change) -> list[tuple[float | None, float | None]]:
    """Each lr that is shown, on both sides."""
    before, after = (_lrs(each) if each else (None, None) for each in (change.before, change.after))
    return [*zip(before, after, strict=True)]


def _lrs(row: ParamAssignment) -> tuple[float | None, float | None]:
    return row.setting.lr, row.setting.peak_lr
