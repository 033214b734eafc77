"""The exception tree. Every error that a user can cause is one of these; the command line maps each to exit code 2.

PgauditError
├── UsageError       an argument makes no sense
├── ConfigError      the config file, or what it asks of the library; carries all problems of a file
└── ModelError       the model reference cannot be turned into an inventory
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgaudit.core.location import Position, place


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where it is wrong, and how to mend it."""

    message: str
    path: str | None = None
    """The config file, as the user named it; None for a config that was given as a mapping."""
    position: Position | None = None
    hint: str | None = None
    example: tuple[str, ...] = ()
    """Lines of code that the hint speaks of."""

    def __str__(self) -> str:
        where = place(self.path, self.position)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} ({self.hint})" if self.hint else text


class PgauditError(Exception):
    """The base of every error that pgaudit raises on purpose."""

    def __init__(self, problems: str | Problem | Sequence[Problem], hint: str | None = None) -> None:
        if isinstance(problems, str):
            problems = Problem(problems, hint=hint)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(PgauditError):
    """An argument or option makes no sense."""


class ConfigError(PgauditError):
    """The config cannot be read, or the real library would refuse it."""


class ModelError(PgauditError):
    """The model reference cannot be turned into an inventory."""
