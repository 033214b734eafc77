"""Outcomes of the gate → plain data, in a schema of its own, version 1. Deterministic: no clock, no machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgaudit.core.findings import Finding
from pgaudit.gate import Outcome
from pgaudit.gate.records import exit_code
from pgaudit.render.data import document
from pgaudit.render.gate.words import title, verdict
from pgaudit.serialize import error_data, portable


def render(outcomes: Sequence[Outcome]) -> str:
    """Returns the outcomes for programs."""
    return document(exit_code=exit_code(outcomes), audits=[_outcome(outcome) for outcome in outcomes])


def _outcome(of: Outcome) -> dict[str, Any]:
    return {
        "title": title(of.audit),
        "model": portable(of.audit.model),
        "config": portable(of.audit.config),
        "verdict": verdict(of).replace(" ", "_"),
        "exit_code": of.exit_code,
        "parameters": of.parameters,
        "groups": of.groups,
        "ignored": of.ignored,
        "failures": list(map(_finding, of.failures)),
        "notices": list(map(_finding, of.others)),
        "problems": list(map(error_data, of.errors)),
        "notes": list(of.notes),
    }


def _finding(of: Finding) -> dict[str, Any]:
    return {
        "code": of.code,
        "name": of.name,
        "severity": of.severity,
        **error_data(of),
        "key": of.key,
        "params": list(of.params),
    }
