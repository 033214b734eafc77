"""The layers of a model's names: timm's own functions are the oracle."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch import nn

from pgaudit.models.built import BuiltModel
from pgaudit.models.walk.layers import chunked_layers, matched_layers

NAMES = ["stem.weight", *(f"blocks.{i}.{name}" for i in (0, 10, 2) for name in ("fc", "norm")), "norm.weight", "head.a"]


class Named(nn.Module):
    """A model with parameters of just these names."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        for name in names:
            owner: nn.Module = self
            *parents, own = name.split(".")
            for parent in parents:
                if parent not in owner._modules:
                    owner.add_module(parent, nn.Module())
                owner = owner.get_submodule(parent)
            owner.register_parameter(own, nn.Parameter(torch.empty(1, device="meta")))


MATCHERS: list[Any] = [
    {},
    {"stem": "^stem"},
    {"stem": "stem", "blocks": r"^blocks\.(\d+)"},
    {"blocks": r"^blocks\.(\d+)", "stem": "stem"},  # the order of groups is that of the mapping
    {"stem": "^stem", "blocks": [(r"^blocks\.(\d+)", None), ("^norm", (99999,))]},
    {"stem": "^stem", "blocks": [(r"^blocks\.(\d+)", (0,)), ("^norm", (1, 99999))]},
    {"first": [("^norm", (99999,))], "rest": "."},  # nothing before it
    {"none": None, "stem": "^stem", "all": ""},
    {"inside": "fc", "digits": r"\d+"},  # no name begins so
    {"two": r"^blocks\.(\d)(\d)"},
    [(re.compile("^stem"), (0,), None)],
    lambda name: len(name),
    lambda name: (name.count("."), 99999),
    lambda name: name,
    lambda name: (),
]
FAILING: list[Any] = [
    {"a": "("},
    {"a": 1},
    {"a": r"(\w+)"},
    {"a": "(x)?s"},
    {"a": [("^stem",)]},
    {"a": [("^stem", 7)]},
    None,
    1,
    lambda name: None if "stem" in name else 1,
    lambda name: name if "stem" in name else 1,
    lambda name: 1 / 0,
    lambda name: [[name]],
]


@pytest.mark.parametrize("matcher", MATCHERS, ids=range(len(MATCHERS)))
def test_matchers(matcher: Any) -> None:
    from timm.models import group_parameters

    model = Named(NAMES)
    names = [name for name, _ in model.named_parameters()]
    assert matched_layers(names, matcher) == group_parameters(model, matcher, reverse=True)


@pytest.mark.parametrize("matcher", FAILING, ids=range(len(FAILING)))
def test_what_makes_timm_raise_raises_here(matcher: Any) -> None:
    from timm.models import group_parameters

    model = Named(NAMES)
    with pytest.raises(Exception) as theirs:
        group_parameters(model, matcher, reverse=True)
    with pytest.raises(type(theirs.value)):
        matched_layers([name for name, _ in model.named_parameters()], matcher)


@pytest.mark.parametrize("count", [1, 11, 12, 13, 25])
@pytest.mark.parametrize("classifier", [None, "", [], "head", ["head", "p0"], ("p1",), "nothing"])
def test_chunks(count: int, classifier: Any) -> None:
    from timm.optim._param_groups import auto_group_layers

    model: Any = Named([*(f"p{i}" for i in range(count)), "head.weight", "head_dist.weight"])
    model.pretrained_cfg = {"classifier": classifier}
    names = [name for name, _ in model.named_parameters()]
    assert chunked_layers(names, classifier) == auto_group_layers(model)


def test_what_a_walk_keeps() -> None:
    class Failing(nn.Linear):
        pretrained_cfg = None

        def no_weight_decay(self) -> int:
            return 3

    hints = BuiltModel(Failing(1, 1), "model").inventory().hints
    assert hints.layers == {}
    assert hints.raised == {
        "layers": "AttributeError: 'NoneType' object has no attribute 'get'",
        "no_weight_decay": "TypeError: int is no collection of names",
    }
    plain = BuiltModel(nn.Linear(1, 1), "model").inventory().hints
    assert (plain.layers, plain.layered_by, plain.raised) == ({"weight": 0, "bias": 0}, "", {})
