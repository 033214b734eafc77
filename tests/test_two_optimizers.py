"""An assignment of two optimizers goes through every format and back, and nothing is lost."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pgaudit.core.expectations import Expectations
from pgaudit.core.location import Location
from pgaudit.core.setting import Provenance
from pgaudit.diff import ChangeKind, compare
from pgaudit.explanation import explain
from pgaudit.gate import Audit
from pgaudit.gate.run import judged, run
from pgaudit.render.diff.data import render_diff_json
from pgaudit.render.diff.table import render_diff_table
from pgaudit.render.pages.explain import render_explanations
from pgaudit.render.report.data import render_csv
from pgaudit.render.report.markdown import render_markdown
from pgaudit.render.report.svg import render_svg
from pgaudit.render.report.table import render_table
from pgaudit.render.select import Selection
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.sources.lock import written
from pgaudit.sources.lock_reading import read_lock
from pgaudit.sources.saved_report import from_json
from tests.diff import made

MUON = {"type": "Muon", "lr": 0.02, "weight_decay": 0.0, "momentum": 0.95}
ADAMW = {"type": "AdamW", "lr": 3e-4, "weight_decay": 0.1, "betas": [0.9, 0.95]}
KEY = Provenance("custom_keys", "head", Location("train.yaml", 7, 3))


@pytest.fixture
def report() -> Report:
    adamw: dict[str, Any] = {"lr": 3e-4, "weight_decay": 0.1, "optimizer": 1}
    return made.report(
        made.param("embed.weight", **adamw, group=0, shape=(9, 4), numel=36, module_type="Embedding"),
        *(made.param(f"blocks.{i}.fc.weight", 0.02, 0.0, group=0, shape=(4, 4), numel=16) for i in range(3)),
        *(made.param(f"blocks.{i}.fc.bias", **adamw, group=0, shape=(4,), numel=4) for i in range(3)),
        made.param(
            "head.weight", 3e-5, 0.1, KEY, optimizer=1, group=1, shape=(9, 4), numel=36, extra={"lr_scale": 0.5}
        ),
        made.param("frozen", lr_rule=Provenance("frozen"), optimizer=None, trainable=False),
        made.param("lost", lr_rule=None, optimizer=None),
        optimizers=(MUON, ADAMW),
        model="train.py:make",
        source="file",
        path="train.yaml",
        config_path="train.yaml",
    )


def _is_the_same(report: Report, again: Report) -> None:
    for found in (compare(report, again), compare(again, report)):
        assert (found.setup, found.changes, found.unchanged) == ((), (), 10)
    assert [(each.type, dict(each.arguments)) for each in again.assignment.optimizers] == [
        (each.type, dict(each.arguments)) for each in report.assignment.optimizers
    ]
    assert [(each.name, each.optimizer) for each in again] == [(each.name, each.optimizer) for each in report]
    assert [again.optimizer_of(each).base.lr for each in again] == [
        report.optimizer_of(each).base.lr for each in report
    ]


def test_json_and_back(report: Report) -> None:
    data = report.to_dict()
    assert data["optimizers"] == [
        {"type": kind, "arguments": arguments}
        for given in (MUON, ADAMW)
        for kind, arguments in [(given["type"], {key: value for key, value in given.items() if key != "type"})]
    ]
    assert [(group["optimizer"], group["index"], group["parameters"]) for group in data["groups"]] == [
        (0, 0, 3),
        (1, 0, 4),
        (1, 1, 1),
    ]
    again = from_json(json.loads(json.dumps(data)))
    _is_the_same(report, again)
    assert again.to_dict() == data


def test_a_lock_and_back(report: Report) -> None:
    text = written(report)
    assert text.startswith("pgaudit lock, format 3\n")
    again = read_lock("x.lock", text.encode())
    _is_the_same(report, again)
    assert again["head.weight"].scheduled_lr == 3e-5 * 0.5


def test_the_table_tells_whose_values_are_whose(report: Report) -> None:
    text = "".join(render_table(report, Selection(), TableOptions(fold=True, groups=True)))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "mmcv · Muon lr 0.02 · weight_decay 0 · momentum 0.95" in lines
    assert "AdamW lr 3e-4 · weight_decay 0.1 · betas (0.9, 0.95)" in lines
    assert "blocks.{0..2}.fc.weight 3 0.02 0.02 0 default · Muon" in lines
    assert "blocks.{0..2}.fc.bias 3 3e-4 3e-4 0.1 default · AdamW" in lines  # the base of its own optimizer: no mark
    assert 'head.weight 1 ▼ 3e-5 ▼ 1.5e-5 0.1 "head" :7 · AdamW' in lines
    assert "Muon 1 0 0.02 0.02 0 3 48" in lines
    assert "AdamW 1 0 3e-4 3e-4 0.1 4 48" in lines
    assert "`head.weight`" in render_markdown(report, Selection(), folded=True)
    assert "AdamW" in render_svg(report, Selection(), TableOptions())
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(render_csv(report, Selection())))}
    assert rows["embed.weight"]["optimizer"] == "1"
    assert (rows["blocks.0.fc.weight"]["optimizer"], rows["frozen"]["optimizer"]) == ("0", "")


def test_a_diff_tells_a_move_from_one_optimizer_to_the_other(report: Report) -> None:
    moved = [
        made.param(each.name, 0.02, 0.0, group=0, shape=(9, 4), numel=36, module_type="Embedding")
        if each.name == "embed.weight"
        else each
        for each in report
    ]
    other = replace(report, assignment=replace(report.assignment, params=tuple(moved)))
    (change,) = compare(report, other).changes
    assert (change.kind, change.param.name) == (ChangeKind.CHANGED, "embed.weight")
    assert "optimizer 1 AdamW → 0 Muon" in render_diff_table(compare(report, other), TableOptions(fold=True))
    data = json.loads(render_diff_json(compare(report, other)))
    assert [each["type"] for each in data["a"]["optimizers"]] == ["Muon", "AdamW"]
    faster = replace(
        report.assignment.optimizers[1], arguments={**report.assignment.optimizers[1].arguments, "eps": 1e-6}
    )
    changed = replace(report, assignment=replace(report.assignment, optimizers=(report.optimizer, faster)))
    assert [(each.name, each.after) for each in compare(report, changed).setup] == [("optimizer 1 eps", 1e-6)]


def test_the_gate_holds_it_to_its_lock(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.lock").write_text(written(report))
    Path("r.json").write_text(json.dumps(report.to_dict()))
    held = Audit(None, "r.json", lock="a.lock")
    assert judged(held, report, Expectations()).failures == ()
    assert (run(held).exit_code, run(held).parameters, run(held).groups) == (0, 10, 3)
    Path("a.lock").write_text(written(report).replace("optimizer 1  default: embed", "optimizer 0  default: embed"))
    (failure,) = run(held).failures
    assert failure.params == ("embed.weight",)
    assert "optimizer 0 Muon → 1 AdamW by default" in failure.message


def test_what_is_known_of_a_parameter_is_explained(report: Report) -> None:
    again = from_json(json.loads(json.dumps(report.to_dict())), "r.json")
    text = render_explanations(again, [explain(again, "head.weight")], TableOptions())
    assert "optimizer 1, AdamW · group 1 of 2" in text
    assert 'lr           = 3e-5 (custom_keys "head", line 7)' in text
    assert "in no group" in render_explanations(again, [explain(again, "lost")], TableOptions())


@pytest.mark.parametrize("rules", [(None, None), (KEY, None), (None, KEY)])
def test_what_nothing_says_is_not_explained(rules: tuple[Provenance | None, Provenance | None]) -> None:
    """A report of what was built has no rules; a lock may have one of the two."""
    built = from_json(json.loads(json.dumps(made.report(made.param("fc", 0.1, 0.2, *rules)).to_dict())), "r.json")
    explanation = explain(built, "fc")
    text = render_explanations(built, [explanation], TableOptions())
    known = {of for of, rule in zip(("lr", "weight_decay"), rules, strict=True) if rule}
    assert {each.of for each in explanation.results} == known
    assert "in no group" not in text
    assert ("alone in its group" in text) == (rules == (None, None))
