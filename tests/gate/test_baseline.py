"""A baseline hides exactly the findings that it knows, whatever their lines; what is fixed is reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgaudit import ConfigError, Finding
from pgaudit.core.expectations import Expectations
from pgaudit.gate import Audit, baseline
from pgaudit.gate.run import judged
from tests.diff.random_sides import NAMES
from tests.gate.audits import CONFIG, line, report

BAD = CONFIG.replace("norm_decay_mult: 0", "norm_decay_mutl: 0") + "    nowhere: {}\n"
AUDIT = Audit(None, "c.yaml", baseline="known.json", fail_on="info")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_written_is_known_wherever_it_stands(folder: Path) -> None:
    of = report(folder, BAD)
    assert len(of.findings) >= 3
    (folder / "known.json").write_text(baseline.written(of.findings))
    known = baseline.read("known.json")
    for text in (BAD, "# two lines\n# more\n" + BAD):
        outcome = judged(AUDIT, report(folder, text), Expectations(), known)
        assert (outcome.findings, outcome.ignored) == ((), len(of.findings))


def test_it_is_sorted_folded_and_has_no_lines(folder: Path) -> None:
    text = baseline.written(report(folder, BAD).findings)
    data = json.loads(text)
    assert text.endswith("}\n")
    assert {"code": "PG001", "key": "nowhere", "params": []} in data["findings"]
    assert [entry["code"] for entry in data["findings"]] == sorted(entry["code"] for entry in data["findings"])
    assert baseline.written(reversed(report(folder, "\n\n" + BAD).findings)) == text
    decayed = next(entry for entry in data["findings"] if entry["code"] == "PG007")
    assert "bn.{weight,bias}" in decayed["params"]


def test_a_new_finding_fails_and_an_old_one_does_not(folder: Path) -> None:
    (folder / "known.json").write_text(baseline.written(report(folder, BAD).findings))
    known = baseline.read("known.json")
    outcome = judged(AUDIT, report(folder, BAD + "    elsewhere: {}\n"), Expectations(), known)
    assert [(notice.code, notice.key) for notice in outcome.failures] == [("PG001", "elsewhere")]


def test_a_finding_about_more_parameters_is_new_for_those(folder: Path) -> None:
    findings = report(folder, BAD).findings
    decayed = next(finding for finding in findings if finding.code == "PG007")
    assert len(decayed.params) > 1
    known = frozenset(key for finding in findings for key in baseline.keys_of(finding) if key[2] != decayed.params[0])
    outcome = judged(AUDIT, report(folder, BAD), Expectations(), known)
    (failure,) = outcome.failures
    assert failure.params == decayed.params[:1]
    assert failure.message.endswith(f"(1 of {len(decayed.params)} not in the baseline)")


def test_what_is_mended_is_reported_and_fails_nothing(folder: Path) -> None:
    (folder / "known.json").write_text(baseline.written(report(folder, BAD).findings))
    outcome = judged(AUDIT, report(folder), Expectations(), baseline.read("known.json"))
    assert not outcome.failures
    stale = [(line(notice).partition(": ")[2], notice.params) for notice in outcome.findings]
    assert stale == [
        ('the baseline knows PG001 of "nowhere", which is fixed', ()),
        ('the baseline knows PG007 of "weight_decay" for 2 tensors, which is fixed', ("bn.bias", "bn.weight")),
        ('the baseline knows PG011 of "norm_decay_mutl", which is fixed', ()),
    ]
    assert {(notice.name, str(notice.location)) for notice in outcome.findings} == {
        ("stale-baseline", "known.json:1:1")
    }


NAMED = st.sampled_from([name for name in NAMES if name != "\ud800"])
FINDINGS = st.lists(
    st.builds(
        Finding,
        code=st.sampled_from(["PG001", "PG007"]),
        name=st.just("x"),
        severity=st.just("warning"),
        message=st.just("x"),
        key=st.none() | NAMED,
        params=st.lists(NAMED, unique=True).map(tuple),
    )
)


@given(findings=FINDINGS)
def test_random_hostile_names_are_known_again(
    tmp_path_factory: pytest.TempPathFactory, findings: list[Finding]
) -> None:
    path = tmp_path_factory.getbasetemp() / "random.json"
    path.write_text(baseline.written(findings))
    assert path.read_text().isascii()
    expected = frozenset(key for finding in findings for key in baseline.keys_of(finding))
    assert baseline.read(str(path)) == expected
    assert list(baseline.stale(expected, findings, "x")) == []
    assert all(notice.message.isprintable() for notice in baseline.stale(expected, [], "x"))


WRONG = {
    "empty": ("", "known.json:1:1: the file ends in the middle of the JSON"),
    "cut": ('{"pgaudit_baseline": 1,\n "find', "known.json:2:2: the file ends in the middle of the JSON"),
    "a conflict": ('{\n<<<<<<< HEAD\n "a": 1}', "known.json:2:1: the marks of a merge conflict"),
    "YAML": ("a: b", "known.json:1:1: not JSON"),
    "another file": ("{}", "known.json: this is not a baseline of pgaudit"),
    "a list": ("[]", "known.json: this is not a baseline of pgaudit"),
    "newer": ('{"pgaudit_baseline": 2}', "known.json: baseline format 2; this pgaudit reads 1 (a newer pgaudit wrote"),
    "true": ('{"pgaudit_baseline": true}', "known.json: baseline format true; this pgaudit reads 1"),
    "no findings": ('{"pgaudit_baseline": 1}', 'known.json: findings: "findings" is missing'),
    "findings as a text": ('{"pgaudit_baseline": 1, "findings": "a"}', "known.json: findings: expected a list"),
    "an entry as a text": ('{"pgaudit_baseline": 1, "findings": ["a"]}', "known.json: findings.0: expected a mapping"),
    "no params": (
        '{"pgaudit_baseline": 1, "findings": [{"code": "PG001", "key": null}]}',
        'known.json: findings.0.params: "params" is missing',
    ),
    "params as a text": (
        '{"pgaudit_baseline": 1, "findings": [{"code": "PG001", "key": null, "params": "abc"}]}',
        "known.json: findings.0.params: expected a list",
    ),
    "a number for a name": (
        '{"pgaudit_baseline": 1, "findings": [{"code": "PG001", "key": null, "params": [3]}]}',
        "known.json: findings.0.params.0: expected a name, got the number 3",
    ),
    "a brace": (
        '{"pgaudit_baseline": 1, "findings": [{"code": "PG001", "key": null, "params": ["a{1"]}]}',
        "known.json: a brace does not close",
    ),
    "too many": (
        '{"pgaudit_baseline": 1, "findings": [{"code": "PG001", "key": null, "params": ["a{0..99999}{0..99999}"]}]}',
        "known.json: more than 1,000,000 names",
    ),
    "too deep": ("[" * 100_000, "known.json: the JSON is nested too deeply"),
    "a number without end": ('{"pgaudit_baseline": ' + "1" * 5000 + "}", "known.json: not JSON"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong(folder: Path, text: str, message: str) -> None:
    (folder / "known.json").write_text(text)
    with pytest.raises(ConfigError) as caught:
        baseline.read("known.json")
    assert caught.value.findings[0].sentence.startswith(message)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("knwon.json", 'no such baseline file: "knwon.json" .did you mean "known.json"'),
        (".", "is a folder"),
        ("", "no such"),
    ],
)
def test_no_baseline(folder: Path, name: str, message: str) -> None:
    (folder / "known.json").write_text("{}")
    with pytest.raises(ConfigError, match=message):
        baseline.read(name)
