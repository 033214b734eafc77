"""Every model of timm: minutes long, so only `make parity` runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.parity import trees
from tests.parity.client import Oracle
from tests.parity.compare import compare

SLICES = 64  # enough to share the work out evenly

POLICIES: list[dict[str, Any]] = [
    {
        "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4},
        "paramwise_cfg": {
            "norm_decay_mult": 0.0,
            "bias_lr_mult": 2.0,
            "bias_decay_mult": 0.5,
            "dwconv_decay_mult": 0.1,
            "flat_decay_mult": 0.3,
            "bypass_duplicate": True,
        },
    },
    {
        "optimizer": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05},
        "paramwise_cfg": {
            "flat_decay_mult": 0.0,
            "norm_decay_mult": None,
            "dwconv_decay_mult": 0.1,
            "custom_keys": {
                ".cls_token": {"decay_mult": 0.0},
                "pos_embed": {"weight_decay": 0.01},
                "head": {"lr_mult": 10, "betas": [0.9, 0.95]},
                "stem": {"lr": 0.1, "decay_mult": 0.3},
                "blocks.1": {"lr_mult": 0.7},
                "layer1": {"lr_mult": 0.7},
                "stages": {},
            },
        },
    },
    {"optimizer": {"type": "Adam", "lr": 1e-3}},
]


@pytest.mark.parity_full
@pytest.mark.parametrize("part", range(SLICES))
def test_every_timm_model(mmengine: Oracle, part: int, record_property: Callable[[str, object], None]) -> None:
    import timm

    names = timm.list_models()[part::SLICES]
    compared = 0
    for name in names:
        print(name)  # seen where it fails
        spec = {"timm": name}
        model = trees.build(spec)
        for policy in POLICIES:
            compared += compare(mmengine, {"model": spec, **policy}, model, quick=True)
    record_property("compared with mmengine, models of timm", len(names))
    record_property("compared with mmengine, settings on all of timm", compared)
