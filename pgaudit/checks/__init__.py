"""Checks: inventory, config and decisions → findings. One file a finding code; its docstring is its documentation."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import cast

from pgaudit.checks import pg009, pg011, pg012, pg014
from pgaudit.checks.base import Audited, Check, Finding, Severity
from pgaudit.errors import Position

CHECKS: dict[str, Check] = {module.CODE: cast("Check", module) for module in (pg009, pg011, pg012, pg014)}


def run_checks(audited: Audited) -> Iterator[Finding]:
    """Yields the findings of all checks in the order of the config; those without a place come last."""
    found = [finding for check in CHECKS.values() for finding in check.check(audited)]
    nowhere = Position(sys.maxsize, 0)
    yield from sorted(found, key=lambda finding: finding.position or nowhere)


__all__ = ["CHECKS", "Audited", "Check", "Finding", "Severity", "run_checks"]
