"""What a rule is believed to be about is what it is about, once it is written."""

from __future__ import annotations

import random
from itertools import product

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pgaudit.convert.predicates import Vocabulary, bits
from pgaudit.convert.rules import Matcher
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.models.built import BuiltModel
from pgaudit.names import Names
from tests.budget import examples

PATHS = [path for depth in range(4) for path in product("ab", repeat=depth)]


@st.composite
def _models(draw: st.DrawFn) -> nn.Module:
    """Modules that are called like those around them; some parameters are tied."""
    model = nn.Module()
    for path in PATHS:
        if draw(st.booleans()):
            continue
        module = model
        for name in path:
            if name not in dict(module.named_children()):
                module.add_module(name, nn.Module())
            module = module.get_submodule(name)
        tied = [] if draw(st.integers(0, 9)) else list(model.parameters())
        module.register_parameter("weight", tied[0] if tied else nn.Parameter(torch.zeros(1)))
    if not list(model.parameters()):
        model.register_parameter("weight", nn.Parameter(torch.zeros(1)))
    return model


def _views(inventory: Inventory) -> list[list[Visit]]:
    found: list[list[Visit]] = [[] for _ in inventory.parameters]
    for visit in inventory.visits:
        found[visit.index].append(visit)
    return found


@settings(max_examples=examples(300))
@given(_models(), st.randoms(use_true_random=False))
def test_random_predicates_match_what_their_globs_match(model: nn.Module, choice: random.Random) -> None:
    inventory = BuiltModel(model, "model").inventory()
    vocabulary = Vocabulary(_views(inventory), lambda kind: (), conditions=True)
    names = Names(name for each in inventory.parameters for name in each.names)
    owners = {name: index for index, each in enumerate(inventory.parameters) for name in each.names}
    values = {index: choice.choice("xy") for index in range(len(inventory.parameters))}
    for predicate in vocabulary.predicates(values):
        if predicate.kinds:
            continue
        match = Matcher(inventory).match([predicate])
        globs = match if isinstance(match, list) else [match]
        matched = {owners[name] for glob in globs for name in names.matching(glob)}
        assert matched == set(bits(predicate.mask)), globs
