"""Real models of timm under several policies: pgaudit and the real timm agree on every parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.parity import trees
from tests.parity.client import Oracle
from tests.parity.compare import compare
from tests.parity.models import MODELS, shared

POLICIES: list[dict[str, Any]] = [
    {"optimizer": {"type": "adamw", "lr": 1e-3, "weight_decay": 0.05}},
    {"optimizer": {"type": "adamw", "lr": 5e-4, "weight_decay": 0.05}, "paramwise_cfg": {"layer_decay": 0.65}},
    {
        "optimizer": {"type": "lamb", "lr": 5e-3, "weight_decay": 0.02},
        "paramwise_cfg": {"layer_decay": 0.75, "layer_decay_min_scale": 0.01, "layer_decay_no_opt_scale": 0.05},
    },
    {
        "optimizer": {"type": "muon", "lr": 0.02, "weight_decay": 1e-4},
        "paramwise_cfg": {"fallback_list": ["*head*", "stem*"], "fallback_no_weight_decay": True},
    },
    {
        "optimizer": {"type": "sgd", "lr": 0.1, "weight_decay": 1e-4},
        "paramwise_cfg": {"layer_decay": 0.9, "filter_bias_and_bn": False},
    },
]


def compare_timm(timm: Oracle, name: str) -> int:
    """Compares one model under each policy; returns how many settings were compared."""
    spec = {"timm": name}
    model = trees.build(spec)
    return sum(compare(timm, {"model": spec, **policy}, model) for policy in POLICIES)


@pytest.mark.parametrize("name", shared(2))
def test_real_models(timm: Oracle, name: str, record_property: Callable[[str, object], None]) -> None:
    record_property("compared with timm, settings of real models", compare_timm(timm, name))


def test_enough_models() -> None:
    assert len(MODELS) >= 60
