"""What a schedule of OpenMMLab's counts, and how long its run is: its loops count epochs, iterations, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgaudit.core.schedule import Schedule, Unit
from pgaudit.schedules.base import CannotFollow


@dataclass(frozen=True)
class Loop:
    """What a config says of its training loop."""

    max_epochs: int | None = None
    max_iters: int | None = None

    @property
    def by_iteration(self) -> bool:
        """Whether it makes so many iterations, which are one epoch."""
        return self.max_iters is not None

    @classmethod
    def of(cls, *sections: Any) -> Loop:
        """Returns the loop of the first section that says how long it is."""
        for section in sections:
            if isinstance(section, Mapping):
                found = cls(*(_length(section.get(key)) for key in ("max_epochs", "max_iters")))
                if found != cls():
                    return found
        return cls()


@dataclass(frozen=True)
class Clock:
    """What is counted, and how long the run is in both units, as far as it is known."""

    unit: Unit
    epoch_steps: int | None = None
    max_epochs: int | None = None
    max_iters: int | None = None

    @property
    def run(self) -> int | None:
        """How long the run is in what is counted."""
        return self.max_epochs if self.unit == "epoch" else self.max_iters

    def counted(self, count: int, *, by_epoch: bool) -> int:
        """Returns a number of epochs or of iterations in what is counted."""
        return count * self.epoch_steps if by_epoch and self.unit == "step" and self.epoch_steps else count


def clock(schedule: Schedule, loop: Loop, *, epochs: bool, steps: bool) -> Clock:
    """Returns what a schedule counts: steps where it looks at any, or its loop has no epochs; otherwise epochs.

    Args:
        schedule: has the length of the run and of an epoch, where the user says them.
        loop: what its config says.
        epochs: whether it looks at the number of the epoch.
        steps: whether it looks at the number of the iteration.

    Raises:
        CannotFollow: it looks at both, and nothing says how many steps an epoch has.
    """
    length, run = schedule.epoch_steps, schedule.run
    if loop.by_iteration:
        return Clock("step", length, 1, loop.max_iters if run is None else run)
    if epochs and steps and length is None:
        raise no_epoch_length("it counts epochs and steps")
    if not steps:
        max_epochs = loop.max_epochs if run is None else run
        return Clock("epoch", length, max_epochs, max_epochs * length if max_epochs and length else None)
    if run is not None:
        return Clock("step", length, -(-run // length) if length else None, run)
    max_iters = loop.max_epochs * length if loop.max_epochs is not None and length is not None else None
    return Clock("step", length, loop.max_epochs, max_iters)


def no_epoch_length(why: str) -> CannotFollow:
    """Returns the error about a schedule of which ``why`` says that it needs the length of an epoch."""
    return CannotFollow(f"{why}, and nothing says how many steps an epoch has", "--epoch-steps N says it")


def no_run_length(why: str) -> CannotFollow:
    """Returns the error about a schedule of which ``why`` says that it needs the length of the run."""
    return CannotFollow(f"{why}, and nothing says how long that is", "--steps N says it")


def _length(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else None
