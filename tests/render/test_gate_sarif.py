"""SARIF is valid, says each thing once a line, and reads back to the names and messages that it was made of."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for

from pgaudit.checks import DOCUMENTED
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location
from pgaudit.gate import Audit, Outcome
from pgaudit.gate.records import AGREED, exit_code
from pgaudit.render.gate.sarif import PARAMETERS, render
from pgaudit.text import visible
from tests.budget import examples
from tests.render.outcomes import CASES, FAILED, OTHERS, OUTCOMES, PASSED, UNCHECKED

_ROOT = Path(__file__).parents[2]
_OWN = Draft202012Validator(json.loads((_ROOT / "tests/data/gate_sarif.schema.json").read_text()))
OFFICIAL = Path(os.environ.get("SARIF_SCHEMA", _ROOT / ".oracles/sarif-schema-2.1.0.json"))
"""The schema that OASIS publishes, where somebody has put it: it is not part of this repository."""


@cache
def _official() -> Validator | None:
    if not OFFICIAL.exists():
        return None
    schema = json.loads(OFFICIAL.read_text())
    return validator_for(schema)(schema)


def read(outcomes: list[Outcome]) -> dict[str, Any]:
    text = render(outcomes)
    assert text.isascii()
    data = json.loads(text)
    _OWN.validate(data)
    official = _official()
    if official:
        official.validate(data)
    run: dict[str, Any] = data["runs"][0]
    return run


def _plain(text: str) -> str:
    """A plain text message as a viewer shows it: there is no placeholder and no link in it."""
    assert all(len(run) % 2 == 0 for run in re.findall(r"\{+|\}+", text))
    assert all(len(run) % 2 for run in re.findall(r"(\\*)\]\(", text))
    text = re.sub(r"(\\+)\]\(", lambda found: "\\" * (len(found[1]) // 2) + "](", text)
    return text.replace("{{", "{").replace("}}", "}")


@pytest.mark.skipif(not OFFICIAL.exists(), reason="needs the schema of OASIS: SARIF_SCHEMA=FILE")
@pytest.mark.parametrize("case", CASES)
def test_the_official_schema_holds(case: str) -> None:
    official = _official()
    assert official
    official.validate(json.loads(render(CASES[case])))
    with pytest.raises(Exception, match="is a required property"):
        official.validate({"version": "2.1.0"})


def test_a_result_a_line() -> None:
    run = read([FAILED])
    results = run["results"]
    assert [(each["ruleId"], each["level"], _line(each)) for each in results] == [
        ("lock", "error", 4),
        ("expect-params", "error", 9),
        ("PG001", "warning", 5),
        ("PG007", "note", 1),
    ]
    assert results[1]["message"]["text"].split("\n") == [notice.message for notice in FAILED.findings[3:]]
    assert results[0]["properties"] == {
        "audit": "vit_tiny vit.yaml",
        "rules": ["custom_keys.blocks"],
        "parameters": list(FAILED.findings[1].params),
        "parameterCount": 48,
    }
    assert [run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] for each in results] == [
        each["ruleId"] for each in results
    ]
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 1, "toolExecutionNotifications": []}]


def _line(result: dict[str, Any]) -> int | None:
    region = result["locations"][0]["physicalLocation"].get("region")
    return region and region["startLine"]


def test_what_could_not_be_checked_makes_the_run_unsuccessful_and_is_a_result() -> None:
    run = read([PASSED, UNCHECKED])
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    notified = [each["message"]["text"] for each in invocation["toolExecutionNotifications"]]
    assert notified == ['unknown key "optimiser"\ndid you mean "optimizer"?', "no such lock file: a.lock"]
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [("not-checked", "error")] * 2


def test_many_parameters_are_counted_and_not_all_named() -> None:
    params = tuple(f"p{i}" for i in range(1000))
    notice = Finding("PG009", "duplicate-parameter", "error", "tied", None, Location("a.yaml", 1, 1), params)
    (result,) = read([Outcome(Audit("m", "a.yaml"), (notice,))])["results"]
    assert result["properties"]["parameterCount"] == 1000
    assert result["properties"]["parameters"] == list(params[:PARAMETERS])


@pytest.mark.parametrize("code", [*DOCUMENTED, *OTHERS])
def test_every_code_is_described(code: str) -> None:
    notice = Finding(code, "x", "error", "message")
    (rule,) = read([Outcome(Audit("m", "a.yaml"), (notice,))])["tool"]["driver"]["rules"]
    assert rule["id"] == code
    assert rule["shortDescription"]["text"].endswith(".")


def test_the_codes_of_the_gate_are_those_that_are_described() -> None:
    source = "".join(path.read_text() for path in (_ROOT / "pgaudit/gate").glob("*.py"))
    said = set(re.findall(r"""(?:Finding|_finding)\(\s*"([a-z-]+)",""", source))
    assert said == AGREED == set(OTHERS)


def test_paths_are_references_from_the_root_of_the_repository() -> None:
    for path, uri in (
        ("./configs/a b.yaml", "configs/a%20b.yaml"),
        ("c:d.yaml", "c%3Ad.yaml"),
        ("100%?#[é].yaml", "100%25%3F%23%5B%C3%A9%5D.yaml"),
        ("\udcff.yaml", "%FF.yaml"),  # a byte that is no UTF-8
    ):
        result = read([Outcome(Audit("m", path), (Finding("PG001", "dead-key", "warning", "x"),))])["results"][0]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


@settings(max_examples=examples(100))
@given(OUTCOMES)
def test_random_outcomes_are_read_back(outcomes: list[Outcome]) -> None:
    run = read(outcomes)
    (invocation,) = run["invocations"]
    problems = [problem for outcome in outcomes for problem in outcome.errors]
    assert invocation["executionSuccessful"] == (not problems)
    assert invocation["exitCode"] == exit_code(outcomes)
    notified = [_plain(each["message"]["text"]) for each in invocation["toolExecutionNotifications"]]
    assert notified == [_lines(problem.message, problem.hint) for problem in problems]

    results = run["results"]
    prints = [each["partialFingerprints"]["pgaudit/v1"] for each in results]
    assert len(set(prints)) == len(prints)
    said = "\n".join(_plain(each["message"]["text"]) for each in results).split("\n")
    wanted = [_lines(finding.message, finding.hint) for outcome in outcomes for finding in outcome.findings]
    assert sorted(said) == sorted("\n".join(wanted).split("\n") if wanted else [""])
    for outcome in outcomes:
        for notice in outcome.findings:
            assert any(_tells(result, outcome, notice) for result in results)


def _lines(*words: str | None) -> str:
    return "\n".join(visible(word) for word in words if word)


def _tells(result: dict[str, Any], outcome: Outcome, notice: Finding) -> bool:
    at = notice.location or Location(outcome.audit.config)
    path = str(PurePath(at.path or ""))
    try:
        shown = os.fsencode(path)
    except UnicodeEncodeError:
        shown = visible(path).encode()
    place = result["locations"][0]["physicalLocation"]
    return (
        result["ruleId"] == notice.code
        and os.fsencode(unquote(place["artifactLocation"]["uri"], errors="surrogateescape")) == shown
        and _line(result) == at.line
        and result["properties"]["audit"] == visible(outcome.audit.title)
        and set(map(visible, notice.params)) <= set(result["properties"]["parameters"])
        and (not notice.key or visible(notice.key) in result["properties"]["rules"])
    )
