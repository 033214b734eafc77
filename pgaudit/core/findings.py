"""What is wrong or doubtful, and how grave it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from pgaudit.core.location import Location
from pgaudit.text import visible

Severity = Literal["info", "warning", "error"]
Threshold = Literal[Severity, "never"]
"""From which severity on findings fail; ``never`` for none."""
THRESHOLDS: tuple[Threshold, ...] = get_args(Threshold)
"""The one order of severities: the gravest last, and then what none of them reaches."""
SEVERITIES: tuple[Severity, ...] = get_args(Severity)[::-1]
"""The gravest first."""

NOT_CHECKED = "not-checked"
"""The code of what an error carries: something cannot be read, built or told."""


def gravity(of: Threshold | None) -> int:
    """Returns what orders severities, the gravest last; None comes before all of them."""
    return -1 if of is None else THRESHOLDS.index(of)


def at_least(severity: Severity | None, threshold: Threshold) -> bool:
    """Returns whether a severity, if there is one, reaches a threshold."""
    return gravity(severity) >= gravity(threshold)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or probably not what its author meant."""

    code: str
    """``PG001`` and so on; ``expect-rules``, ``lock`` and the like for what was agreed otherwise; or NOT_CHECKED."""
    name: str
    severity: Severity
    message: str
    hint: str | None = None
    location: Location | None = None
    """None for what was not read from a file."""
    params: tuple[str, ...] = ()
    """All parameters that it is about, where it is about any."""
    key: str | None = None
    """What it is about in the config's own words: a custom key, a pattern, or an option."""
    keys: tuple[str, ...] = ()
    """Further words of the config that it is about: rules that have no effect for the same cause."""
    example: tuple[str, ...] = ()
    """Lines of code that the hint speaks of."""

    @classmethod
    def error(
        cls, message: str, location: Location | None = None, hint: str | None = None, example: Sequence[str] = ()
    ) -> Finding:
        """Returns what an error carries: what is wrong, where it is wrong, and how to fix it."""
        return cls(NOT_CHECKED, "error", "error", message, hint, location, example=tuple(example))

    @property
    def stops(self) -> bool:
        """Whether it keeps an audit from being made."""
        return self.code == NOT_CHECKED

    @property
    def param(self) -> str | None:
        """The one parameter that it is about; None where there are several, or none."""
        return self.params[0] if len(self.params) == 1 else None

    @property
    def title(self) -> str:
        """Its code and name, as they stand before its message."""
        return self.name if self.stops else f"{self.code} {self.name}"

    @property
    def sentence(self) -> str:
        """Where it is wrong, what, and what to do about it, as an exception says it."""
        text = f"{self.location}: {self.message}" if self.location else self.message
        return f"{text} ({self.hint})" if self.hint else text

    def __repr__(self) -> str:
        where = f" {self.location}" if self.location else ""
        return f"<Finding {visible(f'{self.code} {self.name} [{self.severity}]{where}')}: {visible(self.message)}>"
