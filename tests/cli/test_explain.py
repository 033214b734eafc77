"""`pgaudit explain` and `pgaudit finding` as a user types them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from pgaudit import cli
from pgaudit.checks import DOCUMENTED

CONFIG = """\
optimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}
paramwise_cfg:
  norm_decay_mult: 0
  custom_keys:
    "1.": {lr_mult: 0.1}
    weight: {decay_mult: 2}
"""
NETS = """
from torch import nn
def tiny(width=2):
    return nn.Sequential(nn.Linear(width, width), nn.BatchNorm1d(width))
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "c.yaml").write_text(CONFIG)
    (tmp_path / "named.yaml").write_text(f"model: nets.py:tiny\n{CONFIG}")
    (tmp_path / "nets.py").write_text(NETS)


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


EXPLAINED = """\
1.weight
2 · BatchNorm1d · trainable · group 2 of 4

mmcv 1.7.2 tries, in this order:
  ✓ "weight" :6         1.[weight]  lr 0.1 · decay 2e-4
  ○ "1." :5             [1.]weight  would give lr 0.01 · decay 1e-4  loses to "weight" :6: the longer key wins
  ○ norm_decay_mult :3  BatchNorm1d is a norm  would give decay 0  loses to "weight" :6: a custom key leaves the \
options no turn

lr    = 0.1 × 1 (custom_keys "weight", line 6; no lr_mult given) = 0.1
decay = 1e-4 × 2 (custom_keys "weight", line 6) = 2e-4
"""


def test_every_rule_and_the_arithmetic(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "explain", "nets.py:tiny", "c.yaml", "1.weight") == (0, EXPLAINED, "")


def test_the_config_may_name_its_model(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "explain", "named.yaml", "1.weight")
    assert code == 0
    assert '✓ "weight" :7 ' in out  # a line further down


def test_json_has_every_evaluation(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(_run(capsys, "explain", "nets.py:tiny", "c.yaml", "1", "--format", "json")[1])
    assert [param["name"] for param in data["params"]] == ["1.weight", "1.bias"]
    (occurrence,) = data["params"][0]["meetings"]
    won, lost, _ = occurrence["trials"]
    assert won["decides"] == ["lr", "weight_decay"]
    assert won["would_set"] == {"lr": 0.1, "weight_decay": 2e-4}
    assert lost["beaten_by"] == {"option": "custom_keys", "key": "weight", "line": 6, "column": 5}
    assert (lost["searched"], lost["spans"], lost["principle"]) == ("1.weight", [[0, 2]], "the longer key wins")


@pytest.mark.parametrize("width", [30, 50, 79, 200])
def test_a_narrow_terminal_breaks_lines_and_loses_nothing(capsys: pytest.CaptureFixture[str], width: int) -> None:
    out = _run(capsys, "explain", "nets.py:tiny", "c.yaml", "1.weight", "--width", str(width))[1]
    assert out.split() == EXPLAINED.split()
    assert all(len(line) <= max(width, 31) for line in out.splitlines())


@pytest.mark.parametrize("width", range(30, 131, 4))
def test_no_blank_line_between_the_rules(capsys: pytest.CaptureFixture[str], width: int) -> None:
    out = _run(capsys, "explain", "nets.py:tiny", "c.yaml", "1.weight", "--width", str(width))[1]
    assert out.count("\n\n") == EXPLAINED.count("\n\n")


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["nets.py:tiny", "c.yaml", "1.wieght"], "no parameter is called 1.wieght", 'did you mean "1.weight"?'),
        (["nets.py:tiny", "c.yaml", ""], 'no parameter is called ""', "a whole name"),
        (["nets.py:tiny", "c.yaml", "x*"], "no parameter is called x*", "a whole name"),
        (["nets.py:tiny", "c.yaml"], "PARAM is missing", "pgaudit explain MODEL CONFIG PARAM"),
        (["c.yaml", "nets.py:tiny", "0.bias"], "MODEL comes before CONFIG", "pgaudit explain nets.py:tiny c.yaml"),
        ([], "PARAM is missing", "pgaudit explain"),
        (["nets.py:tini", "c.yaml", "0.bias"], "tini", "tiny"),
        (["nets.py:tiny", "d.yaml", "0.bias"], "no such config file", '"c.yaml"'),
        (["nets.py:tiny", "c.yaml", "0.bias", "--constructor", "mcv"], "unknown constructor", '"mmcv"'),
    ],
)
def test_whatever_is_wrong_is_one_message(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str, hint: str
) -> None:
    code, out, err = _run(capsys, "explain", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err


def test_all_findings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "rule")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines() if line.startswith("PG")] == list(DOCUMENTED)


@pytest.mark.parametrize("word", ["PG003", "pg003", "overmatch"])
def test_a_finding_is_explained(capsys: pytest.CaptureFixture[str], word: str) -> None:
    code, out, _ = _run(capsys, "rule", word, "--width", "60")
    assert code == 0
    assert out.startswith("PG003 overmatch [warning]\n")
    for part in ("\nWhat\n", "\nWhy it hurts\n", "\nExample\n", "\nHow to fix it\n", 'ignore: {PG003: "the reason"}'):
        assert part in out
    assert all(len(line) <= 60 for line in out.splitlines())


def test_a_format_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = _run(capsys, "finding", "--format", "jsn")
    assert code == 2
    assert err.startswith("error: Invalid value for '--format': 'jsn' is not one of 'table'")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("PG099", "known: PG001 to"),
        ("pg3", 'did you mean "PG003"?'),
        ("PG0012", '"PG012"'),
        ("overmach", '"overmatch"'),
        ("nonsense", "known: PG001 to"),
    ],
)
def test_there_is_no_such_finding(capsys: pytest.CaptureFixture[str], word: str, hint: str) -> None:
    code, out, err = _run(capsys, "rule", word)
    assert (code, out) == (2, "")
    assert f"there is no finding {word}" in err
    assert hint in err


def test_findings_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(_run(capsys, "finding", "--format", "json")[1])
    assert [entry["code"] for entry in data["rules"]] == list(DOCUMENTED)
    assert all(all(entry.values()) for entry in data["rules"])
    one = json.loads(_run(capsys, "rule", "pg011", "--format", "json")[1])
    assert [(entry["code"], entry["severity"]) for entry in one["rules"]] == [("PG011", "error")]


def test_a_page_of_all_findings(capsys: pytest.CaptureFixture[str]) -> None:
    out = _run(capsys, "finding", "--format", "markdown")[1]
    assert [line for line in out.splitlines() if line.startswith("## ")] == [
        f"## {code} {module.KIND.name}" for code, module in DOCUMENTED.items()
    ]
