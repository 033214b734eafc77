"""Checks: inventory, config and decisions → findings. One file a finding code; its docstring is its documentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from pgaudit.checks import pg009, pg011, pg012, pg014
from pgaudit.checks.base import Audited, Check, Finding, Severity

CHECKS: dict[str, Check] = {module.CODE: cast("Check", module) for module in (pg009, pg011, pg012, pg014)}


def run_checks(audited: Audited) -> Iterator[Finding]:
    """Yields the findings of all checks, sorted by code within one place of the config."""
    for check in CHECKS.values():
        yield from check.check(audited)


__all__ = ["CHECKS", "Audited", "Check", "Finding", "Severity", "run_checks"]
