"""What becomes of real policies: as short as a person would write them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pgaudit.convert import convert

ROOT = Path(__file__).parents[2]

RULES = {
    "convnext_mmcv": ["{match: {ndim: 1}, weight_decay: 0}", '{match: "*.conv_dw.*", weight_decay: 0}'],
    "dcn_mmcv": ['{match: "*.conv_offset.*", lr_mult: 0.1}', "{match: {type: norm}, weight_decay: 0}"],
    "detector_mmcv": [
        '{match: "backbone.*", lr_mult: 0.1}',
        '{match: {name: "*.bias", type: Conv2d}, lr_mult: 2, weight_decay: 0}',
    ],
    "mobilenet_basecls": ["{match: {ndim: 1}, weight_decay: 0}"],
    "resnet50_basecls": ["{match: {type: norm}, weight_decay: 0}", '{match: "*.bias", decay_mult: 0.1}'],
    "resnet50_mmcv": ['{match: "fc.*", lr_mult: 10}', "{match: {type: norm}, weight_decay: 0}"],
    "shared_head_mmcv": ["{match: {ndim: 1}, weight_decay: 0}"],
    "swin_mmcv": ["{match: {ndim: 1}, weight_decay: 0}", '{match: "*.relative_position_bias_table", weight_decay: 0}'],
    "vit_mmcv": ["{match: {ndim: 1}, weight_decay: 0}", "{match: [cls_token, pos_embed, dist_token], weight_decay: 0}"],
}

PARAMWISE = {
    ("convnext_mmcv", "mmcv"): "norm_decay_mult dwconv_decay_mult bias_decay_mult custom_keys gamma",
    ("convnext_mmcv", "mmengine"): "dwconv_decay_mult flat_decay_mult",
    ("detector_mmcv", "mmcv"): "bias_lr_mult bias_decay_mult custom_keys backbone",
    ("finetune_mmcv", "mmcv"): "norm_decay_mult custom_keys head",
    ("resnet50_basecls", "mmcv"): "norm_decay_mult custom_keys bias",
    ("resnet50_mmcv", "mmengine"): "norm_decay_mult custom_keys fc",
    ("shared_head_mmcv", "mmcv"): "norm_decay_mult bias_decay_mult bypass_duplicate",
    ("swin_mmcv", "mmcv"): "norm_decay_mult bias_decay_mult custom_keys relative_position_bias_table",
    ("vit_mmcv", "mmengine"): "flat_decay_mult custom_keys cls_token pos_embed dist_token",
}

POLICIES = {
    "convnext_mmcv": [[0.0, r"(^|\.)conv_dw\."], [0.0, "gamma$"], [0.0, "NORM_TYPES"], [0.0, "bias$"], 0.05],
    "resnet50_basecls": [[1e-5, "bias$"], [0.0, "NORM_TYPES"], 1e-4],
    "vit_mmcv": [[0.0, "^(cls_token|pos_embed|dist_token)$"], [0.0, "NORM_TYPES"], [0.0, "bias$"], 0.05],
}


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def _converted(name: str, to: str) -> str:
    return convert(None, f"configs/{name}.yaml", to).text


@pytest.mark.parametrize("name", RULES)
def test_rules(name: str) -> None:
    assert re.findall(r"^    - (.*?)(?:  #.*)?$", _converted(name, "rules"), re.MULTILINE) == RULES[name]


@pytest.mark.parametrize(("name", "to"), PARAMWISE)
def test_paramwise_cfg(name: str, to: str) -> None:
    top = yaml.safe_load(_converted(name, to))
    options = (top["optim_wrapper"] if to == "mmengine" else top["optimizer"])["paramwise_cfg"]
    assert [*options, *options.get("custom_keys", {})] == PARAMWISE[name, to].split()


@pytest.mark.parametrize("name", POLICIES)
def test_weight_decay_policy(name: str) -> None:
    assert yaml.safe_load(_converted(name, "basecls"))["solver"]["weight_decay"] == POLICIES[name]


def test_python() -> None:
    text = _converted("detector_mmcv", "python")
    conditions = re.findall(r"if (.*):\n", text)
    assert conditions == [
        "not param.requires_grad",
        'name.startswith("backbone.")',
        'f".{name}".endswith(".bias") and isinstance(owner, nn.Conv2d)',
    ]


def test_a_layer_decay_of_many_values_stays_readable() -> None:
    """Earlier blocks learn slower, each by its own factor: one rule a block, and none twice."""
    rules = [{"match": f"blocks.{block}.*", "lr_mult": 0.75 ** (12 - block)} for block in range(12)]
    config = {
        "constructor": "rules",
        "optimizer": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05},
        "paramwise_cfg": {"mode": "layered", "rules": [*rules, {"match": {"ndim": [0, 1]}, "weight_decay": 0}]},
    }
    text = convert("vit_tiny_patch16_224", config, "rules").text
    assert len(re.findall("match", text)) == 13
    text = convert("vit_tiny_patch16_224", config, "python").text
    assert len(re.findall(r"name.startswith\(", text)) == 12


def test_what_is_left_out_says_nothing_else() -> None:
    """A rule that leaves out and one that sets may have one match, and stay two."""
    config = {
        "constructor": "rules",
        "optimizer": {"type": "Adam", "lr": 5e-4},
        "paramwise_cfg": {"rules": [{"match": "blocks.3.*", "lr": 0.0}], "unmatched": "freeze"},
    }
    text = convert("vit_tiny_patch16_224", config, "rules").text
    assert "freeze: true" in text
    assert "lr_mult: 0" in text


def test_a_scale_that_no_schedule_reads_is_left_out_and_said_to_be() -> None:
    """mmseg multiplies the lr itself, and notes the factor; under other schedules it would count twice."""
    written = convert(None, "configs/convnext_mmseg_layer_decay.yaml", "rules")
    assert "lr_mult" in written.text
    assert "lr_scale" not in written.text
    assert any("a scheduler reads it" in note and "lr_scale" in note for note in written.notes)
    assert "lr_scale" in convert(None, "configs/vit_timm.yaml", "rules").text
