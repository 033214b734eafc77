"""An absolute floor that lifts small lrs, or keeps them up.

What: the schedule ends at, or goes through, an absolute value (`eta_min`, `min_lr`, `warmup_lr_init`), and for some
parameters that is more than the lr that they start from; or it is still a quarter of that, and another group goes down
to half of that share or less. It is told from the lrs themselves, not from the schedule's arguments. A floor far below
every lr, such as 1e-6 beside 1e-3 and 1e-4, says nothing, though at the very end it makes all lrs equal; nor does the
begin of a warm-up below the lr.

Why it hurts: the smallest lrs, which were made small on purpose, do not fall while the others do, or they even rise.
A backbone at a tenth of the lr ends at the same lr as the head, and one that was frozen by lr 0 begins to train.

Example: ``CosineAnnealingLR`` with ``eta_min: 1.0e-5``, and layer decay whose first layers start from 1e-6: they end at
ten times their lr. Published: mmengine issue 1612.

How to fix it: lower the floor until it is small beside the smallest lr, or use one that is relative to each group's own
lr (mmengine's `eta_min_ratio`, transformers' `min_lr_rate`, detectron2's and DeepSpeed's ratios).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.schedules import (
    TOLERANCE,
    Course,
    Followed,
    Verdict,
    distinct,
    flattens,
    members,
    numbers,
    of_built,
    of_policy,
    same,
)
from pgaudit.core.findings import Finding
from pgaudit.numbers import number

KIND = Kind("PG028", "schedule-floor", "warning")
KEPT = 0.25
"""The share of its own lr from which on a group counts as kept up by a floor."""
APART = 2.0
"""How many times as much another group must have come down."""


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding where the config's schedule lifts small lrs, or keeps them up."""
    yield from of_policy(audited, KIND, judged)


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding where live schedulers do."""
    yield from of_built(audit, KIND, judged)


def judged(followed: Followed) -> Iterator[Verdict]:
    """Yields what a schedule's floor does, at the step at which it does most; nothing where it makes all lrs one, which
    is PG027.
    """
    if flattens(followed):
        return
    steps = [step for step in followed.schedule.steps if _at(followed, step)]
    if not steps:
        return
    turns = [step for step in steps if step in followed.schedule.turning_points]
    worst = max(turns or steps, key=lambda step: (_spread(followed, step), step))
    lifted = _at(followed, worst)
    above = [each for each in lifted if _kept(followed, each, worst) > 1 + TOLERANCE]
    shown = above or lifted
    found, least = members(shown), min(shown, key=lambda each: each.base)
    lrs = numbers(each.lrs[worst] or 0.0 for each in shown)
    start = numbers(_start(followed, each) for each in shown)
    what = followed.amount(found)
    if above:
        message = f"{followed.title} lifts {what} above the lr that they start from: from {start} to {lrs}"
    else:
        message = f"{followed.title} keeps {what} up, at {lrs} of {start}, while other lrs come down by far more"
    hint = f"an absolute floor: it has to be small beside {number(least.base)}, or relative to each group's lr"
    if not least.base:
        hint = "an absolute floor moves what is at lr 0: freeze it in the model"
    yield Verdict(f"{message}, {followed.after(worst)}", hint, followed.key, found)


def _spread(followed: Followed, step: int) -> float:
    """By how much the ratio of two lrs has changed."""
    kept = [_kept(followed, each, step) for each in followed.courses if each.lrs[step]]
    return max(kept) / min(kept)


def _at(followed: Followed, step: int) -> list[Course]:
    """The courses that a floor keeps up at a step."""
    shared = [each for each in followed.courses if each.lrs[step]]
    if followed.schedule.by_group:  # differences may be meant, unless lrs that were different have become one
        shared = _made_equal(followed, shared, step)
    if not shared:
        return []
    if len(distinct(each.base for each in shared)) == 1:
        ends = step == followed.schedule.ends
        return [each for each in shared if ends and _kept(followed, each, step) > 1 + TOLERANCE]
    kept = [_kept(followed, each, step) for each in shared]
    least = min(kept)
    if least > max(kept) / APART:
        return []
    above = [each for each, share in zip(shared, kept, strict=True) if share > 1 + TOLERANCE and least < share]
    if above or step <= (followed.schedule.warms_up or 0):
        return above
    return [each for each, share in zip(shared, kept, strict=True) if share >= KEPT and share >= APART * least]


def _made_equal(followed: Followed, courses: list[Course], step: int) -> list[Course]:
    """The courses that have one value, from different lrs; of several such, those at the lowest."""
    values = {id(each): _value(followed, each, step) for each in courses}
    for value in distinct(values.values()):
        alike = [each for each in courses if same(values[id(each)], value)]
        if len(distinct(each.base for each in alike)) > 1:
            return alike
    return courses if len(distinct(each.base for each in courses)) == 1 else []


def _start(followed: Followed, course: Course) -> float:
    return course.base * course.scale(*followed.schedule.read)


def _value(followed: Followed, course: Course, step: int) -> float:
    """The lr at a step, before it is multiplied by what the group holds for that."""
    scale = course.scale(*followed.schedule.read)
    return (course.lrs[step] or 0.0) / scale if scale else 0.0


def _kept(followed: Followed, course: Course, step: int) -> float:
    value = _value(followed, course, step)
    return value / course.base if course.base else inf if value else 0.0
