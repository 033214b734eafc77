"""Formats for programs are parsed back, and hold what the report holds."""

from __future__ import annotations

import csv
import io
import json

import pytest

from pgaudit import UsageError
from pgaudit.render.report.data import render_csv, render_json
from pgaudit.render.report.markdown import render_markdown
from pgaudit.render.select import Selection
from tests.render.reports import HOSTILE, everything, hostile


@pytest.mark.parametrize("report", [everything(), hostile()], ids=["everything", "hostile"])
def test_json_is_the_report(report) -> None:  # type: ignore[no-untyped-def]
    text = "".join(render_json(report, Selection()))
    assert text == json.dumps(report.to_dict(), indent=2) + "\n"
    assert text.isascii()
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "".join(render_json(report, Selection())) == text


def test_json_has_the_schema_that_programs_rely_on() -> None:
    data = everything().to_dict()
    assert list(data) == [
        *("schema_version", "tool", "origin", "model", "config", "optimizers"),
        *("params", "groups", "findings", "summary"),
    ]
    assert data["origin"] == "config"
    assert data["schema_version"] == 1
    assert data["model"] == {"ref": "Wrapper", "source": "module", "parameters": 19, "numel": 286}
    assert data["config"]["optimizer"] == {"type": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4}
    assert data["optimizers"] == [{"type": "SGD", "arguments": {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4}}]
    by_name = {param["name"]: param for param in data["params"]}
    assert by_name["head.weight"] == {
        "name": "head.weight",
        "aliases": ["head_twin.weight"],
        "shape": [4, 4],
        "numel": 16,
        "dtype": "float32",
        "module_type": "torch.nn.modules.linear.Linear",
        "trainable": True,
        "in_optimizer": True,
        "optimizer": 0,
        "group": 15,
        "lr": 1.0,
        "weight_decay": 1e-4,
        "lr_rule": {"option": "custom_keys", "key": "head", "line": None, "column": None},
        "weight_decay_rule": {"option": "custom_keys", "key": "head", "line": None, "column": None},
        "extra": {},
    }
    lost = by_name["sibling.weight"]
    assert [lost[key] for key in ("in_optimizer", "group", "lr", "lr_rule")] == [False, None, None, None]
    assert by_name["stem.weight"]["lr_rule"]["option"] == "frozen"
    assert data["groups"][15] == {
        "optimizer": 0, "index": 15, "lr": 1.0, "weight_decay": 1e-4, "parameters": 1, "numel": 16, "extra": {},
    }  # fmt: skip
    assert [finding["code"] for finding in data["findings"] if finding["severity"] == "error"] == ["PG011"]
    assert {"option": "custom_keys", "key": "head", "parameters": 2, "numel": 20} in data["summary"]["rules"]


def test_every_parameter_is_in_one_group_and_the_groups_hold_them_all() -> None:
    report = everything()
    assert sum(group.parameters for group in report.groups) == sum(row.group is not None for row in report.params)
    assert [group.index for group in report.groups] == list(range(len(report.groups)))


def test_csv_reads_back() -> None:
    report = everything()
    rows = list(csv.DictReader(io.StringIO(render_csv(report, Selection()))))
    assert [row["name"] for row in rows] == [row.name for row in report.params]
    for line, row in zip(rows, report.params, strict=True):
        assert (float(line["lr"]) if line["lr"] else None) == row.lr
        assert (float(line["weight_decay"]) if line["weight_decay"] else None) == row.weight_decay


def test_hostile_names_break_no_format() -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv(hostile(), Selection()))))
    assert len(rows) == 2
    assert json.loads("".join(render_json(hostile(), Selection())))["params"][0]["name"] == f"{HOSTILE}.weight"
    text = render_markdown(hostile(), Selection())
    assert all(char.isprintable() or char == "\n" for char in text)
    for line in text.splitlines():
        if line.startswith("|"):  # an unescaped bar would add a cell
            cells = line.replace("\\|", "").count("|") - 1
            assert cells in (3, 6)


def test_markdown_marks_what_differs() -> None:
    text = render_markdown(everything(), Selection(), folded=True)
    assert "| `blocks.{0..2}.bn1.{weight,bias}` | 6 | 0.1 | **0** | default | norm\\_decay\\_mult |" in text


def test_a_selection_chooses_rows_and_nothing_else() -> None:
    report = everything()
    data = json.loads("".join(render_json(report, Selection(filters=("head",)))))
    assert [param["name"] for param in data["params"]] == ["head.weight", "head.bias"]
    assert {key: data[key] for key in data if key != "params"} == {
        key: value for key, value in report.to_dict().items() if key != "params"
    }


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (Selection(filters=("head_twin.*",)), ["head.weight"]),  # an alias is a name
        (Selection(filters=("*.bn1.bias",)), [f"blocks.{i}.bn1.bias" for i in range(3)]),
        (Selection(filters=("sibling", "token")), ["token", "sibling.weight", "sibling.bias"]),
        (Selection(rules=("head",)), ["head.weight", "head.bias"]),
        (Selection(rules=("custom_keys.head",)), ["head.weight", "head.bias"]),
        (Selection(rules=("frozen",)), ["stem.weight"]),
        (Selection(filters=("stem",), changed=True), ["stem.weight", "stem.bias"]),
        (Selection(filters=("token",), changed=True), []),
    ],
)
def test_selections(selection: Selection, names: list[str]) -> None:
    data = json.loads("".join(render_json(everything(), selection)))
    assert [param["name"] for param in data["params"]] == names


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (
            Selection(filters=("hed",)),
            r'--filter hed matches no parameter \(did you mean "head\.\*"\? It matches 2 names\)',
        ),
        (Selection(filters=("head", "*.nope")), r"--filter \*\.nope matches no parameter"),
        (Selection(rules=("norm_decay",)), r'--rule norm_decay: .*did you mean "norm_decay_mult"'),
        (Selection(rules=("zzz",)), r"--rule zzz: no such rule decided anything \(these did: "),
    ],
)
def test_a_selection_that_can_match_nothing_is_a_mistake(selection: Selection, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        render_json(everything(), selection)
