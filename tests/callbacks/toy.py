"""A finding about a certain learning rate, which any optimizer can be made to have."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from pgaudit.checks import BUILT_CHECKS, DOCUMENTED, BuiltAudit, Kind, register
from pgaudit.core.findings import Finding

KIND = Kind("PG990", "toy", "warning")


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields one finding about the parameters at a learning rate of 0.125."""
    rows = [row for row in audit.assignment.params if row.lr == 0.125]
    if rows:
        yield audit.finding(KIND, f"{len(rows)} at 0.125", "choose another", rows=rows)


def add() -> None:
    """Makes it one of the checks of this process."""
    module = ModuleType("pg990", __doc__)
    vars(module).update(KIND=KIND, check_built=check_built)
    register(module)


def remove() -> None:
    """Takes it away again."""
    BUILT_CHECKS.pop(KIND.code, None)
    DOCUMENTED.pop(KIND.code, None)
