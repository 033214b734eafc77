"""The plain form of values: of a live object the same as of what torch.save has written of it."""

from __future__ import annotations

import collections
import enum
import fractions
import io
import math
import pathlib
import tempfile
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pgaudit.checkpoints import read_checkpoint
from pgaudit.core.plain import CUT, Opaque, agree, plain
from pgaudit.serialize import plain as for_json
from tests.budget import examples


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


READ: dict[str, st.SearchStrategy[Any]] = {
    "nothing": st.none(),
    "flag": st.booleans(),
    "whole": st.integers(-(2**70), 2**70),
    "number": st.floats(),
    "text": st.text(max_size=5),
    "dtype": st.sampled_from([torch.float32, torch.bfloat16, torch.int64, torch.bool]),
    "class": st.sampled_from([nn.Linear, nn.SiLU, collections.OrderedDict, int, fractions.Fraction]),
    "function": st.sampled_from([nn.functional.relu, nn.functional.gelu, len, math.sqrt]),
    "of numpy": st.sampled_from([np.float32(0.1), np.float64(0.25), np.int64(3), np.bool_(True)]),
    "tensor": st.sampled_from([torch.tensor(0.5), torch.tensor([[2]]), torch.tensor(1.5, dtype=torch.bfloat16)]),
}
"""What is read of a file, so that two may be told apart."""
OPAQUE: list[Any] = [
    torch.arange(3.0),
    torch.device("cpu"),
    np.arange(3),
    pathlib.PurePosixPath("a"),
    fractions.Fraction(1, 3),
    slice(1, 2),
    Colour.RED,
    Level.LOW,
    1 + 2j,
    b"ab",
    nn.Identity().forward,
]
"""What is not."""


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=3), st.integers(0, 5)), inner, max_size=3),
        st.dictionaries(st.text(max_size=3), inner, max_size=2).map(collections.OrderedDict),
        st.sets(st.integers(0, 9), max_size=3),
        st.just(torch.Size([2, 3])),
    )


VALUES = st.recursive(st.one_of(*READ.values()), _containers, max_leaves=6)


def _read(value: Any, folder: str) -> Any:
    path = pathlib.Path(folder) / "x.pt"
    torch.save({"state": {}, "param_groups": [{"params": [0], "x": value}]}, path)
    return read_checkpoint(str(path)).optimizers[0].groups[0].values["x"]


@given(value=VALUES, other=VALUES)
@settings(max_examples=examples(300))
def test_a_random_value_is_in_a_file_what_it_is_in_a_group(value: Any, other: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stored = _read(value, folder)
    assert agree(plain(value), stored) is True
    assert agree(stored, plain(other)) is agree(plain(value), plain(other))
    assert agree(plain(value), plain(other)) is not None


@pytest.mark.parametrize("value", OPAQUE, ids=repr)
@pytest.mark.parametrize("wrapped", ["alone", "in a list", "in a mapping"])
def test_what_is_not_read_is_not_compared(value: Any, wrapped: str, tmp_path: pathlib.Path) -> None:
    def wrap(value: Any) -> Any:
        return {"alone": value, "in a list": [1, value], "in a mapping": {"a": (value,)}}[wrapped]

    held, stored = plain(wrap(value)), _read(wrap(value), str(tmp_path))
    assert agree(held, stored) is None
    assert agree(stored, stored) is None
    assert agree(stored, wrap(None)) is False
    assert agree(stored, [2, "another"]) is (None if isinstance(stored, Opaque) else False)


def test_what_is_too_deep_or_too_long_is_cut_alike(tmp_path: pathlib.Path) -> None:
    deep: list[Any] = [1]
    for _ in range(20):
        deep = [deep]
    for value in (deep, list(range(20_000)), [list(range(6_000)), list(range(6_000))], {n: n for n in range(20_000)}):
        stored = _read(value, str(tmp_path))
        assert plain(value) == stored
        assert agree(plain(value), stored) is None
    assert plain(list(range(20_000)))[-1] is CUT
    assert for_json(list(range(20_000))) == list(range(20_000))
    assert for_json(deep) == deep


def test_what_json_holds() -> None:
    values = (math.nan, -math.inf, 1 + 2j, torch.float16, np.float32(0.5), (1, {2: None}), nn.SiLU, torch.arange(2))
    assert for_json(values) == [
        "nan",
        "-inf",
        "(1+2j)",
        "torch.float16",
        0.5,
        [1, {"2": None}],
        "<torch.nn.modules.activation.SiLU>",
        "<tensor of shape 2>",
    ]
    assert agree(math.nan, math.nan)
    assert not agree(math.nan, 1.0)


def test_what_has_no_value_has_none() -> None:
    assert plain(torch.empty((), device="meta")) == "<tensor of shape ()>"
    assert plain(io.BytesIO()) == "<_io.BytesIO>"
