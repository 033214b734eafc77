"""What a GLOB names."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgaudit.core.errors import ModelError
from pgaudit.sweep.models import models_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("inv/b.json", "inv/a.json", "inv/deep/c.json", "inv/d.txt", "one.py", "two.py", "x.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("glob", "models"),
    [
        ("inv/*.json", ["inv/a.json", "inv/b.json"]),
        ("inv/**/*.json", ["inv/a.json", "inv/b.json", "inv/deep/c.json"]),
        ("*.json", ["x.json"]),
        ("x.json", ["x.json"]),
        ("inv/*", ["inv/a.json", "inv/b.json", "inv/d.txt"]),
        ("*.py:make", ["one.py:make", "two.py:make"]),
        ("one.py:make", ["one.py:make"]),
        ("nowhere.py:make", ["nowhere.py:make"]),  # what is wrong with a reference, its audit says
        ("package.module:Class", ["package.module:Class"]),
        ("resnet18", ["resnet18"]),
        ("timm:resnet18", ["resnet18"]),
        ("resnet18.a1_in1k", ["resnet18.a1_in1k"]),
        ("resnet1[89]*", ["resnet18", "resnet18d"]),
        ("timm:resnet18*", ["resnet18", "resnet18d"]),
    ],
)
def test_a_glob(glob: str, models: list[str]) -> None:
    assert models_of(glob) == models


@pytest.mark.parametrize(
    ("glob", "hint"),
    [
        ("resnt18", 'did you mean resnet18'),
        ("resnt*", "did you mean resnet"),
        ("inw/*.json", 'did you mean "inv"?'),
        ("inv/*.jsn", None),
        ("inv/z*.json", 'did you mean "inv/b.json"?'),
        ("y.json", 'did you mean "x.json"?'),
        ("on*.pi:make", None),
        ("", None),
        ("no/where/at/all/*.json", None),
    ],
)  # fmt: skip
def test_a_glob_that_matches_nothing(glob: str, hint: str | None) -> None:
    with pytest.raises(ModelError) as raised:
        models_of(glob)
    assert (hint or "") in (raised.value.findings[0].hint or "")


def test_absolute_files_stay_absolute(folder: Path) -> None:
    assert models_of(f"{folder}/inv/*.json") == [f"{folder}/inv/a.json", f"{folder}/inv/b.json"]
