"""Where something stands in a file."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""Keys and list indices from the top of a file."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file, or a whole file; line and column count from 1."""

    path: str | None = None
    """The file, as the user named it or as seen from where the config was named."""
    line: int | None = None
    column: int | None = None
    inherited: bool = field(default=False, compare=False, repr=False)
    """Whether the file is not the config itself but one that the config inherits from."""

    def __str__(self) -> str:
        """Returns ``file:line:column``, or what of it is known, as editors and terminals make a link of it."""
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)

    def __lt__(self, other: Location) -> bool:
        return location_order(self) < location_order(other)

    @property
    def mark(self) -> str:
        """The short form, as after a rule's name: ``:12``, or ``base.py:12`` where the file is another."""
        return f"{os.path.basename(self.path or '') if self.inherited else ''}:{self.line}"


def location_order(of: Location | None) -> tuple[bool, bool, str, int, int]:
    """Returns what sorts locations: the config itself, then the files that it inherits from by name, each in the order
    of its text; what has no line comes last.
    """
    at = of or Location()
    return at.line is None, at.inherited, at.path or "", at.line or 0, at.column or 0


def whole_file(path: str | None) -> Location | None:
    """Returns the location of a whole file; None for what was read from none, such as a mapping."""
    return None if path is None else Location(path)
