"""Names for tensors that are not the model's own: what is proved is right, and the rest has no name."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn, optim

import pgaudit
from pgaudit.built.matching import BY_CODE, matched, matched_with, model_tensors
from pgaudit.built.optimizers import built_optimizer
from pgaudit.core.built import BuiltOptimizer
from pgaudit.models.built import BuiltModel
from tests.built.cases import Net

SIZES = st.lists(st.integers(1, 3), min_size=2, max_size=7)


def _model(sizes: list[int]) -> nn.Sequential:
    return nn.Sequential(*(nn.Linear(one, two) for one, two in pairwise(sizes)))


def _without_names(optimizer: optim.Optimizer) -> BuiltOptimizer:
    return built_optimizer(optimizer, "", {})[0]


@given(SIZES, st.randoms(use_true_random=False))
def test_own_names_are_right_in_any_order(sizes: list[int], choice: random.Random) -> None:
    model = _model(sizes)
    named = list(model.named_parameters())
    choice.shuffle(named)
    cut = choice.randint(1, len(named) - 1)
    groups = [{"params": part} for part in (named[:cut], named[cut:])]
    optimizer = optim.SGD(groups, lr=0.1)
    (found,) = matched([_without_names(optimizer)], BuiltModel(model, "model").inventory())
    assert [tensor.name for tensor in found.tensors] == [name for name, _ in named]
    assert found.names_from == "param_names"


GROUPS = st.lists(st.integers(0, 2), min_size=12, max_size=12)


@given(SIZES, GROUPS, GROUPS)
def test_code_names_what_stands_at_its_places(sizes: list[int], saved: list[int], coded: list[int]) -> None:
    """A state has the names of the code that it was built by; of other code, where sizes or shapes differ, none."""
    model = _model(sizes)
    tensors = list(model.parameters())

    def built(choice: list[int]) -> optim.Optimizer:
        groups = [
            [tensor for tensor, which in zip(tensors, choice, strict=False) if which == group] for group in range(3)
        ]
        return optim.SGD([{"params": group} for group in groups], lr=0.1)

    ours, theirs = built(coded), built(saved)
    inventory = BuiltModel(model, "model").inventory()
    named = dict(zip(map(id, tensors), model_tensors(inventory), strict=True))
    code, _ = built_optimizer(ours, "", named)
    (found,) = matched_with([_without_names(theirs)], [code])
    shapes = [
        [[tuple(each.shape) for each in group["params"]] for group in each.param_groups] for each in (ours, theirs)
    ]
    assert (found.names_from == BY_CODE) == (shapes[0] == shapes[1])
    if found.names_from:
        assert [tensor.name for tensor in found.tensors] == [tensor.name for tensor in code.tensors]


@pytest.mark.parametrize("own", [True, False])
def test_code_whose_optimizer_is_of_another_copy_names_nothing(own: bool) -> None:
    model, copy = nn.Linear(2, 2), nn.Linear(2, 2)
    inventory = BuiltModel(model, "model").inventory()
    named = dict(zip(map(id, model.parameters()), model_tensors(inventory), strict=True))
    optimizer = optim.SGD((model if own else copy).parameters(), lr=0.1)
    code, _ = built_optimizer(optimizer, "", named)
    (found,) = matched_with([_without_names(optimizer)], [code])
    assert (found.names_from == BY_CODE) == own


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
def test_names_with_the_prefix_of_a_wrapper(prefix: str) -> None:
    model = nn.Linear(2, 3)
    optimizer = optim.SGD([(f"{prefix}{name}", tensor) for name, tensor in model.named_parameters()], lr=0.1)
    (found,) = matched([_without_names(optimizer)], BuiltModel(model, "model").inventory())
    assert [tensor.name for tensor in found.tensors] == ["weight", "bias"]


@pytest.mark.parametrize("wrong", ["a name", "a shape"])
def test_names_of_another_model_are_not_taken(wrong: str) -> None:
    model = nn.Linear(2, 3)
    named = {"weight": model.weight, "bias": model.bias}
    if wrong == "a name":
        named = {"weight": model.weight, "scale": model.bias}
    else:
        named["bias"] = nn.Parameter(torch.zeros(7))
    optimizer = _without_names(optim.SGD([*named.items()], lr=0.1))
    (found,) = matched([optimizer], BuiltModel(model, "model").inventory())
    assert found.unproven
    assert replace(found, unproven=None) == optimizer


def test_of_two_without_names_neither_gets_one() -> None:
    model = nn.Linear(2, 3)
    both = [_without_names(optim.SGD([tensor], lr=0.1)) for tensor in model.parameters()]
    found = matched(both, BuiltModel(model, "model").inventory())
    assert all(each.unproven for each in found)
    assert [replace(each, unproven=None) for each in found] == both


def test_a_tensor_without_a_shape_proves_nothing() -> None:
    model = nn.Linear(2, 3)
    known = _without_names(optim.SGD(model.parameters(), lr=0.1))
    groups = tuple(replace(g, tensors=tuple(replace(t, shape=None) for t in g.tensors)) for g in known.groups)
    bare = replace(known, groups=groups)
    (found,) = matched([bare], BuiltModel(model, "model").inventory())
    assert found.unproven
    assert replace(found, unproven=None) == bare


def test_a_tensor_that_was_replaced_is_not_the_models(  # the head of a model, after its optimizer was built
) -> None:
    model = Net()
    optimizer = optim.SGD(model.named_parameters(), lr=0.1)
    model.fc = nn.Linear(4, 2)
    report = pgaudit.audit(model, optimizer)
    assert report["fc.weight"].group is None
    assert [row.name for row in report if row.param.module_type is None] == ["group 0 [5]", "group 0 [6]"]


def test_the_other_model_of_two_has_no_name_of_the_first() -> None:
    first, second = Net(), Net()
    pair = {"g": optim.SGD(first.named_parameters(), lr=0.1), "d": optim.SGD(second.named_parameters(), lr=0.2)}
    report = pgaudit.audit(first, pair)
    assert all(row.optimizer == 0 and not row.also_in for row in report if row.param.module_type)
    assert [row.name for row in report if row.param.module_type is None][:2] == [
        "optimizer 1 group 0 [0]",
        "optimizer 1 group 0 [1]",
    ]
