from __future__ import annotations

import pytest
import timm

from pgaudit import cli
from pgaudit.constructors import CONSTRUCTORS


def test_models_are_timms(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models"]) == 0
    assert capsys.readouterr().out.splitlines() == timm.list_models()
    assert cli.main(["models", "resnet1*"]) == 0
    assert capsys.readouterr().out.splitlines() == timm.list_models("resnet1*")


def test_no_such_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "resnte50*"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "did you mean resnet50" in captured.err


def test_constructors_are_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["constructors"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(CONSTRUCTORS)
