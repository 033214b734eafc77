"""The gate's JSON holds what the outcomes hold, name by name."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings

from pgaudit.core.findings import Finding
from pgaudit.core.location import Location
from pgaudit.gate import Outcome
from pgaudit.gate.records import exit_code
from pgaudit.render.gate.json import render
from pgaudit.version import __version__
from tests.budget import examples
from tests.render.outcomes import CASES, OUTCOMES


def _read(text: str) -> dict[str, Any]:
    assert text.isascii()
    data: dict[str, Any] = json.loads(text)
    return data


def _location(entry: dict[str, Any]) -> Location | None:
    return Location(entry["path"], entry["line"], entry["column"]) if entry["path"] else None


def _finding(entry: dict[str, Any]) -> Finding:
    head = (entry["code"], entry["name"], entry["severity"], entry["message"], entry["hint"])
    return Finding(*head, _location(entry), tuple(entry["params"]), entry["key"])


def _error(entry: dict[str, Any]) -> Finding:
    return Finding.error(entry["message"], _location(entry), entry["hint"])


def test_the_schema_that_programs_rely_on() -> None:
    data = _read(render(CASES["everything"]))
    assert list(data) == ["schema_version", "tool", "exit_code", "audits"]
    assert data["schema_version"] == 1
    assert data["tool"] == {"name": "pgaudit", "version": __version__}
    assert data["exit_code"] == 2
    assert [audit["verdict"] for audit in data["audits"]] == ["failed", "passed", "not_checked"]
    failed, passed, _ = data["audits"]
    assert passed == {
        "title": "resnet.yaml", "model": None, "config": "resnet.yaml", "verdict": "passed", "exit_code": 0,
        "parameters": 62, "groups": 2, "ignored": 0,
        "failures": [], "notices": [], "problems": [], "notes": ["a note"],
    }  # fmt: skip
    assert failed["notices"][1] == {
        "code": "PG001", "name": "dead-key", "severity": "warning", "message": '"heed" matches no parameter',
        "hint": 'did you mean "head"?', "path": "vit.yaml", "line": 5, "column": 5, "key": "heed", "params": [],
    }  # fmt: skip
    assert len(failed["failures"][0]["params"]) == 48


@settings(max_examples=examples(100))
@given(OUTCOMES)
def test_random_outcomes_come_back_as_they_were(outcomes: list[Outcome]) -> None:
    data = _read(render(outcomes))
    assert data["exit_code"] == exit_code(outcomes)
    for audit, outcome in zip(data["audits"], outcomes, strict=True):
        assert (audit["model"], audit["config"]) == (outcome.audit.model, outcome.audit.config)
        assert audit["title"] == outcome.audit.title
        assert audit["exit_code"] == outcome.exit_code
        assert tuple(map(_finding, audit["failures"])) == outcome.failures
        assert tuple(map(_finding, audit["notices"])) == outcome.others
        assert tuple(map(_error, audit["problems"])) == outcome.errors
