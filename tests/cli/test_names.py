from __future__ import annotations

import json

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
    assert captured.err.startswith('error: no model of timm\'s matches "resnte50*"\n  did you mean resnet50')


def test_constructors_are_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["constructors"]) == 0
    *lines, empty, _ = capsys.readouterr().out.splitlines()
    assert empty == ""
    assert [line.split()[0] for line in lines] == list(CONSTRUCTORS)


@pytest.mark.parametrize("name", CONSTRUCTORS)
@pytest.mark.parametrize("width", [30, 80, 200])
def test_each_is_told_in_any_width(name: str, width: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["constructors", name, "--width", str(width)]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= max(width, 60)  # the longest word of any
    words = out.split()
    for option in CONSTRUCTORS[name].options:
        assert option in words


def test_all_formats_hold_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["constructors", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)["constructors"]
    assert [each["name"] for each in data] == list(CONSTRUCTORS)
    assert all(each["source"] == "built in" and each["ways"] for each in data)
    assert cli.main(["constructors", "--format", "markdown"]) == 0
    page = capsys.readouterr().out
    assert all(f"| `{name}` |" in page for name in CONSTRUCTORS)


def test_an_alias_is_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["constructors", "DefaultOptimWrapperConstructor"]) == 0
    assert capsys.readouterr().out.startswith("mmengine: ")


def test_a_typo(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["constructors", "mmengin"]) == 2
    assert 'did you mean "mmengine"' in capsys.readouterr().err
