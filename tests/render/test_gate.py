"""What holds for every format of the gate."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings

from pgaudit.core.location import Location
from pgaudit.gate import Audit, Outcome
from pgaudit.render.choices import GateFormat
from pgaudit.render.gate import render_gate
from pgaudit.render.terminal import TableOptions
from tests.budget import examples
from tests.render.outcomes import CASES, FAILED, OUTCOMES, UNCHECKED, harmless

FORMATS = list(get_args(GateFormat))


def rendered(outcomes: list[Outcome], fmt: GateFormat) -> str:
    return render_gate(outcomes, fmt, TableOptions())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("fmt", FORMATS)
def test_every_format_has_an_answer_to_everything(fmt: GateFormat, case: str) -> None:
    text = rendered(CASES[case], fmt)
    assert text == rendered(CASES[case], fmt)
    assert harmless(text)
    assert not text or (text.endswith("\n") and not text.endswith("\n\n"))
    for outcome in CASES[case]:
        loud = [problem.message for problem in outcome.errors] + [notice.message for notice in outcome.failures]
        assert all(message.split(" ")[0].strip('"') in text.replace("\\", "") for message in loud)


@pytest.mark.parametrize("fmt", FORMATS)
def test_what_could_not_be_checked_never_looks_like_success(fmt: GateFormat) -> None:
    text = rendered([UNCHECKED], fmt)
    assert re.search(r"\berror|blocker|not_checked", text)
    assert "passed" not in re.sub(r"<(style|script).*?</\1>", "", text, flags=re.DOTALL)
    assert text != rendered([], fmt)


@settings(max_examples=examples(100))
@given(OUTCOMES)
def test_random_outcomes_are_harmless_in_every_format(outcomes: list[Outcome]) -> None:
    for fmt in FORMATS:
        text = rendered(outcomes, fmt)
        assert harmless(text)
        text.encode()


@pytest.mark.parametrize("fmt", [fmt for fmt in FORMATS if fmt != "table"])
def test_no_folder_of_this_machine_is_told(fmt: GateFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inside, outside = str(tmp_path / "configs" / "a.yaml"), os.path.join(os.sep, "elsewhere", "b.yaml")
    notices = tuple(dataclasses.replace(notice, location=Location(outside, 1, 1)) for notice in FAILED.findings)
    errors = tuple(dataclasses.replace(problem, location=Location(inside, 1, 1)) for problem in UNCHECKED.errors)
    outcomes = [
        Outcome(Audit(f"{tmp_path}/train.py:model", inside), notices),
        Outcome(Audit(None, outside), errors),
    ]
    text = rendered(outcomes, fmt)
    assert str(tmp_path) not in text
    assert "elsewhere" not in text
    assert "configs/a.yaml" in text
    assert "b.yaml" in text
