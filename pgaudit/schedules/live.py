"""Live schedulers → what they make of the lrs: copies of them are stepped on a stand-in of their optimizer.

The user's own scheduler and optimizer are never stepped.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from pgaudit.core.schedule import OptimizerSchedule, ScheduleRequest
from pgaudit.schedules import timm as of_timm
from pgaudit.schedules import torch as of_torch
from pgaudit.schedules.base import ScheduleError, Started
from pgaudit.schedules.follow import answered, as_schedule, silent, stand_in_optimizer
from pgaudit.schedules.replay import Replay
from pgaudit.text import format_exception


def attached(schedulers: Sequence[Any], optimizer: Any) -> list[Any]:
    """Returns the schedulers that set the lrs of an optimizer, without what wraps them."""
    found = [_inside(each) for each in schedulers]
    return [each for each in found if _is_of(each, optimizer)]


def follow_live(
    schedulers: Sequence[Any], optimizer: Any, groups: Sequence[Mapping[str, Any]], request: ScheduleRequest
) -> OptimizerSchedule:
    """Returns what schedulers make of the lrs of their optimizer's groups.

    Args:
        schedulers: all that set its lrs; each is stepped once a step.
        optimizer: theirs.
        groups: what its groups hold, without their parameters.
        request: what is asked.

    Raises:
        ScheduleError: they cannot be copied, or raise when they are stepped.
    """

    def start(held: Sequence[Mapping[str, Any]]) -> Started:
        with silent():
            return _started(*_copied(schedulers, optimizer, held))

    known = answered(start, groups, request, request.run)
    return as_schedule(known, range(len(groups)), by_group=True)


def _inside(scheduler: Any) -> Any:
    """accelerate's AcceleratedScheduler has the real one inside."""
    while hasattr(scheduler, "scheduler") and hasattr(scheduler, "step_with_optimizer"):
        scheduler = scheduler.scheduler
    return scheduler


def _is_of(scheduler: Any, optimizer: Any) -> bool:
    its = getattr(scheduler, "optimizer", None)
    while its is not None and its is not optimizer:
        its = getattr(its, "optimizer", None)
    return its is not None


def _copied(schedulers: Sequence[Any], optimizer: Any, held: Sequence[Mapping[str, Any]]) -> tuple[list[Any], Any]:
    """Copies of the schedulers on a stand-in of their optimizer."""
    stand_in = stand_in_optimizer(held, getattr(optimizer, "defaults", {}))
    known = {id(optimizer): stand_in, **{id(each.optimizer): stand_in for each in schedulers}}
    try:
        return [copy.deepcopy(each, known) for each in schedulers], stand_in
    except Exception as error:
        name = type(schedulers[0]).__name__
        raise ScheduleError(f"{name} cannot be copied, so its lrs are not known: {format_exception(error)}") from error


def _started(copies: list[Any], optimizer: Any) -> Started:
    first, *others = copies
    if of_timm.is_of_timm(first) and not others:
        return of_timm.started(first, optimizer)
    title = " × ".join(map(of_torch.title_of, copies))
    made = max(int(getattr(first, "last_epoch", 0)), 0)
    points = sorted({0, *of_torch.turning_points(first)}) if not others else [0]
    jump = None if others or made else of_torch.jumper(first)
    replay = Replay(optimizer, lambda: [each.step() for each in copies], jump, title, made)
    ends, warms_up = (None, None) if others else (of_torch.end_of(first), of_torch.warm_up_of(first))
    return Started(title, replay, "step", tuple(points), ends, warms_up, direct=jump is not None)
