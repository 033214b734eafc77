"""What live schedulers, or a schedule that is asked about, make of the lrs of built optimizers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from pgaudit.core.assignment import Assignment
from pgaudit.core.built import BuiltOptimizer
from pgaudit.core.schedule import LrOverTime, OptimizerSchedule, ScheduleRequest
from pgaudit.report import AsBuilt
from pgaudit.schedules.base import ScheduleError
from pgaudit.schedules.live import attached, follow_live, written_over
from pgaudit.schedules.of_assignment import follow_schedule, lr_over_time, placed


def built_over_time(
    assignment: Assignment, optimizers: Sequence[BuiltOptimizer], around: AsBuilt, request: ScheduleRequest
) -> LrOverTime | None:
    """Returns what becomes of the lrs of built optimizers; None where there is no schedule, and nobody asks.

    Args:
        assignment: what the parameters train with.
        optimizers: as they were read.
        around: holds the optimizers themselves, and their schedulers.
        request: what is asked; its schedule takes the place of those of the code.

    Raises:
        UsageError: the schedule that is asked about is refused.
    """
    notes: list[str] = []

    def follow(optimizer: int) -> OptimizerSchedule | None:
        schedule = request.schedule
        if schedule is not None:
            try:
                return follow_schedule(assignment, optimizer, schedule, optimizers[optimizer].defaults, request)
            except ScheduleError as error:
                raise placed(error, schedule) from error
        if not around.objects:
            return None
        its = attached(around.schedulers, around.objects[optimizer])
        if not its:
            return None
        groups = [group.values for group in optimizers[optimizer].groups]
        if note := written_over(its, groups):
            notes.append(note)
        try:
            return follow_live(its, around.objects[optimizer], groups, request)
        except ScheduleError as error:
            return _unknown(its, len(groups), error.findings[0].message, request)

    found = lr_over_time(assignment, follow, request)
    return found if found is None or not notes else replace(found, notes=(*found.notes, *notes))


def _unknown(schedulers: Sequence[Any], groups: int, why: str, request: ScheduleRequest) -> OptimizerSchedule:
    """Schedulers of which nothing says what they make of the lrs; why that is, is told to those who ask for them."""
    title = " × ".join(type(each).__name__ for each in schedulers)
    steps = tuple(sorted({0, *request.steps}))
    lrs: dict[Hashable, tuple[float | None, ...]] = dict.fromkeys(range(groups), (None,) * len(steps))
    return OptimizerSchedule(title, "step", steps, (0,), lrs, by_group=True, notes=(why,) if request.steps else ())
