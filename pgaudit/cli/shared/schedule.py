"""What the options about the lr over time ask: ``--at``, ``--scheduler``, ``--steps``, ``--epoch-steps``, ``--plot``
and ``--product``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pgaudit.core.errors import UsageError
from pgaudit.core.schedule import NO_REQUEST, STEP_DIGITS, ScheduleRequest
from pgaudit.text import visible


@dataclass(frozen=True)
class TimeOptions:
    """The options as they were typed."""

    at: str | None = None
    scheduler: str | None = None
    run: int | None = None
    epoch_steps: int | None = None
    otherwise: ScheduleRequest = NO_REQUEST
    """What holds where an option is not given."""
    checks: bool = False
    """Whether findings are wanted above all."""
    plot: bool = False
    sketch: bool = False
    """Whether a picture is wanted that costs next to nothing."""
    product: bool = False

    def request(self, source: object, tell: Callable[[str], None] | None = None) -> ScheduleRequest:
        """Returns what the options ask of a source.

        Args:
            source: a config decides whose scheduler a name in lower case is.
            tell: is told, before it begins, what will take long.

        Raises:
            UsageError: an option makes no sense.
            ConfigError: the schedule is no valid YAML.
        """
        if self == TimeOptions():
            return NO_REQUEST
        schedule = None
        if self.scheduler is not None:
            from pgaudit.config.schedules import schedule_option

            schedule = schedule_option(self.scheduler, source)
        steps = () if self.at is None else steps_in(self.at)
        request = ScheduleRequest(
            steps,
            schedule,
            self.run,
            self.epoch_steps,
            checks=self.checks,
            plot=self.plot,
            sketch=self.sketch,
            product=self.product,
            tell=tell,
        )
        return request.or_else(self.otherwise)


def steps_in(text: str) -> tuple[int, ...]:
    """Returns the steps of ``--at 0,100,1_000``, ascending.

    Raises:
        UsageError: it holds something else.
    """
    words = [word.strip().replace("_", "") for word in text.split(",")]
    wrong = next(
        (word for word in words if not (word.isascii() and word.isdecimal() and len(word) <= STEP_DIGITS)), None
    )
    if wrong is not None:
        raise UsageError(f"--at {visible(text)}: {visible(wrong) or 'nothing'} is no step", "for example --at 0,100")
    return tuple(sorted({int(word) for word in words}))
