"""Every example under configs/ runs as it stands, and does what its comment says.

The expected values follow from the libraries' rules and the models' layers, by hand; none is copied from a run.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import pgaudit
from pgaudit.cli import main

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "configs").glob("*.y*ml"))


@dataclass(frozen=True)
class Expected:
    rules: dict[str, int]
    """How many parameters each rule decided, `default` those that no other rule touched."""
    values: dict[str, tuple[float, float]]
    """lr and weight decay of the parameters that tell one reading of the config from another."""
    findings: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()
    """What the config does not train."""


# A ResNet-50 has 53 convolutions (stem, 16 blocks of 3, 4 shortcuts), each without a bias and with a batch norm.
EXPECTED = {
    # 12 blocks; with a weight of its own in each of 16 tensors, 5 of them no vectors. Token, patches, head.
    "beit_mmseg_old_layer_decay": Expected(
        rules={"layer_decay_rate": 12 * 16 + 1 + 2 + 2, "no_decay": 12 * 11 + 2},
        values={
            "backbone.cls_token": (3.0e-5 * 0.9**13, 0.05),
            "backbone.patch_embed.proj.bias": (3.0e-5 * 0.9**13, 0.0),
            "backbone.layers.0.attn.relative_position_bias_table": (3.0e-5 * 0.9**12, 0.05),
            "backbone.layers.11.gamma_2": (3.0e-5 * 0.9, 0.0),
            "head.weight": (3.0e-5, 0.05),
        },
        findings=("PG007",),
    ),
    # 18 blocks of 9, 3 of them no vectors; convolutions with norms: stem and 3 between stages; the last norm, the head.
    "convnext_mmdet_layer_decay": Expected(
        rules={"decay_rate": 18 * 9 + 4 * 4 + 2 + 2, "no_decay": 18 * 6 + 4 * 3 + 2 + 1},
        values={
            "backbone.downsample_layers.0.0.weight": (0.0002 * 0.7**7, 0.05),
            "backbone.stages.0.2.conv_dw.bias": (0.0002 * 0.7**6, 0.0),
            "backbone.downsample_layers.1.1.weight": (0.0002 * 0.7**5, 0.05),
            "backbone.stages.1.0.gamma": (0.0002 * 0.7**5, 0.0),
            "backbone.downsample_layers.2.1.weight": (0.0002 * 0.7**4, 0.05),
            "backbone.stages.2.2.gamma": (0.0002 * 0.7**4, 0.0),
            "backbone.stages.2.3.gamma": (0.0002 * 0.7**3, 0.0),
            "backbone.stages.2.8.mlp.fc1.weight": (0.0002 * 0.7**2, 0.05),
            "backbone.downsample_layers.3.1.weight": (0.0002 * 0.7, 0.05),
            "backbone.stages.3.0.gamma": (0.0002 * 0.7, 0.0),
            "backbone.norm3.weight": (0.0002, 0.0),
            "head.weight": (0.0002, 0.05),
        },
    ),
    # 12 blocks; 4 of 12 parameters are no vectors. Positions, patches, the last norm, head; custom_keys count nowhere.
    "vit_mmpose_layer_decay": Expected(
        rules={"layer_decay_rate": 12 * 12 + 1 + 2 + 2 + 2, "no_decay": 12 * 8 + 1 + 1 + 2 + 1},
        values={
            "backbone.pos_embed": (5.0e-4 * 0.8**13, 0.0),
            "backbone.patch_embed.proj.weight": (5.0e-4 * 0.8**13, 0.1),
            "backbone.layers.0.norm1.weight": (5.0e-4 * 0.8**12, 0.0),
            "backbone.layers.11.attn.qkv.weight": (5.0e-4 * 0.8, 0.1),
            "backbone.ln1.weight": (5.0e-4, 0.0),
            "head.weight": (5.0e-4, 0.1),
        },
        findings=("PG014",),
    ),
    # 18 blocks; norms: 1 + 18 + 3 + 1; dense layers: stem, 2 a block, 3 between stages, head.
    "convnext_mmcv": Expected(
        rules={
            "norm_decay_mult": 2 * 23,
            "default": 41,
            "bias_decay_mult": 41,
            "dwconv_decay_mult": 2 * 18,
            "custom_keys..gamma": 18,
        },
        values={
            "stem.0.weight": (0.004, 0.05),  # 3 channels in, 1 group: not depthwise
            "stem.0.bias": (0.004, 0.0),
            "stem.1.weight": (0.004, 0.0),  # timm's LayerNorm2d is a LayerNorm
            "stages.2.blocks.8.gamma": (0.004, 0.0),
            "stages.2.blocks.8.conv_dw.weight": (0.004, 0.0),
            "stages.2.blocks.8.conv_dw.bias": (0.004, 0.0),
            "stages.2.blocks.8.mlp.fc1.weight": (0.004, 0.05),
            "head.fc.weight": (0.004, 0.05),
        },
    ),
    # The same layers; norms have a weight each, which is a vector, and a bias each.
    "convnext_mmengine": Expected(
        rules={
            "bias_decay_mult": 23 + 41 + 18,
            "flat_decay_mult": 23 + 18,
            "default": 41,
            "dwconv_decay_mult": 18,
        },
        values={
            "stem.0.weight": (0.004, 0.05),
            "stem.1.weight": (0.004, 0.0),
            "stem.1.bias": (0.004, 0.0),
            "stages.2.blocks.8.gamma": (0.004, 0.0),
            "stages.2.blocks.8.conv_dw.weight": (0.004, 0.025),
            "stages.2.blocks.8.conv_dw.bias": (0.004, 0.0),
            "head.fc.bias": (0.004, 0.0),
        },
    ),
    "convnext_mmseg_layer_decay": Expected(
        rules={"decay_rate": 18 * 9 + 4 * 4 + 2 + 2, "no_decay": 18 * 6 + 4 * 3 + 2 + 1},
        values={
            "backbone.downsample_layers.0.0.weight": (0.0001 * 0.9**7, 0.05),
            "backbone.downsample_layers.3.1.weight": (0.0001 * 0.9**7, 0.05),
            "backbone.stages.0.2.conv_dw.bias": (0.0001 * 0.9**6, 0.0),
            "backbone.stages.2.8.mlp.fc1.weight": (0.0001 * 0.9**4, 0.05),
            "backbone.stages.3.0.gamma": (0.0001 * 0.9**3, 0.0),
            "backbone.norm3.weight": (0.0001, 0.0),
            "head.weight": (0.0001, 0.05),
        },
        findings=("PG033",),
    ),
    # 4 + 6 + 3 deformable convolutions, each with a weight and a bias for its offsets.
    "dcn_mmcv": Expected(
        rules={"norm_decay_mult": 2 * 53, "default": 53, "dcn_offset_lr_mult": 2 * 13},
        values={
            "layer1.0.conv2.weight": (0.02, 1.0e-4),
            "layer2.0.conv2.weight": (0.02, 1.0e-4),
            "layer2.0.conv2.conv_offset.weight": (0.002, 1.0e-4),
            "layer2.0.conv2.conv_offset.bias": (0.002, 1.0e-4),
            "layer4.2.bn2.bias": (0.02, 0.0),
        },
        findings=("PG007",),
    ),
    # The same model as below: 53 + 8 norms, and 6 + 3 biases elsewhere.
    "detector_detectron2": Expected(
        rules={
            "BIAS_LR_FACTOR": 61 + 9,
            "WEIGHT_DECAY_BIAS": 61 + 9,
            "default": 53 + 6 + 8 + 3,
            "WEIGHT_DECAY_NORM": 61,
        },
        values={
            "backbone.conv1.weight": (0.01, 1.0e-4),
            "backbone.bn1.weight": (0.01, 0.0),
            "backbone.bn1.bias": (0.02, 1.0e-4),
            "neck.fpn_convs.0.bias": (0.02, 1.0e-4),
            "bbox_head.cls_convs.0.norm.weight": (0.01, 0.0),
            "bbox_head.cls_convs.0.norm.bias": (0.02, 1.0e-4),
        },
        findings=("PG007",),
    ),
    # Neck: 3 lateral and 3 output convolutions with biases. Head: 8 convolutions, 8 norms, 3 predictors with biases.
    "detector_mmcv": Expected(
        rules={
            "custom_keys.backbone": 3 * 53,
            "default": 6 + 8 + 2 * 8 + 3,
            "bias_lr_mult": 6 + 3,
            "bias_decay_mult": 6 + 3,
        },
        values={
            "backbone.conv1.weight": (0.001, 1.0e-4),
            "backbone.layer4.2.bn3.bias": (0.001, 1.0e-4),
            "neck.fpn_convs.0.weight": (0.01, 1.0e-4),
            "neck.fpn_convs.0.bias": (0.02, 0.0),
            "bbox_head.cls_convs.0.norm.bias": (0.01, 1.0e-4),
            "bbox_head.conv_cls.bias": (0.02, 0.0),
        },
        findings=("PG007",),
    ),
    # 53 convolutions and norms; biases: 6 of the neck, 3 of the head, which has 8 norms and 11 weights more.
    "detector_rtdetr": Expected(
        rules={
            r"params.^(?=.*backbone)(?=.*(?:bn|downsample\.1)).*$": 2 * 53,
            r"params.^(?=.*backbone)(?!.*(?:bn|downsample\.1)).*$": 53,
            "params.^(?=.*(?:neck|bbox_head))(?=.*(?:norm|bias)).*$": 6 + 2 * 8 + 3,
            "default": 6 + 8 + 3,
        },
        values={
            "backbone.conv1.weight": (1.0e-5, 1.0e-4),
            "backbone.bn1.bias": (1.0e-5, 0.0),
            "backbone.layer1.0.downsample.0.weight": (1.0e-5, 1.0e-4),
            "backbone.layer1.0.downsample.1.weight": (1.0e-5, 0.0),
            "neck.fpn_convs.0.bias": (2.0e-4, 0.0),
            "bbox_head.cls_convs.0.conv.weight": (2.0e-4, 1.0e-4),
            "bbox_head.cls_convs.0.norm.weight": (2.0e-4, 0.0),
        },
    ),
    # Frozen: the stem, and a first stage of 3 blocks and a shortcut, which are 11 convolutions with their norms.
    "finetune_mmcv": Expected(
        rules={"norm_decay_mult": 2 * (53 - 11), "default": 53 - 11, "frozen": 3 * 11, "custom_keys.head": 2},
        values={
            "backbone.bn1.weight": (0.01, 1.0e-4),
            "backbone.layer1.2.bn3.bias": (0.01, 1.0e-4),
            "backbone.layer2.0.bn1.weight": (0.01, 0.0),
            "backbone.layer2.0.conv1.weight": (0.01, 1.0e-4),
            "head.weight": (0.1, 1.0e-4),
            "head.bias": (0.1, 1.0e-4),
        },
        findings=("PG010", "PG007"),
    ),
    # Convolutions with norms: stem, 2 in the first block, 3 in each of 16 others, head. The classifier has a bias.
    "mobilenet_basecls": Expected(
        rules={"default": 52 + 1, "weight_decay.bias": 52 + 1, "weight_decay.NORM_TYPES": 52},
        values={
            "conv_stem.weight": (0.05, 4.0e-5),
            "bn1.weight": (0.05, 0.0),
            "bn1.bias": (0.05, 0.0),
            "blocks.1.0.conv_dw.weight": (0.05, 4.0e-5),
            "classifier.weight": (0.05, 4.0e-5),
            "classifier.bias": (0.05, 0.0),
        },
    ),
    "resnet50_basecls": Expected(
        rules={"default": 53 + 1, "weight_decay.bias": 53 + 1, "weight_decay.NORM_TYPES": 53},
        values={
            "conv1.weight": (0.1, 1.0e-4),  # 8 processes at 0.0125
            "layer1.0.bn1.weight": (0.1, 0.0),
            "layer1.0.bn1.bias": (0.1, 1.0e-5),
            "fc.weight": (0.1, 1.0e-4),
            "fc.bias": (0.1, 1.0e-5),
        },
        findings=("PG007",),
    ),
    "resnet50_mmcv": Expected(
        rules={"norm_decay_mult": 2 * 53, "default": 53, "custom_keys.fc": 2},
        values={
            "conv1.weight": (0.1, 1.0e-4),
            "bn1.weight": (0.1, 0.0),
            "layer4.2.bn3.bias": (0.1, 0.0),
            "fc.weight": (1.0, 1.0e-4),
            "fc.bias": (1.0, 1.0e-4),
        },
        findings=("PG007",),
    ),
    # All of 53 convolutions, 53 norms and the head.
    "resnet50_torch": Expected(
        rules={"default": 3 * 53 + 2},
        values={"conv1.weight": (0.001, 0.05), "bn1.weight": (0.001, 0.05), "fc.bias": (0.001, 0.05)},
        findings=("PG007",),
    ),
    # The head's own norms: 3 levels × 2 towers × 2; its convolutions: 2 towers × 2, shared; predictors: 3 levels × 2.
    "shared_head_mmcv": Expected(
        rules={"norm_decay_mult": 2 * (53 + 12), "default": 53 + 6 + 4 + 6, "bias_decay_mult": 6 + 6},
        values={
            "bbox_head.cls_convs.0.0.conv.weight": (0.004, 0.05),
            "bbox_head.cls_convs.2.0.norm.weight": (0.004, 0.0),
            "bbox_head.rtm_cls.2.weight": (0.004, 0.05),
            "bbox_head.rtm_cls.2.bias": (0.004, 0.0),
            "neck.lateral_convs.0.bias": (0.004, 0.0),
        },
    ),
    # 12 blocks; norms: 1 + 24 + 3 + 1; dense layers: 1 + 48 + 1 with a bias, and 3 reductions without.
    "swin_mmcv": Expected(
        rules={
            "norm_decay_mult": 2 * 29,
            "default": 50 + 3,
            "bias_decay_mult": 50,
            "custom_keys..relative_position_bias_table": 12,
        },
        values={
            "patch_embed.proj.weight": (0.001, 0.05),
            "layers.2.blocks.5.attn.relative_position_bias_table": (0.001, 0.0),
            "layers.2.blocks.5.attn.qkv.weight": (0.001, 0.05),
            "layers.2.blocks.5.attn.qkv.bias": (0.001, 0.0),
            "layers.3.downsample.reduction.weight": (0.001, 0.05),
            "norm.bias": (0.001, 0.0),
        },
    ),
    # As above; to the expressions, a table of relative positions is a bias.
    "swin_transformers": Expected(
        rules={"forbidden_name.bias": 50 + 12, "layer_norm": 2 * 29, "default": 50 + 3},
        values={
            "patch_embed.proj.weight": (5.0e-4, 0.05),
            "layers.2.blocks.5.norm1.weight": (5.0e-4, 0.0),
            "layers.2.blocks.5.attn.relative_position_bias_table": (5.0e-4, 0.0),
            "layers.2.blocks.5.attn.qkv.bias": (5.0e-4, 0.0),
            "layers.3.downsample.reduction.weight": (5.0e-4, 0.05),
        },
    ),
    # 12 blocks of 12 tensors, of which 4 are norms'; the last norm; tokens, positions, patches and head.
    "vit_detectron2": Expected(
        rules={"lr_factor_func": 152, "weight_decay_norm": 4 * 12 + 2, "overrides.pos_embed": 1},
        values={
            "cls_token": (1.0e-4 * 0.7**13, 0.1),
            "pos_embed": (1.0e-4 * 0.7**13, 0.0),
            "blocks.0.attn.qkv.weight": (1.0e-4 * 0.7**12, 0.1),
            "blocks.11.attn.qkv.bias": (1.0e-4 * 0.7, 0.1),
            "blocks.11.norm1.bias": (1.0e-4 * 0.7, 0.0),
            "norm.weight": (1.0e-4, 0.0),
            "head.weight": (1.0e-4, 0.1),
        },
        findings=("PG007",),
    ),
    # 12 blocks of 4 dense layers and 2 norms, which are 12 tensors each, 8 of them vectors.
    "vit_rules": Expected(
        rules={
            "rules.ndim: 0|1": 12 * 8 + 1 + 2 + 1,
            "rules.patch_embed.*, blocks.{0..5}.*": 2 + 6 * 12,
            "rules.blocks.{6..11}.*": 6 * 12,
            "rules.cls_token, pos_embed": 2,
            "default": 1,
        },
        values={
            "cls_token": (1.0e-3 * 0.1, 0.0),
            "patch_embed.proj.weight": (1.0e-3 * 0.1, 0.05),
            "blocks.0.norm1.weight": (1.0e-3 * 0.1, 0.0),
            "blocks.6.attn.qkv.weight": (1.0e-3 * 0.5, 0.05),
            "norm.weight": (1.0e-3, 0.0),
            "head.weight": (1.0e-3, 0.05),
            "head.bias": (1.0e-3, 0.0),
        },
    ),
    # 12 blocks; norms: 2 a block and the last; dense layers: patches, 4 a block, 2 heads.
    "vit_mmcv": Expected(
        rules={
            "norm_decay_mult": 2 * 25,
            "default": 51,
            "bias_decay_mult": 51,
            "custom_keys..cls_token": 1,
            "custom_keys..dist_token": 1,
            "custom_keys..pos_embed": 1,
        },
        values={
            "cls_token": (0.001, 0.0),
            "dist_token": (0.001, 0.0),
            "pos_embed": (0.001, 0.0),
            "patch_embed.proj.weight": (0.001, 0.05),
            "blocks.11.attn.qkv.bias": (0.001, 0.0),
            "blocks.11.norm1.weight": (0.001, 0.0),
            "head_dist.weight": (0.001, 0.05),
        },
    ),
    # 12 blocks; norms: 2 a block and the last; dense layers: 4 a block and the head. The patches are left out.
    "vit_regex": Expected(
        rules={
            "wd_mults": 25 + 49 + 1,  # what no pattern fits: biases, and the token
            "wd_mults..*\\.weight": 49,
            "wd_mults..*norm\\d?\\.weight": 25,
            "schedule.patch_embed\\..*|pos_embed": 3,
            "lr_mults.head\\..*": 2,
        },
        values={
            "cls_token": (0.001, 0.0),
            "blocks.11.norm2.weight": (0.001, 0.0),
            "blocks.11.attn.qkv.weight": (0.001, 0.1),
            "blocks.11.attn.qkv.bias": (0.001, 0.0),
            "head.weight": (0.01, 0.1),
            "head.bias": (0.01, 0.0),
        },
        findings=("PG010",),
        left_out=frozenset({"pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias"}),
    ),
    # 12 blocks, each with 4 dense weights, their biases, and 2 norms; tokens and embeddings have three dimensions.
    "vit_timm": Expected(
        rules={"layer_decay": 152, "filter_bias_and_bn": 12 * 8 + 4, "no_weight_decay": 2},
        values={
            "cls_token": (0.0005, 0.0),
            "pos_embed": (0.0005, 0.0),
            "patch_embed.proj.weight": (0.0005, 0.05),
            "blocks.0.attn.qkv.weight": (0.0005, 0.05),
            "blocks.11.norm1.weight": (0.0005, 0.0),
            "head.weight": (0.0005, 0.05),
            "head.bias": (0.0005, 0.0),
        },
    ),
    # The same layers, and one head; the last layer is the 14th.
    "vit_mmpretrain_layer_decay": Expected(
        rules={
            "layer_decay_rate": 12 * 12 + 8,
            "norm_decay_mult": 2 * 25,
            "bias_decay_mult": 12 * 4 + 2,
            "custom_keys..cls_token": 1,
            "custom_keys..pos_embed": 1,
        },
        values={
            "backbone.cls_token": (0.004 * 0.75**13, 0.0),
            "backbone.patch_embed.proj.weight": (0.004 * 0.75**13, 0.05),
            "backbone.blocks.0.norm1.weight": (0.004 * 0.75**12, 0.0),
            "backbone.blocks.11.attn.qkv.bias": (0.004 * 0.75, 0.0),
            "backbone.norm.bias": (0.004, 0.0),
            "head.weight": (0.004, 0.05),
        },
    ),
    "vit_mmseg_force_default": Expected(
        rules={"custom_keys.backbone": 12 * 12 + 6, "bias_decay_mult": 12 * 6 + 3, "default": 1},
        values={
            "backbone.cls_token": (0.001 * 0.01, 0.1),
            "backbone.blocks.0.norm1.weight": (0.001 * 0.01, 0.1),
            "backbone.blocks.0.norm1.bias": (0.001 * 0.01, 0.0),
            "head.weight": (0.001, 0.1),
            "head.bias": (0.001, 0.0),
        },
        findings=("PG007",),
    ),
}


@dataclass(frozen=True)
class Example:
    name: str
    report: dict[str, Any]

    @property
    def expected(self) -> Expected:
        return EXPECTED[self.name]


@pytest.fixture(scope="module", autouse=True)
def at_the_root() -> Iterator[None]:
    """The examples name their files from the root; a model's file puts folders on the import path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(sys, "path", sys.path.copy())
        yield


