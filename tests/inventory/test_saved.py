"""Saved inventories: what is read is what was written, and what is damaged is never read."""

from __future__ import annotations

import hashlib
import json
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import pgaudit
from pgaudit import ModelError
from pgaudit.constructors import constructor_named
from pgaudit.inventory import Conv, Inventory
from pgaudit.inventory.saved import Saved, is_saved, read, written
from pgaudit.inventory.sources import load_model
from pgaudit.inventory.walk import walk
from tests.budget import examples
from tests.parity.random_models import trees
from tests.parity.trees import Spec, build

MODELS = (Path(__file__).parents[1] / "data/timm_models.txt").read_text("utf-8").split()
SLICES = 8
SGD = {"type": "SGD", "lr": 0.5, "weight_decay": 0.25}
POLICIES: list[dict[str, Any]] = [
    {
        "constructor": "mmcv",
        "optimizer": SGD,
        "paramwise_cfg": {
            "norm_decay_mult": 0.0,
            "bias_lr_mult": 2.0,
            "dwconv_decay_mult": 0.5,
            "dcn_offset_lr_mult": 0.1,
            "bypass_duplicate": True,
            "custom_keys": {"head": {"lr_mult": 10.0}, "blocks.1": {"decay_mult": 0.0}},
        },
    },
    {
        "constructor": "mmengine",
        "optimizer": SGD,
        "paramwise_cfg": {"norm_decay_mult": 0.0, "flat_decay_mult": 0.0, "dwconv_decay_mult": 0.5},
    },
    {"constructor": "timm", "optimizer": {**SGD, "type": "adamw"}, "paramwise_cfg": {"layer_decay": 0.5}},
    {"solver": {"basic_lr": 0.1, "weight_decay": [[0.5, "bias"], [0, "NORM_TYPES"], 0.25]}},
    {"constructor": "detectron2", "optimizer": SGD, "paramwise_cfg": {"weight_decay_norm": 0.0}},
]


def _saved(model: nn.Module, **kwargs: Any) -> Saved:
    inventory = walk(model, ref="test").inventory
    inside = walk(model, ref="test", unwrap=True).inventory if _wraps(model) else None
    return Saved(inventory, inside, **kwargs)


def _wraps(model: nn.Module) -> bool:
    return isinstance(getattr(model, "module", None), nn.Module)


def _again(saved: Saved) -> Saved:
    data = written(saved).encode()
    assert is_saved(data)
    found = read(data, "x.json")
    assert found == saved
    assert written(found).encode() == data
    _shares(found.inventory)
    return found


def _shares(inventory: Inventory) -> None:
    """Constructors remember by identity: a class is one object, and so is what is around a module's children."""
    kinds = [kind for visit in inventory.visits for kind in (visit.module, *visit.parents)]
    kinds += [inventory.model_type, *(parameter.module for parameter in inventory.parameters)]
    assert len({id(kind) for kind in kinds}) == len(set(kinds))
    around: dict[tuple[str, Any], set[int]] = {}
    for visit in inventory.visits:
        around.setdefault((visit.prefix.rpartition(".")[0], visit.parents), set()).add(id(visit.parents))
    assert all(len(ids) == 1 for ids in around.values())


def _decide(saved: Saved, policy: dict[str, Any]) -> Any:
    config = pgaudit.load_config(policy)
    unwraps = constructor_named(config.constructor).unwraps_module
    inventory = saved.inside if saved.inside is not None and unwraps else saved.inventory
    try:
        return pgaudit.audit(inventory, config).to_dict()
    except pgaudit.PgauditError as error:
        return str(error)


@settings(max_examples=examples(150))
@given(trees(), st.booleans())
def test_a_random_model_is_read_as_it_was(spec: Spec, lazy: bool) -> None:
    model = build(spec)
    if lazy:
        model.add_module("lazy", nn.LazyConv2d(4, 1))
    before = _saved(model)
    after = _again(before)
    for policy in POLICIES:
        assert _decide(after, policy) == _decide(before, policy)


@pytest.mark.parametrize("part", range(SLICES))
def test_a_model_of_timm_is_read_as_it_was(part: int) -> None:
    for name in MODELS[part::SLICES]:
        before = _saved(load_model(name).module, model_args={"a": [1, {"b": None}]}, versions={"timm": "1"})
        after = _again(before)
        for policy in POLICIES:
            assert _decide(after, policy) == _decide(before, policy), name
