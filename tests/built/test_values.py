"""Hyperparameters as plain values."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn, optim

from pgaudit.built.optimizers import built_optimizer
from pgaudit.built.shards import sharding_notes
from pgaudit.built.values import OnMeta, plain_value, same
from pgaudit.models.built import BuiltModel


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (torch.tensor(0.5), 0.5),
        (torch.tensor([0.5]), 0.5),
        (nn.Parameter(torch.tensor(2.0)), 2.0),
        ((torch.tensor(0.5), 0.25), (0.5, 0.25)),
        ([1, [torch.tensor(3)]], [1, [3]]),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float64(0.1), 0.1),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("word"), "word"),
        (np.array(0.5), 0.5),
        (np.array([0.5]), 0.5),
        ((np.float32(0.5), np.float64(0.25)), (0.5, 0.25)),
        (Fraction(1, 10), 0.1),
        ("text", "text"),
        (None, None),
        (True, True),
    ],
)
def test_a_tensor_of_one_number_is_that_number(value: Any, plain: Any) -> None:
    assert plain_value(value) == plain
    assert type(plain_value(value)) is type(plain)


def test_a_tensor_of_several_numbers_stays() -> None:
    value = torch.tensor([1.0, 2.0])
    assert plain_value(value) is value


def test_a_tensor_without_a_value_is_told() -> None:
    for value in (torch.empty((), device="meta"), (0.9, torch.empty((), device="meta"))):
        with pytest.raises(OnMeta):
            plain_value(value)


def test_equality_of_whatever_a_group_holds() -> None:
    assert same(math.nan, math.nan)
    assert same((0.9, 0.999), (0.9, 0.999))
    assert not same(0.1, 0.2)
    assert not same(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0]))


def test_arguments_and_defaults_of_a_class() -> None:
    model = nn.Linear(2, 2)
    found, _ = built_optimizer(optim.SGD(model.parameters(), lr=0.1, momentum=0.9), "", {})
    assert found.arguments == {"lr": 0.1, "weight_decay": 0, "momentum": 0.9}
    assert found.own_defaults["nesterov"] is False
    assert "params" not in found.own_defaults


def test_what_zero_3_empties_is_said_to_be_a_shard() -> None:
    """DeepSpeed is not here: it leaves an empty tensor with the attribute ``ds_shape``."""
    model = nn.Linear(2, 2)
    model.weight = nn.Parameter(torch.empty(0))
    model.weight.ds_shape = torch.Size([2, 2])  # type: ignore[attr-defined]
    built = BuiltModel(model, "model")
    (note,) = sharding_notes(built.tensors())
    assert note == "ZeRO-3 holds a part of 1 tensor here: shape and ndim are the shard's, not the parameter's"