@pytest.fixture(scope="module", params=EXPECTED)
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Example:
    output = tmp_path_factory.mktemp("report") / "report.json"
    assert main(["show", f"configs/{request.param}.yaml", "--format", "json", "--output", str(output)]) == 0
    return Example(request.param, json.loads(output.read_text(encoding="utf-8")))


def plain(name: str) -> dict[str, Any]:
    """The example as a training script reads it."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text(encoding="utf-8"))
    return config


def test_every_example_is_expected() -> None:
    assert len(EXAMPLES) >= 9
    assert [path.name for path in EXAMPLES] == [f"{name}.yaml" for name in sorted(EXPECTED)]


def test_findings(example: Example) -> None:
    assert tuple(finding["code"] for finding in example.report["findings"]) == example.expected.findings


def test_rules(example: Example) -> None:
    found = {
        rule["option"] if rule["key"] is None else f"{rule['option']}.{rule['key']}": rule["parameters"]
        for rule in example.report["summary"]["rules"]
    }
    assert found == example.expected.rules


def test_values(example: Example) -> None:
    found = {param["name"]: (param["lr"], param["weight_decay"]) for param in example.report["params"]}
    assert {name: found.get(name) for name in example.expected.values} == example.expected.values


def test_every_parameter_that_trains_is_in_the_optimizer(example: Example) -> None:
    missing = {param["name"] for param in example.report["params"] if not param["in_optimizer"]}
    assert missing == example.expected.left_out


@pytest.mark.parametrize("name", EXPECTED)
def test_table(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", f"configs/{name}.yaml"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""  # no note, such as a model that cannot be built on meta tensors
    for parameter in EXPECTED[name].values:
        assert re.search(rf"^{re.escape(parameter)} ", shown.out, re.MULTILINE)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.match(r"(# .{20,118}\n){1,3}model: \S", text)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_pyyaml_reads_every_number_as_a_number(path: Path) -> None:
    texts = [scalar for scalar in scalars(plain(path.stem)) if isinstance(scalar, str)]
    assert not [text for text in texts if re.fullmatch(r"[-+]?[\d_.]+(e[-+]?\d+)?", text, re.IGNORECASE)]


def scalars(node: object) -> Iterator[object]:
    """All keys and leaves of a plain config."""
    if isinstance(node, dict):
        yield from node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from scalars(item)
    else:
        yield node


def test_deformable_convolution_has_the_name_of_mmcvs_class() -> None:
    owner = pgaudit.audit(None, plain("dcn_mmcv"))["layer2.0.conv2.weight"].param.module_type
    assert owner == "mmcv.ops.modulated_deform_conv.ModulatedDeformConv2dPack"


def test_shared_head_needs_bypass_duplicate() -> None:
    config = plain("shared_head_mmcv")
    del config["paramwise_cfg"]["bypass_duplicate"]
    report = pgaudit.audit(None, config)
    assert [finding.code for finding in report.findings if finding.severity == "error"] == ["PG009"] * 4
    assert report["bbox_head.cls_convs.2.0.conv.weight"].name == "bbox_head.cls_convs.0.0.conv.weight"


@pytest.mark.parametrize(
    ("name", "key", "decayed"),
    [
        ("vit_mmcv", ".dist_token", "dist_token"),
        ("swin_mmcv", ".relative_position_bias_table", "layers.0.blocks.0.attn.relative_position_bias_table"),
        ("convnext_mmcv", ".gamma", "stages.0.blocks.0.gamma"),
    ],
)
def test_key_is_needed(name: str, key: str, decayed: str) -> None:
    config = plain(name)
    options = config.get("paramwise_cfg") or config["optimizer"]["paramwise_cfg"]
    del options["custom_keys"][key]
    assert pgaudit.audit(None, config)[decayed].weight_decay == 0.05


@pytest.mark.parametrize(
    ("option", "leaf", "decay"),
    [("flat_decay_mult", "gamma", 0.05), ("bias_decay_mult", "conv_dw.bias", 0.025)],
)
def test_option_is_needed(option: str, leaf: str, decay: float) -> None:
    config = plain("convnext_mmengine")
    del config["optim_wrapper"]["paramwise_cfg"][option]
    report = pgaudit.audit(None, config)
    decayed = {row.name: row.weight_decay for row in report.params if row.name.endswith(leaf)}
    assert set(decayed.values()) == {decay}


def test_layer_decay_is_for_schedulers() -> None:
    report = pgaudit.audit(None, plain("vit_timm"))
    names = ["cls_token", "blocks.0.mlp.fc1.weight", "blocks.11.mlp.fc1.weight", "norm.weight", "head.bias"]
    assert {row.lr for row in report.params} == {5e-4}
    # 14 layers: the embeddings, 12 blocks of which the last has the last norm, and the head.
    assert [report[name].scheduled_lr for name in names] == [
        5e-4 * scale for scale in (0.65**13, 0.65**12, 0.65**1, 0.65**1, 1.0)
    ]
