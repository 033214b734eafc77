"""What a scheduler of timm's makes of the lrs at a step, and where it turns (timm 1.0.31, ``timm/scheduler``).

timm computes each lr from the step alone, so that any can be asked straight away. Its training loop calls ``step(k)``
after k epochs, or ``step_update(k)`` after k updates; before the first call the lrs are as the constructor leaves them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgaudit.schedules.base import Lrs, ScheduleError
from pgaudit.text import format_exception

if TYPE_CHECKING:
    from torch.optim import Optimizer

_MOST = 100
"""Of cycles or decays of one kind, so many are turning points."""


@dataclass
class TimmStepper:
    """A scheduler of timm's on an optimizer."""

    scheduler: Any
    optimizer: Optimizer
    title: str
    stopped: str | None = None

    def lrs(self, steps: Sequence[int], tell: Callable[[str], None] | None = None) -> list[Lrs]:
        """See :class:`pgaudit.schedules.base.Stepper`."""
        return [self._at(step) for step in steps]

    def _at(self, step: int) -> Lrs:
        scheduler = self.scheduler
        try:
            if step == 0:
                _as_constructed(scheduler)
            elif is_by_metric(scheduler) and step > scheduler.warmup_t:
                return None
            else:
                (scheduler.step if scheduler.t_in_epochs else scheduler.step_update)(step)
            return _lrs(self.optimizer)
        except (OverflowError, ValueError) as error:  # cycles that become ever shorter come to an end
            self.stopped = format_exception(error)
            return None
        except Exception as error:
            raise ScheduleError(f"{self.title} would raise {format_exception(error)} at {step}") from error


@dataclass
class Untouched:
    """What there is without a scheduler: the optimizer as it is."""

    optimizer: Optimizer

    stopped: str | None = None

    def lrs(self, steps: Sequence[int], tell: Callable[[str], None] | None = None) -> list[Lrs]:
        """See :class:`pgaudit.schedules.base.Stepper`."""
        return [_lrs(self.optimizer) for _ in steps]


def is_by_metric(scheduler: Any) -> bool:
    """Whether a scheduler goes by a metric once its warm-up is over."""
    return any(each.__name__ == "PlateauLRScheduler" for each in type(scheduler).__mro__)


def warm_up_of(scheduler: Any) -> int | None:
    """Returns how many steps a scheduler's warm-up takes; None where it has none."""
    return math.ceil(_number(scheduler, "warmup_t")) or None


def end_of(scheduler: Any) -> int | None:
    """Returns after how many steps a scheduler stays at its ``lr_min``; None for one that has no end."""
    return math.ceil(scheduler.get_cycle_length()) if hasattr(scheduler, "get_cycle_length") else None


def turning_points(scheduler: Any, run: int | None) -> Iterator[int]:
    """Yields the steps at which a scheduler's phases end, in no order.

    Args:
        scheduler: one of timm's.
        run: how long the run is, where anything says it: a step schedule decays as long as that.
    """
    warm_up = warm_up_of(scheduler)
    begin = math.ceil(_number(scheduler, "warmup_t")) if getattr(scheduler, "warmup_prefix", False) else 0
    if warm_up is not None:
        yield warm_up
    yield from _noise(scheduler.noise_range_t)
    decay, length = getattr(scheduler, "decay_t", None), _number(scheduler, "t_initial")
    if hasattr(scheduler, "get_cycle_length"):
        for cycle in range(1, min(max(1, int(_number(scheduler, "cycle_limit"))), _MOST) + 1):
            yield math.ceil(scheduler.get_cycle_length(cycle))
        if isinstance(decay, (int, float)):  # warm-up, a stable phase, and a decay
            yield math.ceil(_number(scheduler, "warmup_t") + length - decay)
    elif isinstance(decay, (list, tuple)):
        yield from (begin + max(math.ceil(milestone) - 1, 0) for milestone in decay[:_MOST])  # it looks at step + 1
    elif isinstance(decay, (int, float)) and decay > 0 and scheduler.decay_rate != 1.0:
        many = 1 if run is None else int((run - begin) / decay)
        yield from (begin + math.ceil(decay * times) for times in range(1, min(many, _MOST) + 1))


def _noise(between: Any) -> Iterator[int]:
    for bound in between if isinstance(between, (list, tuple)) else [between]:
        if isinstance(bound, (int, float)):
            yield math.ceil(bound)


def _number(scheduler: Any, name: str) -> float:
    found = getattr(scheduler, name, 0)
    return found if isinstance(found, (int, float)) else 0


def _as_constructed(scheduler: Any) -> None:
    """What the constructors of all classes do at their end."""
    warms_up = _number(scheduler, "warmup_t")
    scheduler.update_groups(scheduler.warmup_lr_init if warms_up else scheduler.base_values)


def _lrs(optimizer: Optimizer) -> list[float]:
    return [float(group["lr"]) for group in optimizer.param_groups]
