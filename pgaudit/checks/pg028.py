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
from pgaudit.checks.lrs import TOLERANCE, distinct, same
from pgaudit.checks.pg027 import flattens
from pgaudit.checks.schedules import Course, Followed, Verdict, members, of_built, of_policy
from pgaudit.core.findings import Finding
from pgaudit.numbers import number

KIND = Kind("PG028", "schedule-floor", "warning")
KEPT = 0.25
"""The share of its own lr from which on a group counts as kept up by a floor. Among the 207 configs of mmpretrain 1.2,
mmdet 3.3, mmseg 1.2 and mmpose 1.3 whose parameters start from different lrs, that is so in 5 (4 schedules); from 0.1
on it would be in 10, of which most are the usual 1e-6 or 1e-4 beside a small lr, and from 0.5 on in 4.
"""
APART = 2.0
"""How many times as much another group must have come down."""


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding where the config's schedule lifts small lrs, or keeps them up."""
    yield from of_policy(audited, KIND, judged)


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding where live schedulers do."""
    yield from of_built(audit, KIND, judged)


def judged(followed: Followed) -> Iterator[Verdict]:
    """Yields what a schedule's floor does, at the turning point at which it does most; nothing where it makes all lrs
    one, which is PG027.
    """
    steps = [] if flattens(followed) else [step for step in followed.schedule.steps if _held_up(followed, step)]
    if not steps:
        return
    turns = [step for step in steps if step in followed.schedule.turning_points]
    worst = max(turns or steps, key=lambda step: (_spread(followed, step), step))
    held_up = _held_up(followed, worst)
    above = [each for each in held_up if _kept(followed, each, worst) > 1 + TOLERANCE]
    found = members(above or held_up)
    furthest = max(held_up, key=lambda each: (_kept(followed, each, worst), -each.base))
    start, lr = number(furthest.base * furthest.scale(*followed.schedule.read)), number(furthest.lrs[worst])
    what, after = followed.amount(found), followed.after(worst)
    if above:
        message = f"{followed.title} lifts {what} above the lr that they start from, {after} ({start} becomes {lr})"
    else:
        least = min(_kept(followed, each, worst) for each in followed.courses if each.lrs[worst])
        message = (
            f"{followed.title} keeps {what} at {number(KEPT)} of the lr that they start from, or more, {after} "
            f"({lr} of {start}), while others come down to {number(float(f'{least:.2g}'))} of theirs"
        )
    hint = f"the floor is absolute: make it small beside {start}, or relative to each group's own lr"
    if not furthest.base:
        hint = "an absolute floor moves what is at lr 0: freeze it in the model"
    yield Verdict(message, hint, followed.key, found)


def _spread(followed: Followed, step: int) -> float:
    """By how much the ratio of two lrs has changed."""
    kept = [_kept(followed, each, step) for each in followed.courses if each.lrs[step]]
    return max(kept) / min(kept)


def _held_up(followed: Followed, step: int) -> list[Course]:
    """The courses that a floor lifts or keeps up at a step."""
    courses = [each for each in followed.courses if each.lrs[step]]
    if followed.schedule.by_group:  # differences may be meant, unless lrs that were different have become one
        courses = _made_equal(followed, courses, step)
    kept = {id(each): _kept(followed, each, step) for each in courses}
    above = [each for each in courses if kept[id(each)] > 1 + TOLERANCE]
    if len(distinct(each.base for each in courses)) < 2:
        return above if step == followed.schedule.ends else []
    least = min(kept.values())
    if least * APART > max(kept.values()):
        return []
    if above or step <= (followed.schedule.warms_up or 0):
        return above
    return [each for each in courses if kept[id(each)] >= max(KEPT, APART * least)]


def _made_equal(followed: Followed, courses: list[Course], step: int) -> list[Course]:
    """The courses that have one value, from different lrs; of several such, those at the lowest."""
    values = {id(each): _value(followed, each, step) for each in courses}
    for value in distinct(values.values()):
        alike = [each for each in courses if same(values[id(each)], value)]
        if len(distinct(each.base for each in alike)) > 1:
            return alike
    return courses if len(distinct(each.base for each in courses)) == 1 else []


def _value(followed: Followed, course: Course, step: int) -> float:
    """The lr at a step, before it is multiplied by what the group holds for that."""
    scale = course.scale(*followed.schedule.read)
    return (course.lrs[step] or 0.0) / scale if scale else 0.0


def _kept(followed: Followed, course: Course, step: int) -> float:
    value = _value(followed, course, step)
    return value / course.base if course.base else inf if value else 0.0
