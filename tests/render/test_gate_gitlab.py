"""Issues have the fields that GitLab documents, and keep their fingerprints while lines move."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import jsonschema
from hypothesis import given, settings

from pgaudit.core.location import Location
from pgaudit.gate import Outcome
from pgaudit.render.gate.gitlab import render
from pgaudit.text import visible
from tests.budget import examples
from tests.render.outcomes import CASES, FAILED, OUTCOMES, PASSED

SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "additionalProperties": False,
                "properties": {
                    "path": {"type": "string", "minLength": 1, "not": {"pattern": r"^(\./|/)"}},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "additionalProperties": False,
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""As in GitLab's documentation of the code quality report format."""


def read(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    text = render(outcomes)
    assert text.isascii()
    issues: list[dict[str, Any]] = json.loads(text)
    jsonschema.validate(issues, SCHEMA)
    return issues


def test_everything() -> None:
    issues = read(CASES["everything"])
    assert [(each["check_name"], each["severity"], each["location"]["lines"]["begin"]) for each in issues] == [
        ("lock", "critical", 4),
        ("expect-params", "critical", 9),
        ("expect-params", "critical", 9),
        ("PG001", "minor", 5),
        ("PG007", "info", 1),
        ("not-checked", "blocker", 1),
        ("not-checked", "blocker", 1),
    ]
    assert issues[3]["description"] == '"heed" matches no parameter (did you mean "head"?) [vit_tiny vit.yaml]'
    assert read([PASSED]) == read([]) == []


def _prints(outcome: Outcome) -> list[str]:
    return [issue["fingerprint"] for issue in read([outcome])]


def test_fingerprints_outlive_lines_and_values_and_nothing_else() -> None:
    def changed(**what: Any) -> Outcome:
        notices = (FAILED.findings[0], dataclasses.replace(FAILED.findings[1], **what), *FAILED.findings[2:])
        return dataclasses.replace(FAILED, findings=notices)

    same = _prints(FAILED)
    assert len(set(same)) == len(same)
    assert _prints(changed(location=Location("vit.yaml", 40, 2), message="another value")) == same
    assert _prints(changed(key="custom_keys.head"))[0] != same[0]
    assert _prints(changed(params=("a",)))[0] != same[0]
    assert _prints(changed(code="PG003"))[0] != same[0]
    other = dataclasses.replace(FAILED, audit=dataclasses.replace(FAILED.audit, name="another"))
    assert not set(_prints(other)) & set(same)


@settings(max_examples=examples(100))
@given(OUTCOMES)
def test_random_outcomes_are_read_back(outcomes: list[Outcome]) -> None:
    issues = read(outcomes)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    said = [finding.message for outcome in outcomes for finding in outcome.findings]
    assert len(issues) == len(said)
    failing = sum(len(outcome.errors) + len(outcome.failures) for outcome in outcomes)
    assert sum(issue["severity"] in ("major", "critical", "blocker") for issue in issues) == failing
    rest = [issue["description"] for issue in issues]
    for message in sorted(map(visible, said), key=len, reverse=True):
        found = next(description for description in rest if description.startswith(message))
        rest.remove(found)
