"""What a file says, as plain values, and where each key and value stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgaudit.core.config import Ambiguous
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
