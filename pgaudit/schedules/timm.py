"""timm's schedulers (timm 1.0, timm/scheduler), as ``create_scheduler_v2`` makes them.

``{type: cosine, num_epochs: 300, warmup_epochs: 5, min_lr: 1.0e-5}``: ``type`` is its ``sched``, the rest are
arguments.
They multiply what they compute by each group's ``lr_scale``, and count epochs unless ``step_on_epochs`` is false.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgaudit.core.schedule import Schedule, Unit
from pgaudit.schedules.base import Lrs, ScheduleError, Started

if TYPE_CHECKING:
    from torch.optim import Optimizer

NAME = WITH = "timm"


def start(schedule: Schedule, optimizer: Optimizer) -> Started:
    """See :class:`pgaudit.schedules.base.SchedulerLibrary`."""
    raise ScheduleError("not yet")


def is_by_group(schedule: Schedule) -> bool:
    """timm's schedulers take one value for all groups."""
    return False


def is_of_timm(scheduler: Any) -> bool:
    """Whether a live scheduler is one of timm's."""
    return any(each.__module__.partition(".")[0] == "timm" for each in type(scheduler).__mro__)


def started(scheduler: Any, optimizer: Optimizer) -> Started:
    """Returns a live scheduler of timm's as something to ask for lrs."""
    unit: Unit = "epoch" if scheduler.t_in_epochs else "step"
    return Started(type(scheduler).__name__, TimmStepper(scheduler, optimizer), unit, direct=True)


@dataclass
class TimmStepper:
    """A scheduler of timm's, which computes each lr from the step alone."""

    scheduler: Any
    optimizer: Optimizer
    stopped: str | None = None

    def lrs(self, steps: Sequence[int], tell: Callable[[str], None] | None = None) -> list[Lrs]:
        """See :class:`pgaudit.schedules.base.Stepper`."""
        found: list[Lrs] = []
        for step in steps:
            if step:  # at 0 it is as it was made
                (self.scheduler.step if self.scheduler.t_in_epochs else self.scheduler.step_update)(step)
            found.append([float(group["lr"]) for group in self.optimizer.param_groups])
        return found
