"""Where something stands in a file."""

from __future__ import annotations

import os
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
