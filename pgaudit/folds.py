"""Parameters under one name: those that get the same; and blocks whose lr alone goes up or down, as layer decay has it,
by a rule of a policy, or in the groups of what was built.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import Setting
from pgaudit.names import Folded, fold_along, fold_named
from pgaudit.numbers import is_monotonous

Fold = Folded[ParamAssignment]
LrsAt = Callable[[ParamAssignment], Mapping[int, "float | None"]]
"""The lrs of a parameter by step."""

_FEWEST = 3
"""Lrs of groups from which on they may be layer decay; two are a backbone's and a head's."""
_Lrs = tuple["float | None", "float | None"]
"""A setting's lr, and that of the schedule's full height."""


def unfolded(rows: Iterable[ParamAssignment]) -> list[Fold]:
    """Returns every row by itself."""
    return [Folded(row.name, (row,)) for row in rows]


def fold(rows: Iterable[ParamAssignment], taken: Container[str] = (), lrs: LrsAt | None = None) -> list[Fold]:
    """Joins rows of equal settings under equal rules that belong to modules of one class.

    Args:
        rows: what to join.
        taken: names of other parameters that no folded name may look like.
        lrs: the lrs of a row by step, which have to be equal, too.
    """
    return fold_named(((row.name, likeness(row, lrs), row.param.module_type, row) for row in rows), taken)


def likeness(row: ParamAssignment, lrs: LrsAt | None = None) -> tuple[Hashable, ...]:
    """Returns what rows must have in common: two settings may say the same, having come about in two ways, or in two
    optimizers.
    """
    rules = (row.setting.lr_rule, row.setting.weight_decay_rule)
    over_time = lrs(row).items() if lrs else ()
    where = row.optimizer, row.also_in
    return row.setting.effect, *(rule and rule.name for rule in rules), row.param.trainable, *where, *over_time


def graded(rows: Sequence[ParamAssignment], taken: Container[str] = (), lrs: LrsAt | None = None) -> list[Fold]:
    """Joins rows as :func:`fold` does, and also where one rule, or one optimizer, gives each block a lr of its own,
    which rises or falls along the numbers in their names. The rows of such a line are in the order of these.
    """
    alike = graded_likeness(rows, lrs)
    entries = ((row.name, alike(row), row.param.module_type, row) for row in rows)
    return fold_along(entries, lambda line: _is_told_by_its_ends(line, lrs), lambda line: fold(line, taken, lrs), taken)


def graded_likeness(rows: Sequence[ParamAssignment], lrs: LrsAt | None = None) -> Callable[[ParamAssignment], Hashable]:
    """Returns what tells whether rows are alike, but for the lr where one rule, or one optimizer, gives several of them
    their own.
    """
    grading, built = grading_rules({row.setting for row in rows}), _grading_optimizers(rows)

    def alike(row: ParamAssignment) -> tuple[Hashable, ...]:
        setting = row.setting
        if row.optimizer not in built if setting.lr_rule is None else setting.lr_rule.name not in grading:
            return likeness(row, lrs)
        rules = (setting.lr_rule, setting.weight_decay_rule)
        rest = setting.weight_decay, repr(sorted(setting.unscaled.items(), key=repr))
        return "graded", *rest, *(rule and rule.name for rule in rules), row.param.trainable, row.optimizer, row.also_in

    return alike


def is_graded(line: Fold) -> bool:
    """Whether the lr goes from one row of a line to the next."""
    first, last = line.rows[0], line.rows[-1]
    return first is not last and _lrs(first.setting) != _lrs(last.setting)


def grading_rules(settings: Iterable[Setting]) -> set[Hashable]:
    """Returns the names of rules that give several lrs; the optimizer's own lr is no rule's."""
    found: dict[Hashable, set[_Lrs]] = defaultdict(set)
    for setting in settings:
        if setting.lr_rule is not None and not setting.lr_rule.is_base:
            found[setting.lr_rule.name].add(_lrs(setting))
    return {name for name, lrs in found.items() if len(lrs) > 1}


def _grading_optimizers(rows: Sequence[ParamAssignment]) -> set[int]:
    """The optimizers that were built with several lrs, of which no rule is known."""
    found: dict[int, set[_Lrs]] = defaultdict(set)
    for row in rows:
        if row.optimizer is not None and row.setting.lr_rule is None:
            found[row.optimizer].add(_lrs(row.setting))
    return {optimizer for optimizer, lrs in found.items() if len(lrs) >= _FEWEST}


def _is_told_by_its_ends(rows: Sequence[ParamAssignment], lrs: LrsAt | None) -> bool:
    """Whether each lr that is shown goes one way from the first row to the last, or stays."""
    own = {setting: _lrs(setting) for setting in {row.setting for row in rows}}
    shown = [(*own[row.setting], *(lrs(row).values() if lrs else ())) for row in rows]
    if len(set(shown)) == 1:
        return True
    return own[rows[0].setting] != own[rows[-1].setting] and all(map(is_monotonous, zip(*shown, strict=True)))


def _lrs(setting: Setting) -> _Lrs:
    return setting.lr, setting.peak_lr
