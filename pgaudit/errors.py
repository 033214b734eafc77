"""The exception tree. Every error that a user can cause is one of these; the command line maps each to exit code 2.

PgauditError
├── UsageError       an argument makes no sense
├── ConfigError      the config file, or what it asks of the library; carries all problems of a file
└── ModelError       the model reference cannot be turned into an inventory
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Position:
    """A place in a config file; line and column count from 1. Those of one file are in the order of its text."""

    line: int
    column: int
    file: str | None = field(default=None, repr=False)
    """The file, where it is not the config itself but one that the config inherits from."""

    def __lt__(self, other: Position) -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[str, int, int]:
        """The config itself comes first."""
        return self.file or "", self.line, self.column

    @property
    def mark(self) -> str:
        """The short form, as after a rule's name: ``:12``, or ``base.py:12`` where the file is another."""
        return f"{os.path.basename(self.file or '')}:{self.line}"


def file_of(path: str | None, position: Position | None) -> str | None:
    """Returns the file that a position in the config ``path`` is in."""
    return position.file if position and position.file else path


def place(path: str | None, position: Position | None) -> str:
    """Returns ``file:line:column``, or what of it is known, as editors and terminals make a link of it."""
    file = file_of(path, position)
    where = [file] if file else []
    if position:
        where += [str(position.line), str(position.column)]
    return ":".join(where)


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
