"""What a check sees and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from pgaudit.config import Config
from pgaudit.constructors import Assignment
from pgaudit.errors import Position
from pgaudit.inventory import Inventory

Severity = Literal["error", "warning", "info"]


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


@dataclass(frozen=True)
class Audited:
    """All that a check may look at."""

    inventory: Inventory
    config: Config
    assignment: Assignment


class Check(Protocol):
    """One finding code: a module whose docstring is its documentation."""

    CODE: str
    NAME: str
    SEVERITY: Severity

    def check(self, audited: Audited, /) -> Iterator[Finding]:
        """Yields what it finds, in the config's order."""
