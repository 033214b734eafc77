"""Live schedulers → what they make of the lrs: copies of them are stepped on a stand-in of their optimizer.

The user's own schedulers and optimizer are neither stepped nor changed.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from pgaudit.core.schedule import OptimizerSchedule, ScheduleRequest
from pgaudit.schedules import timm as of_timm
from pgaudit.schedules import torch as of_torch
from pgaudit.schedules import transformers as of_transformers
from pgaudit.schedules.base import ScheduleError, Started
from pgaudit.schedules.follow import answered, as_schedule, silent, stand_in_optimizer
from pgaudit.schedules.replay import Replay, only_training_knows
from pgaudit.text import counted, format_exception, visible
from pgaudit.user_code import suppress_output

_OVERWRITES = ("OneCycleLR", "CyclicLR")
"""Classes that write their own lrs over those of the groups when they are made, ``initial_lr`` included."""
_LAYERWISE = "LayerWiseDummyScheduler"
"""What transformers has in place of one scheduler for each parameter, which hooks step."""


def follow_live(
    schedulers: Sequence[Any], optimizers: Sequence[Any], groups: Sequence[Mapping[str, Any]], request: ScheduleRequest
) -> OptimizerSchedule | None:
    """Returns what schedulers make of the lrs of their optimizer's groups; None where none sets them.

    Where they cannot be copied, or raise when they are stepped, the lrs are not known, and a note says why.

    Args:
        schedulers: all that there are; those of this optimizer are each stepped once a step.
        optimizers: the optimizer, and those inside it.
        groups: what its groups hold, without their parameters.
        request: what is asked.
    """
    its = [each for each in map(_inside, schedulers) if _is_of(each, optimizers)]
    if not its:
        return None
    names = " × ".join(visible(type(each).__name__) for each in its)

    def start(held: Sequence[Mapping[str, Any]]) -> Started:
        return _started(*_copied(its, optimizers, held))

    try:
        if any(each.__name__ == _LAYERWISE for each in type(its[0]).__mro__):
            return _unknown(names, "each parameter has an optimizer and a scheduler of its own", groups, request)
        with suppress_output(), silent():
            known = answered(start, groups, request, request.run)
    except Exception as error:  # the user's own code is copied and stepped
        why = error.findings[0].message if isinstance(error, ScheduleError) else format_exception(error)
        return _unknown(names, why, groups, request)
    notes = [_written_over(its, groups), _made_before(its, request)]
    known["notes"] = (*known["notes"], *filter(None, notes))
    return as_schedule(known, range(len(groups)), by_group=True)


def _made_before(schedulers: Sequence[Any], request: ScheduleRequest) -> str | None:
    """Returns a note where a lr is asked for that schedulers have left behind."""
    made = max(map(_steps_made, schedulers))
    if of_timm.is_of_timm(schedulers[0]) or not any(step < made for step in request.steps):
        return None
    return f"{counted(made, 'step')} of {of_torch.title_of(schedulers[0])} have been made; the lr before is not known"


def _written_over(schedulers: Sequence[Any], groups: Sequence[Mapping[str, Any]]) -> str | None:
    """Returns a note where a schedule has set one lr for groups that now differ in nothing: what lrs they had before it
    was made, nobody knows any more. None where there are no such groups.
    """
    names = [type(each).__name__ for scheduler in schedulers for each in of_torch.parts_of(scheduler)]
    name = next((each for each in names if each in _OVERWRITES), None)
    held = [repr(sorted(group.items(), key=lambda item: str(item[0]))) for group in groups]
    if name is None or len(set(held)) == len(held):
        return None
    return f"{name} has set one lr for groups that differ in nothing now; what lrs they had before is not known"


def _unknown(title: str, why: str, groups: Sequence[Mapping[str, Any]], request: ScheduleRequest) -> OptimizerSchedule:
    """A schedule of which nothing can be told."""
    steps = tuple(sorted({0, *request.steps}))
    lrs: dict[Hashable, tuple[float | None, ...]] = dict.fromkeys(range(len(groups)), (None,) * len(steps))
    return OptimizerSchedule(
        title, "step", steps, (0,), lrs, by_group=True, notes=(f"the lrs of {title} are not known: {why}",)
    )


def _inside(scheduler: Any) -> Any:
    """accelerate's AcceleratedScheduler has the real one inside."""
    while hasattr(scheduler, "scheduler") and hasattr(scheduler, "step_with_optimizer"):
        scheduler = scheduler.scheduler
    return scheduler


def _is_of(scheduler: Any, optimizers: Sequence[Any]) -> bool:
    its = getattr(scheduler, "optimizer", None)
    while its is not None and all(its is not each for each in optimizers):
        its = getattr(its, "optimizer", None)
    return its is not None


def _copied(
    schedulers: Sequence[Any], optimizers: Sequence[Any], held: Sequence[Mapping[str, Any]]
) -> tuple[list[Any], Any]:
    """Copies of the schedulers on a stand-in of their optimizer."""
    stand_in = stand_in_optimizer(held, getattr(optimizers[-1], "defaults", {}))
    known = {id(each): stand_in for each in (*optimizers, *(scheduler.optimizer for scheduler in schedulers))}
    return [copy.deepcopy(each, known) for each in schedulers], stand_in


def _started(copies: list[Any], optimizer: Any) -> Started:
    first, *others = copies
    if of_timm.is_of_timm(first) and not others:
        return of_timm.started(first, optimizer)
    title = " × ".join(map(_title, copies))
    made = max(0, *(_steps_made(each) for each in copies))
    if not all(map(_steps_alone, copies)):
        note = f"{title} is stepped with a value that only the training knows, such as a metric"
        return Started(title, Replay(optimizer, only_training_knows, title=title, made=made), notes=(note,))
    jump = None if others or made else of_torch.jumper(first)
    finite = any(map(of_torch.has_end, copies))
    replay = Replay(optimizer, lambda: [each.step() for each in copies], jump, title, made, has_end=finite)
    cycles = any(map(of_torch.cycles_momentum, copies))
    if others:
        return Started(title, replay, cycles_momentum=cycles)
    points, ends, warms_up = _phases(first)
    return Started(title, replay, "step", points, ends, warms_up, cycles_momentum=cycles, direct=jump is not None)


def _title(scheduler: Any) -> str:
    return of_transformers.title_of(scheduler) or of_torch.title_of(scheduler)


def _phases(scheduler: Any) -> tuple[tuple[int, ...], int | None, int | None]:
    """Where a scheduler turns, its end, and how long its warm-up takes."""
    arguments = of_transformers.arguments_of(scheduler)
    if arguments is None:
        points = tuple(sorted({0, *of_torch.turning_points(scheduler)}))
        return points, of_torch.end_of(scheduler), of_torch.warm_up_of(scheduler)
    points = tuple(sorted({0, *of_transformers.turning_points(arguments)}))
    return points, of_transformers.end_of(arguments), of_transformers.warm_up_of(arguments)


def _steps_made(scheduler: Any) -> int:
    made = getattr(scheduler, "last_epoch", getattr(scheduler, "last_step", None))  # torch's word, and mmengine's
    if made is None:  # torch's ChainedScheduler does not count
        return max((_steps_made(each) for each in getattr(scheduler, "_schedulers", ())), default=0)
    return made if isinstance(made, int) else 0


def _steps_alone(scheduler: Any) -> bool:
    """Whether a step needs nothing that only the training knows."""
    try:
        inspect.signature(scheduler.step).bind()
    except (TypeError, ValueError):
        return False
    return True
