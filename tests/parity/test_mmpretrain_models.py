"""Published policies of mmpretrain's layer decay on its own models: every setting of every parameter, bit for bit.

The models need mmpretrain, so that pgaudit answers in the oracle's process as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.parity.client import Oracle
from tests.parity.compare import real_groups
from tests.parity.layer_decays import Named, classifier

# The distinct policies of mmpretrain 1.2.0's configs that name its layer decay.
POLICIES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "layer_decay_policies.json").read_text("utf-8")
)

# Those with a get_layer_depth, small ones, and of ConvNeXt a deep one: it counts its layers otherwise.
BACKBONES: dict[str, dict[str, Any]] = {
    "vit": {"type": "VisionTransformer", "arch": "deit-tiny"},
    "vit_with_mean": {"type": "VisionTransformer", "arch": "deit-tiny", "out_type": "avg_featmap", "final_norm": False},
    "beit": {"type": "BEiTViT", "arch": "deit-tiny"},
    "eva02": {"type": "ViTEVA02", "arch": "tiny"},
    "sam": {"type": "ViTSAM", "arch": "base"},
    "swin": {"type": "SwinTransformer", "arch": "tiny"},
    "swin_with_positions": {"type": "SwinTransformer", "arch": "tiny", "use_abs_pos_embed": True},
    "mixmim": {"type": "MixMIMTransformer", "arch": "base"},
    "convnext": {"type": "ConvNeXt", "arch": "tiny"},
    "convnext_v2": {"type": "ConvNeXt", "arch": "atto", "use_grn": True, "layer_scale_init_value": 0.0},
    "convnext_deep": {"type": "ConvNeXt", "arch": {"depths": [3, 3, 27, 3], "channels": [8, 16, 32, 64]}},
    "resnet50": {"type": "ResNet", "depth": 50},
    "resnet101": {"type": "ResNet", "depth": 101},
    "hivit": {"type": "HiViT", "arch": "tiny"},
    "frozen_stages": {"type": "ResNet", "depth": 50, "frozen_stages": 2},
}

# How many of its models fail on the depth, and all they say of it.
WITHOUT: dict[str, tuple[dict[str, Any], str]] = {
    "resnet18": ({"type": "ResNet", "depth": 18}, "NotImplementedError"),
    "mobilenet": ({"type": "MobileNetV2"}, "doesn't support `get_layer_depth` by now"),
    "riformer": ({"type": "RIFormer", "arch": "s12"}, "doesn't support `get_layer_depth` by now"),
}


@pytest.mark.parametrize("name", BACKBONES)
def test_published_policies(mmpretrain: Oracle, name: str, record_property: Callable[[str, object], None]) -> None:
    oracle, model = Named(mmpretrain, "mmpretrain_layer_decay"), classifier(**BACKBONES[name])
    compared = 0
    for policy in POLICIES:
        rules = {key: policy[key] for key in ("optimizer", "paramwise_cfg")}
        answer = oracle.ask(model=model, ours=True, **rules)
        assert "error" not in answer
        assert [tuple(group) for group in answer["ours"]] == list(real_groups(answer).values())
        assert ("PG017" in answer["findings"]) == (name == "hivit")
        compared += 2 * len(answer["groups"])
    assert compared
    record_property("compared with mmpretrain, published policies", compared)


@pytest.mark.parametrize("name", WITHOUT)
def test_models_without_a_depth(mmpretrain: Oracle, name: str) -> None:
    backbone, message = WITHOUT[name]
    answer = Named(mmpretrain, "mmpretrain_layer_decay").ask(
        model=classifier(**backbone),
        optimizer={"type": "SGD", "lr": 0.1, "weight_decay": 0.1},
        paramwise_cfg={"layer_decay_rate": 0.5},
        ours=True,
    )
    assert answer["error"]["type"] == "NotImplementedError"
    assert message in answer["refused"]
    assert "raises NotImplementedError" in answer["refused"]
