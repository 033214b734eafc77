"""The options about the lr over time, as a user types them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from pgaudit import cli

CONFIG = """\
model: nets.py:tiny
optimizer: {type: AdamW, lr: 0.1, weight_decay: 0.05}
paramwise_cfg: {bias_lr_mult: 2.0}
"""
NETS = """
from torch import nn, optim
def tiny():
    return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
def made():
    model = tiny()
    optimizer = optim.AdamW(model.parameters(), lr=0.1)
    return model, optimizer, optim.lr_scheduler.StepLR(optimizer, 10)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "plain.yaml").write_text(CONFIG)
    (tmp_path / "c.yaml").write_text(f"{CONFIG}scheduler: {{type: CosineAnnealingLR, T_max: 100}}\n")
    (tmp_path / "longer.yaml").write_text(f"{CONFIG}scheduler: {{type: CosineAnnealingLR, T_max: 200}}\n")
    (tmp_path / "nets.py").write_text(NETS)
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main([*arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_show_at(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "show", "c.yaml", "--at", "100,0,5_0", "--plot", "--product")
    assert (code, err) == (0, "")
    for words in ("lr@0", "lr@50", "lr@100", "wd×lr@50", "lr over 100 steps", "AdamW takes off in a step"):
        assert words in out


def test_a_live_scheduler_is_followed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "show", "nets.py:made", "--at", "0,15", "--product", "--plot", "--steps", "30")
    assert code == 0
    assert "StepLR step_size 10 · 30 steps" in out
    assert "lr over 30 steps" in out
    assert "takes off in a step" in out
    row = next(line for line in out.splitlines() if line.startswith("0.weight")).split()
    assert row[2:7] == ["0.1", "0.1", "0.01", "0.01", "0.001"]


def test_json_keeps_what_was_asked(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, "show", "c.yaml", "--at", "0,100", "--product", "--format", "json")
    data = json.loads(out)
    first = data["params"][0]
    assert first["lr_at"] == {"0": 0.1, "100": 0.0}
    assert first["decay_per_step"] == 0.1 * 0.05
    assert first["decay_per_step_at"] == {"0": 0.1 * 0.05, "100": 0.0}


def test_a_saved_report_shows_and_compares(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "show", "c.yaml", "--at", "0,50", "--format", "json", "-o", "a.json")[0] == 0
    code, out, _ = _run(capsys, "show", "a.json")
    assert code == 0
    assert "lr@50" in out
    assert "CosineAnnealingLR T_max 100" in out
    code, out, _ = _run(capsys, "diff", "a.json", "c.yaml", "--exit-code")
    assert (code, out.splitlines()[-1].startswith("no difference")) == (0, True)
    code, out, _ = _run(capsys, "diff", "a.json", "longer.yaml", "--exit-code")
    assert code == 1
    assert "lr@50" in out
    code, _, err = _run(capsys, "show", "a.json", "--at", "7")
    assert code == 2
    assert 'error: "a.json" holds the lr at 0, 50 alone, and not at 7' in err


def test_diff_and_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "diff", "c.yaml", "longer.yaml", "--exit-code")
    assert (code, err) == (1, "")
    assert "~ schedule  CosineAnnealingLR T_max 100 → CosineAnnealingLR T_max 200" in out
    # One schedule in place of both.
    one = ("--scheduler", "{type: StepLR, step_size: 5}")
    assert _run(capsys, "diff", "c.yaml", "longer.yaml", "--exit-code", *one)[0] == 0


def test_explain_at(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "explain", "c.yaml", "0.bias", "--at", "0,50")
    assert code == 0
    assert "lr over time, by CosineAnnealingLR T_max 100 · 100 steps:" in out
    assert "@0 0.2 = 0.2 × 1 · @50 0.1 = 0.2 × 0.5" in out
    _, out, _ = _run(capsys, "explain", "c.yaml", "0.bias", "--at", "0,50", "--format", "json")
    assert json.loads(out)["params"][0]["lr_at"]["0"] == 0.2
    _, out, _ = _run(capsys, "explain", "c.yaml", "0.bias")
    assert "over time" not in out


def test_without_a_schedule_the_lr_stays_and_a_note_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "explain", "plain.yaml", "0.weight", "--at", "7")
    assert code == 0
    assert "lr over time, by no schedule:" in out
    assert "note: there is no schedule" in err


def test_check_takes_a_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "check", "plain.yaml", "--scheduler", "{type: OneCycleLR, max_lr: 1}", "--steps", "9")[0] in (
        0,
        1,
    )
    code, out, _ = _run(capsys, "check", "plain.yaml", "--scheduler", "{type: NoSuchLR}")
    assert code == 2
    assert 'has no scheduler "NoSuchLR"' in out
    code, _, err = _run(capsys, "check", "--steps", "9")
    assert code == 2
    assert "--steps has no meaning without MODEL and CONFIG" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "c.yaml", "--plot", "--format", "json"), "--plot is for people"),
        (("show", "c.yaml", "--plot", "--format", "csv"), "--plot is for people"),
        (("show", "c.yaml", "--at", "1,x"), "--at 1,x: x is no step"),
        (("diff", "c.yaml", "longer.yaml", "--at", "-1"), "--at -1: -1 is no step"),
        (("explain", "c.yaml", "0.bias", "--scheduler", "StepLR"), "a schedule is a mapping"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_one_clear_message(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str) -> None:
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_explain_of_a_scheduler_under_way_begins_from_its_first_lr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "under_way.py").write_text(
        "import torch\n"
        "def made():\n"
        "    optimizer = torch.optim.SGD([('w', torch.nn.Parameter(torch.zeros(2)))], lr=0.2)\n"
        "    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)\n"
        "    for _ in range(2):\n"
        "        optimizer.step()\n"
        "        scheduler.step()\n"
        "    return optimizer, scheduler\n"
    )
    code, out, _ = _run(capsys, "explain", "under_way.py:made", "w", "--at", "2,4")
    assert code == 0
    assert "@2 0.1 = 0.2 × 0.5 · @4 0.05 = 0.2 × 0.25" in out
