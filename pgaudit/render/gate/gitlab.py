"""Outcomes of the gate → GitLab's code quality report: a list of issues.

See "Code Quality", "Code Quality report format": description, check_name, fingerprint, severity, location.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgaudit.core.findings import Finding
from pgaudit.core.location import Location
from pgaudit.gate import Outcome
from pgaudit.render.data import json_text
from pgaudit.render.findings import hinted
from pgaudit.render.gate.words import fingerprints, in_order, located, title
from pgaudit.text import visible

_FAILS = {"error": "critical", "warning": "major", "info": "major"}
_PASSES = {"error": "minor", "warning": "minor", "info": "info"}


def render(outcomes: Sequence[Outcome]) -> str:
    """Returns one issue a finding: ``blocker`` for what could not be checked, ``critical`` and ``major`` for what
    fails, ``minor`` and ``info`` for what does not.
    """
    fingerprint = fingerprints()
    several = len(outcomes) > 1
    issues = []
    for outcome in outcomes:
        end = f" [{visible(title(outcome.audit))}]" if several else ""
        for finding in in_order(outcome):
            issue = {
                "description": f"{hinted(finding)}{end}",
                "check_name": finding.code,
                "fingerprint": fingerprint(outcome, finding),
                "severity": _severity(outcome, finding),
                "location": _location(located(outcome, finding)),
            }
            issues.append(issue)
    return json_text(issues)


def _severity(outcome: Outcome, finding: Finding) -> str:
    if finding.stops:
        return "blocker"
    return (_FAILS if outcome.fails(finding) else _PASSES)[finding.severity]


def _location(of: Location) -> dict[str, Any]:
    return {"path": visible(of.path), "lines": {"begin": of.line or 1}}
