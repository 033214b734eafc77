"""Outcomes of the gate → GitLab's code quality report: a list of issues.

See "Code Quality", "Code Quality report format": description, check_name, fingerprint, severity, location.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pgaudit.core.errors import Problem
from pgaudit.core.location import Location
from pgaudit.gate import Notice, Outcome
from pgaudit.render.gate_words import UNCHECKED, Said, all_said, fingerprints, hinted, located, title
from pgaudit.text import visible

_FAILS = {"error": "critical", "warning": "major", "info": "major"}
_PASSES = {"error": "minor", "warning": "minor", "info": "info"}


def render(outcomes: Sequence[Outcome]) -> str:
    """Returns one issue a notice: ``blocker`` for what could not be checked, ``critical`` and ``major`` for what fails,
    ``minor`` and ``info`` for what does not.
    """
    fingerprint = fingerprints()
    several = len(outcomes) > 1
    issues = []
    for outcome in outcomes:
        end = f" [{visible(title(outcome.audit))}]" if several else ""
        for said in all_said(outcome):
            issue = {
                "description": f"{hinted(said)}{end}",
                "check_name": said.code if isinstance(said, Notice) else UNCHECKED,
                "fingerprint": fingerprint(outcome, said),
                "severity": _severity(said),
                "location": _location(located(outcome, said)),
            }
            issues.append(issue)
    return json.dumps(issues, indent=2, ensure_ascii=True) + "\n"


def _severity(said: Said) -> str:
    if isinstance(said, Problem):
        return "blocker"
    return (_FAILS if said.fails else _PASSES)[said.level]


def _location(of: Location) -> dict[str, Any]:
    return {"path": visible(of.path), "lines": {"begin": of.line or 1}}
