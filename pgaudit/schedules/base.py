"""What a library's schedulers are to the rest: something that is started on an optimizer, and then asked for lrs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pgaudit.core.errors import PgauditError
from pgaudit.core.findings import Hint
from pgaudit.core.schedule import Schedule, Unit
from pgaudit.numbers import number
from pgaudit.text import visible

if TYPE_CHECKING:
    from torch.optim import Optimizer


class ScheduleError(PgauditError):
    """A schedule cannot be made: there is no such class, or it refuses what it is given."""

    def __init__(self, message: str, hint: Hint | None = None, *below: str | int) -> None:
        """Takes a message.

        Args:
            message: what is wrong.
            hint: how to fix it.
            below: the keys, from the schedule's own mapping or list down, at which it stands.
        """
        super().__init__(message, hint)
        self.below = below


class CannotFollow(ScheduleError):
    """Nothing is wrong with a schedule, but something is missing without which its lrs cannot be told: its library, or
    the length of the run or of an epoch.
    """


Lrs = list[float] | None
"""The lrs of all groups in their order; None past a schedule's end, and for what only the training knows."""


class Stepper(Protocol):
    """The schedulers of an optimizer, which can be stepped."""

    @property
    def stopped(self) -> str | None:
        """What they raise past their end, once they have; None while there is an lr."""

    def lrs(self, steps: Sequence[int], tell: Callable[[str], None] | None = None) -> list[Lrs]:
        """Returns the lrs after each of so many steps, which ascend. It is asked once.

        Args:
            steps: ascending.
            tell: is told, before it begins, what will take long.
        """


@dataclass(frozen=True)
class Started:
    """A schedule that was started on an optimizer."""

    title: str
    """For people: the class or name with its arguments."""
    stepper: Stepper
    unit: Unit = "step"
    turning_points: tuple[int, ...] = (0,)
    """Ascending: its begin, the ends of its phases, and its own end."""
    ends: int | None = None
    """After how many steps it has come to its end; None for one without an end."""
    warms_up: int | None = None
    """How many steps its warm-up takes; None for one without."""
    run: int | None = None
    """How long the run is in this unit, where the schedule's own library says it."""
    cycles_momentum: bool = False
    """Whether it sets the momentum of groups, too."""
    direct: bool = False
    """Whether a step far away can be asked straight away."""
    notes: tuple[str, ...] = ()


class SchedulerLibrary(Protocol):
    """A module of this package: the schedulers of one library."""

    NAME: str
    """As :attr:`Schedule.library` has it."""
    WITH: str
    """What has to be installed, as ``pip install`` takes it."""
    PACKAGE: str | None
    """What is imported of it; None where nothing is."""
    READ: Mapping[str, Sequence[str]]
    """The files and folders that decide, by package; none of torch's and timm's, which the memo itself knows."""

    def start(self, schedule: Schedule, optimizer: Optimizer) -> Started:
        """Starts the real schedulers on an optimizer.

        Raises:
            ScheduleError: there is no such class, it refuses its arguments, or it cannot be told from a config.
            ImportError: the library is not installed.
        """

    def is_by_group(self, schedule: Schedule) -> bool:
        """Whether an argument lists a value for each group, so that it needs all groups in their order."""


def whole_step(value: object) -> int | None:
    """Returns the first step at which a number of steps has been made: 3 for 2.5, as a scheduler that compares with it
    goes on at the third; None for what is no such number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        return None
    return math.ceil(value)


def described(name: str, arguments: dict[str, Any]) -> str:
    """Returns a schedule's title: its name, and its plain arguments."""

    def word(value: Any) -> str:
        if isinstance(value, float):
            return number(value)
        return f"[{', '.join(map(word, value))}]" if isinstance(value, (list, tuple)) else visible(value)

    plain = (str, int, float, list, tuple)
    return " ".join(
        [
            visible(name),
            *(f"{visible(key)} {word(value)}" for key, value in arguments.items() if isinstance(value, plain)),
        ]
    )
