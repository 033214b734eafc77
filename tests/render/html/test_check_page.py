"""The page of the gate says what its JSON says, what failed first, and each finding beside its line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings

from pgaudit import cli
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location
from pgaudit.gate import Audit, Outcome
from pgaudit.render.gate import html
from pgaudit.render.gate import json as data
from tests.budget import examples
from tests.render.html.window import needs_chromium, opened
from tests.render.html.written import BREAKOUT, FINETUNE, cards_of
from tests.render.outcomes import CASES, FAILED, OUTCOMES, PASSED, UNCHECKED


@settings(max_examples=examples(50))
@given(OUTCOMES)
def test_it_says_the_numbers_of_the_json(outcomes: list[Outcome]) -> None:
    audits = json.loads(data.render(outcomes))["audits"]
    text = html.render(outcomes)
    assert text == html.render(outcomes)
    found = cards_of(text)
    verdicts = [each["verdict"] for each in audits]
    assert found["audits"] == str(len(audits))
    assert found["failed"] == str(verdicts.count("failed"))
    assert found.get("not checked", "0") == str(verdicts.count("not_checked"))
    assert found["failures"] == str(sum(len(each["failures"]) for each in audits))
    spelled = sum(len(each["failures"]) + len(each["notices"]) + len(each["problems"]) for each in audits)
    assert text.count('<li class="notice ') == spelled


def test_what_failed_stands_first() -> None:
    text = html.render([PASSED, FAILED, UNCHECKED])
    order = re.findall(r'<td class="value verdict \w+">. ([a-z ]+)</td>', text)
    assert order == ["not checked", "failed", "passed"]
    assert text.index("the third") < text.index("vit_tiny") < text.index("resnet.yaml")


def test_no_audits() -> None:
    assert "0 audits" in html.render(CASES["no audits"])


def test_findings_stand_beside_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(FINETUNE.read_text())
    (tmp_path / "pgaudit.yaml").write_text("audits: [{config: c.yaml, model: vit_base_patch16_224}]")
    assert cli.main(["check", "--format", "html", "-o", "check.html", "--format", "json", "-o", "check.json"]) == 1
    text = (tmp_path / "check.html").read_text(encoding="utf-8")
    (audit,) = json.loads((tmp_path / "check.json").read_text())["audits"]
    for finding in audit["failures"]:
        assert re.search(rf'<a href="#(audit-1-0-{finding["line"]})">{finding["code"]}</a>', text)
    assert "    fc: {lr_mult: 10.0}" in text
    assert str(tmp_path) not in text
    assert cli.main(["check", "-o", "again.html"]) == 1
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == text


def test_no_file_is_read_that_only_a_finding_names(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    finding = Finding("PG001", "dead-key", "error", "wrong", None, Location(str(secret), 1, 1))
    assert "a secret" not in html.render([Outcome(Audit("m", "c.json"), (finding,), parameters=1)])


def hostile() -> list[Outcome]:
    """Every text wants to be markup."""
    place = Location(BREAKOUT.replace("/", ""), 1, 1)
    names = (BREAKOUT, BREAKOUT + "2", BREAKOUT + "3")
    findings = (
        Finding("PG001", BREAKOUT, "error", BREAKOUT, BREAKOUT, place, names),
        Finding("PG002", BREAKOUT, "info", BREAKOUT, BREAKOUT, place, names),
    )
    return [Outcome(Audit(BREAKOUT, BREAKOUT, BREAKOUT), findings, parameters=3, notes=(BREAKOUT,)), UNCHECKED, PASSED]


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("width", [800, 1200, 1600])
def test_hostile_texts_run_nothing(tmp_path: Path, width: int) -> None:
    with opened(html.render(hostile()), tmp_path, viewport={"width": width, "height": 900}) as window:
        window.assert_quiet()
        assert window.text("body").count(BREAKOUT) >= 4
        window.page.locator("#audits a").first.click()
        window.assert_quiet()
