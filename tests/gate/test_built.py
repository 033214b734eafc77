"""The gate over what code builds, as a project file lists it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pgaudit import cli

TRAIN = """\
import torch
from torch import nn
def make(lr=0.1):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    return model, torch.optim.SGD(model.parameters(), lr=lr)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "pgaudit.yaml").write_text("audits:\n  - built: train.py:make\n    lock: train.lock\n")
    assert cli.main(["lock", "train.py:make", "-o", "train.lock"]) == 0
    return tmp_path


def test_it_passes_and_fails_by_its_lock(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check"]) == 0
    (folder / "pgaudit.yaml").write_text(
        "audits: [{built: 'train.py:make', lock: train.lock, model_args: {lr: 0.2}}]\n"
    )
    assert cli.main(["check"]) == 1
    assert "0.2" in capsys.readouterr().out


def test_without_code_it_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--no-code"]) == 2
    out, err = capsys.readouterr()
    assert "pgaudit.yaml:2:5" in out + err
    assert "--no-code" in out + err


def test_what_is_not_there_is_told_at_its_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pgaudit.yaml").write_text("audits:\n  - built: train.py:mke\n")
    assert cli.main(["check"]) == 2
    out, err = capsys.readouterr()
    assert "pgaudit.yaml:2:5" in out + err
    assert 'no attribute "mke"' in out + err
