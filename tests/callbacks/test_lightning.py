"""The callback of Lightning 2, in real runs of one step."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from tests.built.cases import agreed
from tests.parity.client import Oracle


def test_it_says_what_the_run_trains_with(training: Oracle, tmp_path: Path) -> None:
    path = tmp_path / "reports" / "run.json"
    found = training.ask(library="lightning", options={"path": str(path)})
    assert found["raised"] is None
    assert not found["warned"]
    assert found["truth"]
    agreed(found["report"], found["truth"])
    written = json.loads(path.read_text(encoding="utf-8"))
    assert [each["name"] for each in written["params"]] == [*found["report"]["rows"]]
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize(("fail_on", "warns"), [("info", True), ("warning", True), ("error", False), ("never", False)])
def test_findings_are_a_warning_from_a_severity_on(training: Oracle, fail_on: str, warns: bool) -> None:
    found = training.ask(library="lightning", lr=0.125, options={"fail_on": fail_on})
    assert found["raised"] is None
    assert found["truth"]  # it went on
    assert bool(found["warned"]) == warns
    assert all("at 0.125" in text for text in found["warned"])


def test_findings_may_end_the_run_before_its_first_step(training: Oracle) -> None:
    found = training.ask(library="lightning", lr=0.125, options={"fail_on": "warning", "on_fail": "raise"})
    assert "at 0.125" in found["raised"]
    assert not found["truth"]
    assert not found["warned"]


def test_the_optimizer_may_be_told_by_the_trainers_own_log(training: Oracle) -> None:
    found = training.ask(library="lightning")
    assert sum(line.startswith("Lit · 7 tensors") for line in found["logged"]) == 1


def test_without_the_library_it_says_what_to_install() -> None:
    name = "pgaudit.callbacks.lightning"
    with pytest.raises(ImportError) as caught:
        importlib.import_module(name)
    assert str(caught.value) == f"{name} needs Lightning 2: pip install 'pgaudit[lightning]'"
