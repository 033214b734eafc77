"""What live schedulers, or a schedule that is asked about, make of the lrs of built optimizers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pgaudit.built.contents import is_optimizer, tensor_groups
from pgaudit.built.wrappers import wrapped
from pgaudit.core.assignment import Assignment
from pgaudit.core.built import BuiltOptimizer
from pgaudit.core.errors import UsageError
from pgaudit.core.schedule import LrOverTime, OptimizerSchedule, ScheduleRequest
from pgaudit.report import AsBuilt
from pgaudit.schedules.base import ScheduleError
from pgaudit.schedules.live import follow_live
from pgaudit.schedules.of_assignment import follow_schedule, lr_over_time, placed
from pgaudit.text import visible


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
        UsageError: the schedule that is asked about is refused; or that of a trainer cannot be told.
    """

    def follow(optimizer: int) -> OptimizerSchedule | None:
        schedule = around.schedule if request.schedule is None else request.schedule
        if schedule is not None:
            try:
                return follow_schedule(assignment, optimizer, schedule, optimizers[optimizer].defaults, request)
            except ScheduleError as error:
                if not request.asks:
                    return None  # nobody asks for the lrs
                if request.schedule is None:
                    (finding,) = error.findings
                    raise UsageError(f"the trainer's schedule: {finding.message}", finding.hint) from error
                raise placed(error, schedule) from error
        if not around.objects:
            return None
        groups = [group.values for group in optimizers[optimizer].groups]
        return follow_live(around.schedulers, wrapped(around.objects[optimizer]), groups, request)

    return lr_over_time(assignment, follow, request)


def unattached(schedulers: Sequence[Any], optimizers: Sequence[Any]) -> Iterator[str]:
    """Yields a note for each scheduler of an optimizer that is none of these, as where one was built anew after it.

    Args:
        schedulers: the live schedulers.
        optimizers: the live optimizers.
    """
    ours = {id(group) for outer in optimizers for each in wrapped(outer) for group in tensor_groups(each)}
    for scheduler in schedulers:
        its = {id(group) for group in tensor_groups(scheduler.optimizer)} if is_optimizer(scheduler.optimizer) else ()
        if its and ours.isdisjoint(its):
            kind = visible(type(scheduler).__name__)
            yield f"{kind} is attached to an optimizer that is not looked at, and sets the lr of none that is"
