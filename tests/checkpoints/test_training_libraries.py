"""What the real Lightning, accelerate and transformers write, against the objects from which they wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pgaudit.checkpoints import is_checkpoint, read_checkpoint
from pgaudit.core.built import Checkpoint
from tests.parity.client import Oracle


@pytest.fixture(scope="module")
def training() -> Iterator[Oracle]:
    with Oracle("training", "tests.checkpoints.oracle_training", "training") as oracle:
        yield oracle


def _agree(found: Checkpoint, real: dict[str, Any], *, named: bool) -> None:
    assert len(found.optimizers) == len(real["optimizers"])
    for read, optimizer in zip(found.optimizers, real["optimizers"], strict=True):
        assert len(read.groups) == len(optimizer["groups"])
        for group, expected in zip(read.groups, optimizer["groups"], strict=True):
            assert {key: _json(value) for key, value in group.values.items()} == expected["values"]
            assert [list(each.shape or ()) for each in group.tensors] == expected["shapes"]
            assert [each.steps for each in group.tensors] == expected["steps"]
            assert [each.name for each in group.tensors] == (
                expected["names"] if named else [None] * len(group.tensors)
            )
    assert [each.values["last_epoch"] for each in found.schedulers] == [real["last_epoch"]]


def _json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def test_transformers(training: Oracle, tmp_path: Path) -> None:
    real = training.ask(write="transformers", folder=str(tmp_path))
    folder = tmp_path / "checkpoint-3"
    assert is_checkpoint(str(folder))
    found = read_checkpoint(str(folder))
    assert (found.layout, found.notes) == ("transformers", ("it was saved after step 3",))
    _agree(found, real, named=False)
    assert {name: list(each.shape or ()) for name, each in found.parameters.items()} == real["parameters"]
    (alone,) = read_checkpoint(str(folder / "optimizer.pt")).optimizers
    assert alone.groups == found.optimizers[0].groups


def test_accelerate(training: Oracle, tmp_path: Path) -> None:
    real = training.ask(write="accelerate", folder=str(tmp_path))
    folder = tmp_path / "state"
    assert is_checkpoint(str(folder))
    found = read_checkpoint(str(folder))
    assert (found.layout, [each.key for each in found.optimizers]) == ("accelerate", ["optimizer", "optimizer_1"])
    first, second = found.optimizers
    assert (first.names_from, second.names_from) == ("param_names", None)
    for read, optimizer in zip(found.optimizers, real["optimizers"], strict=True):
        one = Checkpoint("", "", (read,), schedulers=found.schedulers)
        _agree(one, {"optimizers": [optimizer], "last_epoch": real["last_epoch"]}, named=read is first)
    assert {"0.weight", "2.weight"} < set(found.parameters)
    (chosen,) = read_checkpoint(str(folder), key="optimizer_1").optimizers
    assert chosen == second


def test_lightning(training: Oracle, tmp_path: Path) -> None:
    real = training.ask(write="lightning", folder=str(tmp_path))
    found = read_checkpoint(str(tmp_path / "last.ckpt"))
    (read,) = found.optimizers
    assert (found.layout, read.key) == ("Lightning", "optimizer_states[0]")
    assert read.names_from == "Lightning's finetuning callback"
    _agree(found, real, named=True)
    assert {name: list(each.shape or ()) for name, each in found.parameters.items()} == real["parameters"]
