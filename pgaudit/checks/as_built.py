"""What a check sees of something that was built, where no policy is known, and what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from pgaudit.checks.base import Kind
from pgaudit.core.assignment import Assignment, ParamAssignment
from pgaudit.core.built import BuiltOptimizer
from pgaudit.core.findings import Finding
from pgaudit.core.parameters import Inventory, Parameter


@dataclass(frozen=True)
class BuiltAudit:
    """All that a check of something built may look at."""

    assignment: Assignment
    optimizers: tuple[BuiltOptimizer, ...]
    """As they were read, in the order of the assignment's."""
    inventory: Inventory | None = None
    """The model's; None where there is no model, or nothing proves which tensor is which parameter of it."""
    model: str | None = None
    """What the user calls the model, where one was named, matched or not."""

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """What is known of the model's parameters, by the names that the assignment gives them."""
        if self.inventory is None:
            return {}
        rows = self.assignment.params[: len(self.inventory.parameters)]
        return {row.name: each for row, each in zip(rows, self.inventory.parameters, strict=True)}

    def finding(
        self,
        kind: Kind,
        message: str,
        hint: str | None = None,
        *,
        key: str | None = None,
        rows: Sequence[ParamAssignment] = (),
    ) -> Finding:
        """Returns a finding about some parameters."""
        names = tuple(row.name for row in rows)
        return Finding(kind.code, kind.name, kind.severity, message, hint, None, names, key)


class BuiltCheck(Protocol):
    """One finding code that needs no policy."""

    KIND: Kind

    def check_built(self, audit: BuiltAudit, /) -> Iterator[Finding]:
        """Yields what it finds, in the order of the groups or of the model."""
