"""Which classes of timm are named norm-like: those of the reviewed list, and no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pgaudit.models.build import load_model
from pgaudit.models.built import BuiltModel

LISTED = frozenset(json.loads((Path(__file__).parents[1] / "data/norm_like.json").read_text("utf-8")))
SLICES = 64


@pytest.mark.parity_full
@pytest.mark.parametrize("part", range(SLICES))
def test_every_norm_like_class_of_timm_is_listed(part: int, record_property: Callable[[str, object], None]) -> None:
    import timm

    parameters = 0
    for name in timm.list_models()[part::SLICES]:
        print(name)  # seen where it fails
        modules = [parameter.module for parameter in BuiltModel(load_model(name).module, name).inventory().parameters]
        found = [module.name for module in modules if "norm_like" in module.families]
        assert set(found) == LISTED.intersection(module.name for module in modules)
        parameters += len(found)
    record_property("shown, parameters of norm-like modules", parameters)
