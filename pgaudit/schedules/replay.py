"""Steps schedulers one by one, as a training run does, or straight to a step where a class can be asked for that."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pgaudit.schedules.base import Lrs, ScheduleError
from pgaudit.text import format_exception

if TYPE_CHECKING:
    from torch.optim import Optimizer

ONE_BY_ONE = 2_000
"""So many steps are always made one by one, which is exact to the last bit: a class may compute each lr from the last
one, and another one from the first.
"""
_SECONDS = 2.0
"""From which it is worth a word."""


def only_training_knows() -> None:
    """The step of a scheduler that goes by a metric: its lrs are not known."""
    raise _OnlyTrainingKnows


class _OnlyTrainingKnows(Exception):
    pass


@dataclass
class Replay:
    """Schedulers on an optimizer, at the begin."""

    optimizer: Optimizer
    step: Callable[[], object]
    """Makes a step. It raises ValueError past the schedule's end, as torch's classes do."""
    jump: Callable[[int], object] | None = None
    """Goes to a step straight away; None for a class that computes each lr from the last one."""
    title: str = "the schedule"
    made: int = 0
    """How many steps have been made before; what was then is not known any more."""
    has_end: bool = True
    """Whether a ValueError means that it is past its end, as that of torch's OneCycleLR does."""
    stopped: str | None = None
    """What the schedule raises past its end, once it has."""

    def lrs(self, steps: Sequence[int], tell: Callable[[str], None] | None = None) -> list[Lrs]:
        """See :class:`pgaudit.schedules.base.Stepper`.

        Raises:
            ScheduleError: a step raises, as it would in the training.
        """
        wanted = len(steps)
        found: list[Lrs] = [None for step in steps if step < self.made]
        steps = steps[len(found) :]
        near = [step for step in steps if self.jump is None or step <= ONE_BY_ONE]
        try:
            self._one_by_one(near, tell, found)
            for step in steps[len(near) :]:
                assert self.jump is not None
                self._make(partial(self.jump, step), step)
                found.append(self._now())
        except _OnlyTrainingKnows:
            pass
        except ValueError as error:  # past the end: torch's OneCycleLR
            self.stopped = format_exception(error)
        return found + [None] * (wanted - len(found))

    def _one_by_one(self, steps: Sequence[int], tell: Callable[[str], None] | None, found: list[Lrs]) -> None:
        made, begin = self.made, time.perf_counter()
        for wanted in steps:
            while made < wanted:
                made += 1
                self._make(self.step, made)
                if made - self.made == ONE_BY_ONE and tell is not None:
                    self._warn((time.perf_counter() - begin) / (made - self.made) * (steps[-1] - made), steps[-1], tell)
            found.append(self._now())

    def _make(self, step: Callable[[], object], number: int) -> None:
        try:
            step()
        except _OnlyTrainingKnows:
            raise
        except Exception as error:
            if self.has_end and isinstance(error, ValueError):
                raise
            raise ScheduleError(f"{self.title} would raise {format_exception(error)} at step {number}") from error

    def _warn(self, seconds: float, steps: int, tell: Callable[[str], None]) -> None:
        if seconds > _SECONDS:
            took = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
            tell(f"{self.title} computes each lr from the one before: {steps:,} steps one by one take about {took}")

    def _now(self) -> list[float]:
        return [float(group["lr"]) for group in self.optimizer.param_groups]
