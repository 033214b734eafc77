"""What a file says, as plain values, and where each key and value stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgaudit.core.config import Ambiguous
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location, Path


@dataclass
class Document:
    """What a file says. Paths are tuples of keys and list indices from the top."""

    value: Any = None
    keys: dict[Path, Location] = field(default_factory=dict)
    values: dict[Path, Location] = field(default_factory=dict)
    ambiguous: list[Ambiguous] = field(default_factory=list)
    rest: Mapping[str, Any] = field(default_factory=dict)
    """The top-level keys that were left aside, as an outline."""
    wrong: list[tuple[Path, Finding]] = field(default_factory=list)
    """What is wrong with what it says, and where, for a document that was read with all its faults."""
    origins: dict[Path, Path] = field(default_factory=dict)
    """What stands elsewhere in the file, under another word: where."""

    def origin(self, at: Path) -> Path:
        """Returns where in the file it stands, in the file's own words."""
        for length in range(len(at), 0, -1):
            if at[:length] in self.origins:
                return (*self.origins[at[:length]], *at[length:])
        return at
