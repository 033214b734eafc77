"""The exception tree. Every error that a user can cause is one of these; the command line maps each to exit code 2.

PgauditError
├── UsageError       an argument makes no sense
├── ConfigError      the config file, or what it asks of the library; carries all problems of a file
└── ModelError       the model reference cannot be turned into an inventory
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgaudit.core.location import Location


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where it is wrong, and how to mend it."""

    message: str
    location: Location | None = None
    """None for what was not read from a file."""
    hint: str | None = None
    example: tuple[str, ...] = ()
    """Lines of code that the hint speaks of."""

    def __str__(self) -> str:
        text = f"{self.location}: {self.message}" if self.location else self.message
        return f"{text} ({self.hint})" if self.hint else text


class PgauditError(Exception):
    """The base of every error that pgaudit raises on purpose."""

    def __init__(
        self,
        problems: str | Sequence[Problem],
        hint: str | None = None,
        location: Location | None = None,
        *,
        example: Sequence[str] = (),
    ) -> None:
        """Takes all that is wrong, or one message with what belongs to it.

        Args:
            problems: a message, or all that is wrong.
            hint: how to mend it.
            location: where it is wrong.
            example: lines of code that the hint speaks of.
        """
        if isinstance(problems, str):
            problems = [Problem(problems, location, hint, tuple(example))]
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(PgauditError):
    """An argument or option makes no sense."""


class ConfigError(PgauditError):
    """The config cannot be read, or the real library would refuse it."""


class ModelError(PgauditError):
    """The model reference cannot be turned into an inventory."""
