"""What is wrong or doubtful, and how grave it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from pgaudit.core.location import Position, place
from pgaudit.text import visible

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The gravest first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about an assignment that is probably not what its author meant."""

    code: str
    name: str
    severity: Severity
    message: str
    hint: str | None = None
    param: str | None = None
    path: str | None = None
    position: Position | None = None
    key: str | None = None
    """What it is about in the config's own words: a custom key, a pattern, or an option."""
    params: tuple[str, ...] = ()
    """All parameters that it is about, where it is about any."""
    keys: tuple[str, ...] = ()
    """Further words of the config that it is about: rules that have no effect for the same cause."""

    def __repr__(self) -> str:
        where = place(self.path, self.position)
        head = f"{self.code} {self.name} [{self.severity}]{f' {where}' if where else ''}"
        return f"<Finding {visible(head)}: {visible(self.message)}>"
