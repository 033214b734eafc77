"""Which words of a comparison are models, and which are sources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import pgaudit
from pgaudit.cli.shared.sides import alone_in, sides_in
from pgaudit.models.saved.file import written
from pgaudit.snapshot import snapshot


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.yaml", "x.lock", "run.pt"):
        (tmp_path / name).write_text("")
    return tmp_path


A, B = (None, "a.yaml"), (None, "b.yaml")


@pytest.mark.parametrize(
    ("words", "sides"),
    [
        ("a.yaml b.yaml", (A, B)),
        ("a.yaml train.py:make", (A, (None, "train.py:make"))),
        ("resnet18 a.yaml b.yaml", (("resnet18", "a.yaml"), B)),
        ("a.yaml resnet18 b.yaml", (A, ("resnet18", "b.yaml"))),
        ("resnet18 a.yaml train.py:make", (("resnet18", "a.yaml"), (None, "train.py:make"))),
        ("train.py:make resnet18 a.yaml", ((None, "train.py:make"), ("resnet18", "a.yaml"))),
        ("nets.py:net a.yaml b.yaml", (("nets.py:net", "a.yaml"), B)),
        ("a.yaml nets.py:net b.yaml", (A, ("nets.py:net", "b.yaml"))),
        ("train.py:make nets.py:net b.yaml", ((None, "train.py:make"), ("nets.py:net", "b.yaml"))),
        ("resnet18 train.py:make b.yaml", (("resnet18", "train.py:make"), B)),
        ("resnet18 run.pt x.lock", (("resnet18", "run.pt"), (None, "x.lock"))),
        ("x.lock resnet18 run.pt", ((None, "x.lock"), ("resnet18", "run.pt"))),
        ("resnet18 a.yaml resnet50 b.yaml", (("resnet18", "a.yaml"), ("resnet50", "b.yaml"))),
        ("/dev/null a.yaml", ((None, "/dev/null"), A)),
    ],
)
def test_sides(words: str, sides: object) -> None:
    assert sides_in(tuple(words.split())) == sides


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "nothing cannot be"),
        ("a.yaml", '"a.yaml" alone cannot be'),
        ("a.yaml b.yaml a.yaml b.yaml x.lock", "5 arguments cannot be"),
        ("resnet18 a.yaml", '"resnet18" is no source'),
        ("a.yaml b.yaml x.lock", '"a.yaml" is no model'),
        ("a.yaml resnet18 b.yaml resnet50", '"a.yaml" is no model'),
    ],
)
def test_what_is_no_pair_of_sides_is_told(words: str, message: str) -> None:
    with pytest.raises(pgaudit.UsageError, match=message):
        sides_in(tuple(words.split()))


def test_a_saved_inventory_is_a_model_and_a_saved_report_a_source(folder: Path) -> None:
    config = {"optimizer": {"type": "SGD", "lr": 0.1}}
    (folder / "m.json").write_text(written(snapshot("test_vit")))
    (folder / "r.json").write_text(json.dumps(pgaudit.audit("test_vit", config).to_dict()))
    assert sides_in(("r.json", "m.json", "a.yaml")) == ((None, "r.json"), ("m.json", "a.yaml"))
    assert sides_in(("m.json", "a.yaml", "r.json")) == (("m.json", "a.yaml"), (None, "r.json"))


@pytest.mark.parametrize(
    ("words", "model", "alone"),
    [
        ("a.yaml", None, (None, "a.yaml")),
        ("a.yaml", "resnet18", ("resnet18", "a.yaml")),
        ("resnet18 a.yaml", None, ("resnet18", "a.yaml")),
        ("a.yaml b.yaml", None, None),
        ("nets.py:net a.yaml", None, None),
        ("run.pt a.yaml", None, None),
        ("resnet18 a.yaml b.yaml", None, None),
        ("", None, None),
    ],
)
def test_one_source_alone(words: str, model: str | None, alone: object) -> None:
    assert alone_in(tuple(words.split()), model) == alone
