"""A config, sorted into its parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pgaudit.core.location import Path

OPTIMIZER_LAYOUTS = frozenset({"pgaudit", "mmcv", "mmengine"})
"""The layouts with an ``optimizer`` and a ``paramwise_cfg``, wherever they stand."""


@dataclass
class Layout:
    """The parts of a config, whatever its layout, and where each stands in the file."""

    name: str
    default: str
    """The constructor of a config that names none."""
    sign: str | None = None
    """What told whose layout it is, where that is not the section itself."""
    constructor: object = None
    optimizer: Any = None
    paramwise_cfg: Any = None
    solver: Any = None
    written: Any = None
    """The section that mmcv or mmengine is given, as it stands in the file."""
    sections: dict[str, Path] = field(default_factory=dict)
    rivals: list[tuple[Path, str]] = field(default_factory=list)
    """Sections of two libraries in one config, and what is wrong with that."""

    literals: str | None = None
    """The section in which the library reads a text as a Python literal, so that ``1e-4`` is a number after all."""

    def reads_literally(self, path: Path) -> bool:
        """Whether the library reads a text at this place as a Python literal."""
        return self.literals is not None and path[:1] == (self.literals,)
