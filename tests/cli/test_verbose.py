"""What people see of findings: the gravest first, and of infos their number, unless they ask for them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pgaudit import cli

MODEL = """
from torch import nn

def make():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 2))
    model[2].requires_grad_(False)
    return model
"""
CONFIG = """
optimizer: {type: SGD, lr: 0.1, weight_decay: 0.1}
paramwise_cfg:
  custom_keys: {absent: {lr_mult: 2}}
  norm_decay_mult: 0
  wd_mult: 0
"""
CODES = {"PG011": "error", "PG001": "warning", "PG010": "warning", "PG007": "info"}
"""What is found, as people read it: by severity, then by place, those without a place last."""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(MODEL)
    Path("c.yaml").write_text(CONFIG)


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[list[str], str]:
    """The codes that are spelled out, in order, and the whole text."""
    assert cli.main([*arguments[:1], "net.py:make", "c.yaml", *arguments[1:]]) < 2
    out = capsys.readouterr().out
    return list(dict.fromkeys(re.findall(r"\b(PG\d{3})\b(?! says)", out))), out


@pytest.mark.parametrize("fmt", [["--width", "60"], ["--format", "svg"], []])
def test_show_counts_infos_and_spells_them_out_on_demand(capsys: pytest.CaptureFixture[str], fmt: list[str]) -> None:
    told, out = _said(capsys, "show", *fmt)
    assert told == ["PG001", "PG010", "PG011"]  # the gravest is nearest to the prompt
    assert "(-v)" in out
    for verbose in ("-v", "--verbose"):
        told, out = _said(capsys, "show", *fmt, verbose)
        assert told == ["PG007", "PG001", "PG010", "PG011"]
        assert "(-v)" not in out


def test_the_last_line_counts_all_and_names_the_gravest(capsys: pytest.CaptureFixture[str]) -> None:
    last = _said(capsys, "show")[1].splitlines()[-1]
    assert last == "1 error, 2 warnings, 1 info (-v), 1 with a fix (--fix). pgaudit finding PG011 says what that means"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], ["PG011"]),
        (["-v"], list(CODES)),
        (["--fail-on", "warning"], ["PG011", "PG001", "PG010"]),
        (["--fail-on", "info"], list(CODES)),
        (["--fail-on", "never"], []),
        (["--fail-on", "never", "-v"], list(CODES)),
    ],
)
def test_check_tells_what_fails_and_the_rest_on_demand(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: list[str]
) -> None:
    assert _said(capsys, "check", *arguments)[0] == told


@pytest.mark.parametrize("arguments", [["show", "--format", "markdown"], ["check", "--format", "concise"]])
def test_other_formats_tell_all_in_the_same_order(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert _said(capsys, *arguments)[0] == list(CODES)


def test_programs_get_all(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(_said(capsys, "show", "--format", "json")[1])["findings"]
    assert [finding["code"] for finding in found] == list(CODES)
    assert next(f["params"] for f in found if f["code"] == "PG007") == ["0.bias"]


@pytest.mark.parametrize("name", ["finding", "rule"])
def test_a_finding_is_explained_under_both_names_and_help_lists_one(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert cli.main([name, "PG003"]) == 0
    assert capsys.readouterr().out.startswith("PG003 overmatch")
    assert cli.main(["--help"]) == 0
    commands = re.findall(r"^  ([a-z]+)  ", capsys.readouterr().out, re.MULTILINE)
    assert "finding" in commands
    assert "rule" not in commands
