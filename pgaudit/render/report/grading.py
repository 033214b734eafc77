"""A staircase of lrs that go from block to block, and the rule that makes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import Provenance
from pgaudit.folds import grading_rules
from pgaudit.render.style import Marks

_STEPS = 12
"""Steps of a staircase at most."""


def staircase(rows: Sequence[ParamAssignment], marks: Marks, *, scheduled: bool) -> str:
    """Returns a bar for each lr of some rows, in their order, as high as it is; for some of many. Where all have the
    same, there are no steps.

    Args:
        rows: whose lrs are drawn.
        marks: the bars.
        scheduled: whether a schedule's full height is shown, which then counts more than the lr.
    """
    courses = [[row.lr or 0.0 for row in rows]]
    if scheduled:
        courses.insert(0, [row.setting.peak_lr or 0.0 for row in rows])
    steps = next((steps for lrs in courses if len(steps := [lr for lr, _ in groupby(lrs)]) > 1), [0.0])
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
    return rule if rule and 2 * count > len(rows) and rule.name in grading_rules(settings) else None
