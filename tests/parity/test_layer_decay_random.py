"""Random models, layers and policies: pgaudit and the real layer decays agree, or both refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.budget import examples
from tests.parity.client import Oracle
from tests.parity.compare import Case, compare
from tests.parity.layer_decays import Named
from tests.parity.random_models import chance, one_of, trees
from tests.parity.random_policies import mmengine_cases
from tests.parity.trees import Node, block, node

RATES = (0.5, 0.65, 0.75, 0.9, 1, 1.0, 2, 0, 0.0, 0.1, 1.5)
COUNTS = (0, 1, 2, 4, 6, 12, 4.0, 2.5)
BACKBONES = (*("ConvNeXt",) * 4, "TinyConvNeXtV2", "TinyConvNeXtV2", "BEiT", "MAE", "BEiT", "MAE", "Block")
TYPES = ("layer_wise", "layer_wise_vit", "stage_wise", "stage_wise", "stage_wise_layer_wise", "layerwise", "")
CONTAINERS = ("Block", "Sequential", "ModuleList", "ModuleDict")
STRAYS: dict[str, Any] = {
    "bias_lr_mult": 2.0,
    "norm_decay_mult": 0.0,
    "dwconv_decay_mult": 0.0,
    "custom_keys": {"weight": {"lr_mult": 0.1, "decay_mult": 0.0}},
}


def rate(draw: st.DrawFn) -> float:
    """Mostly one that people use."""
    return one_of(draw, RATES) if chance(draw, 70) else draw(st.floats(0, 3, allow_subnormal=False))


@st.composite
def by_depth(draw: st.DrawFn) -> Case:
    """A model that says its layers by chance, at times wrongly, under a policy of mmengine's."""
    case = draw(mmengine_cases())
    root = case["model"]["root"]
    for place in (root, *(child for name, child in root.get("children", ()) if name == "module")):
        if place is not None and place["kind"] in CONTAINERS and chance(draw, 96):
            kwargs: dict[str, Any] = {"salt": draw(st.text("abc", max_size=3))}
            if chance(draw, 8):
                kwargs["fails"] = one_of(draw, ("weight", "bias", "norm", "head"))
            place.update(kind="Layered", args=[draw(st.integers(1, 14))], kwargs=kwargs)
    if chance(draw, 90):
        case["optimizer"].setdefault("lr", 0.1)
        case["optimizer"].setdefault("weight_decay", 0.05)
    policy = case.get("paramwise_cfg")
    if isinstance(policy, dict):
        if chance(draw, 85):
            policy["layer_decay_rate"] = rate(draw)
        for key in policy.get("custom_keys", {}).values():
            key.update({name: 3.0 for name in ("lr_scale", "layer_id", "param_name") if chance(draw, 5)})
    return case


def _few(draw: st.DrawFn) -> int:
    """Stages: there are four, and the libraries fail on a fifth."""
    return 5 if chance(draw, 6) else draw(st.integers(1, 4))


def _stage(draw: st.DrawFn, blocks: int) -> Node:
    leaves = [node("Conv2d", 2, 4, 1), node("LayerNorm", 2), node("Linear", 2, 2)]
    names = [str(number) for number in range(blocks)]
    if chance(draw, 4):
        names.append("norm")
    return block("ModuleList", **{name: one_of(draw, leaves) for name in names})


@st.composite
def by_name(draw: st.DrawFn) -> Case:
    """A model with a backbone whose class and names say its layers, at times wrongly; or any model."""
    backbone: Node = block(
        one_of(draw, BACKBONES),
        cls_token=[1, 1, 2],
        pos_embed=[1, 4, 2],
        scale=[],
        downsample_layers=block("ModuleList", **{str(i): node("Conv2d", 2, 2, 1) for i in range(_few(draw))}),
        stages=block("ModuleList", **{str(i): _stage(draw, draw(st.integers(1, 8))) for i in range(_few(draw))}),
        layers=_stage(draw, draw(st.integers(1, 6))),
        patch_embed=node("Conv2d", 3, 2, 2),
    )
    root = block(backbone=backbone, head=node("Linear", 2, 2), norm=node("BatchNorm2d", 2), pos_embed=[1, 4, 2])
    spec: dict[str, Any] = {"root": root}
    if chance(draw, 10):
        spec = draw(trees())
    elif chance(draw, 30):
        spec["frozen"] = ["backbone.pos_embed", "backbone.patch_embed.bias"][: draw(st.integers(1, 2))]
    elif chance(draw, 30):
        spec["ties"] = [["backbone.layers.0.weight", "head.weight"]]
    policy: dict[str, Any] = {"num_layers": one_of(draw, COUNTS), "decay_rate": rate(draw)}
    if chance(draw, 60):
        policy["decay_type"] = one_of(draw, TYPES)
    policy |= {name: value for name, value in STRAYS.items() if chance(draw, 15)}
    for name in ("num_layers", "decay_rate"):
        if chance(draw, 4):
            del policy[name]
    optimizer = {"type": one_of(draw, ("SGD", "AdamW")), "lr": 0.003, "weight_decay": one_of(draw, (0.05, 1, 0))}
    if chance(draw, 4):
        del optimizer["lr"]
    return {"model": spec, "optimizer": optimizer, "paramwise_cfg": policy if chance(draw, 97) else None}


@settings(max_examples=examples(400))
@given(case=by_depth())
def test_random_models_and_layers(mmpretrain: Oracle, case: Case) -> None:
    compare(Named(mmpretrain, "mmpretrain_layer_decay"), case)


@pytest.mark.parametrize("library", ["mmdet", "mmseg"])
@settings(max_examples=examples(200))
@given(case=by_name())
def test_random_backbones(mmpretrain: Oracle, library: str, case: Case) -> None:
    compare(Named(mmpretrain, f"{library}_layer_decay"), case)


@pytest.mark.parametrize("constructor", ["mmseg_old_layer_decay", "mmpose_layer_decay"])
@settings(max_examples=examples(100))
@given(case=by_name())
def test_random_backbones_under_another_word_for_the_rate(mmpretrain: Oracle, constructor: str, case: Case) -> None:
    policy = case["paramwise_cfg"]
    if policy and "decay_rate" in policy:
        policy["layer_decay_rate"] = policy["decay_rate"]
    compare(Named(mmpretrain, constructor), case)


@settings(max_examples=examples(300))
@given(case=mmengine_cases(), force=st.booleans())
def test_random_policies_of_the_forcing_constructor(mmpretrain: Oracle, case: Case, force: bool) -> None:
    if case.get("paramwise_cfg"):
        case["paramwise_cfg"]["force_default_settings"] = force
    compare(Named(mmpretrain, "mmseg_force_default"), case)
