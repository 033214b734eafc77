"""Rows whose lr alone goes from block to block, as layer decay makes it, under one name and with a staircase: by a rule
of a policy, or in the groups of what was built.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import groupby, pairwise

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import Provenance, Setting
from pgaudit.names import fold_named
from pgaudit.render.select import Fold, fold, likeness
from pgaudit.render.style import Marks
from pgaudit.report import Report

_STEPS = 12
"""Steps of a staircase at most."""
_FEWEST = 3
"""Lrs of groups from which on they may be layer decay; two are a backbone's and a head's."""
_Lrs = tuple["float | None", "float | None"]
"""A setting's lr, and that of the schedule's full height."""


def graded(report: Report, rows: Sequence[ParamAssignment]) -> list[Fold]:
    """Returns rows under one name that are alike, also where one rule, or one optimizer, gives each block a lr of its
    own, which rises or falls along the model.
    """
    lrs = report.lrs_at if report.at else None
    alike = likeness_of(report, rows)
    places = {id(row): place for place, row in enumerate(rows)}
    found: list[Fold] = []
    for each in fold_named(((row.name, alike(row), row.param.module_type, row) for row in rows), report.taken):
        found += [each] if _is_monotonous(each.rows) else fold(each.rows, report.taken, lrs)
    return sorted(found, key=lambda each: places[id(each.rows[0])])


def likeness_of(report: Report, rows: Sequence[ParamAssignment]) -> Callable[[ParamAssignment], Hashable]:
    """Returns what tells whether rows are alike, but for the lr where one rule, or one optimizer, gives several of them
    their own.
    """
    lrs = report.lrs_at if report.at else None
    grading, built = _grading_rules({row.setting for row in rows}), _grading_optimizers(rows)

    def alike(row: ParamAssignment) -> tuple[Hashable, ...]:
        setting = row.setting
        if row.optimizer not in built if setting.lr_rule is None else setting.lr_rule.name not in grading:
            return likeness(row, lrs)
        rules = (setting.lr_rule, setting.weight_decay_rule)
        rest = setting.weight_decay, repr(sorted(setting.unscaled.items(), key=repr))
        return "graded", *rest, *(rule and rule.name for rule in rules), row.param.trainable, row.optimizer

    return alike


def is_graded(line: Fold) -> bool:
    """Whether the lr goes from one row of a line to the next."""
    first, last = line.rows[0], line.rows[-1]
    return first is not last and _lrs(first.setting) != _lrs(last.setting)


def staircase(rows: Sequence[ParamAssignment], marks: Marks) -> str:
    """Returns a bar for each lr of some rows, in their order, as high as it is; for some of many."""
    lrs = [row.setting.peak_lr or 0.0 for row in rows]
    if len(set(lrs)) == 1:
        lrs = [row.lr or 0.0 for row in rows]
    steps = [lr for lr, _ in groupby(lrs)]
    if len(steps) > _STEPS:
        steps = [steps[round(at * (len(steps) - 1) / (_STEPS - 1))] for at in range(_STEPS)]
    top, last = max(map(abs, steps)), len(marks.bars) - 1
    return "".join(marks.bars[min(round(abs(lr) / top * last), last)] for lr in steps) if top else ""


def usual_rule(rows: Sequence[ParamAssignment]) -> Provenance | None:
    """Returns the rule that gives most of some rows their lrs, and several of them: it needs to be named but once."""
    settings = Counter(row.setting for row in rows)
    counts: Counter[Provenance | None] = Counter()
    for setting, several in settings.items():
        counts[setting.lr_rule] += several
    rule, count = counts.most_common(1)[0] if counts else (None, 0)
    return rule if rule and 2 * count > len(rows) and rule.name in _grading_rules(settings) else None


def _grading_rules(settings: Iterable[Setting]) -> set[Hashable]:
    """The names of rules that give several lrs; the optimizer's own lr is no rule's."""
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


def _is_monotonous(rows: Sequence[ParamAssignment]) -> bool:
    peaks = [row.setting.peak_lr for row in rows]
    lrs = [lr for lr in peaks if lr is not None]
    if len(lrs) < len(peaks):
        return len(set(peaks)) == 1
    return all(a <= b for a, b in pairwise(lrs)) or all(a >= b for a, b in pairwise(lrs))


def _lrs(setting: Setting) -> _Lrs:
    return setting.lr, setting.peak_lr
