"""Mistakes that were published, each found by its code and place. Models are stand-ins with the real names."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

import pgaudit
from tests.checks.cases import Case, audit, examine, only, places, tree
from tests.checks.test_pg006 import RmsNorm, marked


def _segmentor() -> nn.Module:
    """mmseg's DNLNet: `theta` and `phi` are convolutions of the disentangled non-local block."""
    block = "decode_head.dnl_block"
    return tree(
        {
            "backbone.conv1": nn.Conv2d(3, 4, 3, bias=False),
            "backbone.bn1": nn.BatchNorm2d(4),
            f"{block}.theta": nn.Conv2d(4, 2, 1),
            f"{block}.phi": nn.Conv2d(4, 2, 1),
            "decode_head.conv_seg": nn.Conv2d(4, 2, 1),
            "auxiliary_head.conv_seg": nn.Conv2d(4, 2, 1),
        }
    )


def _pose() -> nn.Module:
    """mmpose's top-down estimator on a Vision Transformer."""
    layer = "backbone.layers.0"
    model = tree(
        {f"{layer}.ln1": nn.LayerNorm(2), f"{layer}.ffn.layers.1": nn.Linear(2, 2), "head.conv": nn.Conv2d(2, 2, 1)}
    )
    model.get_submodule("backbone").register_parameter("pos_embed", nn.Parameter(nn.Linear(2, 2).weight))
    return model


def _twins() -> nn.Module:
    """mmpretrain's Twins-PCPVT."""
    return tree(
        {
            "backbone.patch_embeds.0.projection": nn.Conv2d(3, 2, 4),
            "backbone.position_encodings.0.proj": nn.Conv2d(2, 2, 3, groups=2),
            "backbone.stages.0.0.norm1": nn.LayerNorm(2),
            "head.fc": nn.Linear(2, 2),
        }
    )


def _detector() -> nn.Module:
    return tree({"backbone.conv1": nn.Conv2d(3, 2, 1), "backbone.bn1": nn.BatchNorm2d(2), "head.fc": nn.Linear(2, 2)})


# mmseg, dnlnet/dnl_r50-d8_4xb2-80k_cityscapes-769x769.py
DNLNET = """\
optimizer:
  type: SGD
  lr: 0.01
  momentum: 0.9
  weight_decay: 0.0005
  paramwise_cfg:
    custom_keys:
      theta: {wd_mult: 0.}
      phi: {wd_mult: 0.}
"""
# mmpose 1.3, td-hm_ViTPose-base_8xb64-210e_coco-256x192.py
VITPOSE = """\
optimizer: {type: AdamW, lr: 5.0e-4, betas: [0.9, 0.999], weight_decay: 0.1}
paramwise_cfg:
  num_layers: 12
  layer_decay_rate: 0.75
  custom_keys:
    bias: {decay_multi: 0.0}
    pos_embed: {decay_mult: 0.0}
    relative_position_bias_table: {decay_mult: 0.0}
    norm: {decay_mult: 0.0}
"""
# mmpretrain 1.2, twins/twins-pcpvt-base_8xb128_in1k.py, as its bases leave it
TWINS = """\
optimizer: {type: AdamW, lr: 0.001, weight_decay: 0.05, eps: 1.0e-8, betas: [0.9, 0.999]}
paramwise_cfg:
  norm_decay_mult: 0.0
  bias_decay_mult: 0.0
  flat_decay_mult: 0.0
  custom_keys:
    .absolute_pos_embed: {decay_mult: 0.0}
    .relative_position_bias_table: {decay_mult: 0.0}
  _delete: true
"""
# mmengine, issue 846
ISSUE_846 = """\
optimizer: {type: AdamW, lr: 0.004, weight_decay: 0.05}
paramwise_cfg:
  bias_decay_mult: 0.
  norm_decay_mult: 0.
  custom_keys:
    backbone: {lr_mult: 0.1}
"""
# mmseg's documentation, "Training tricks": a larger lr for the heads
HEADS = """\
optimizer: {type: SGD, lr: 0.01, momentum: 0.9, weight_decay: 0.0005}
paramwise_cfg:
  custom_keys:
    head: {lr_mult: 10.}
"""


def test_wd_mult_of_dnlnet(tmp_path: Path) -> None:
    report = audit(tmp_path, DNLNET, _segmentor())
    assert places(report, "PG011") == [("PG011", 8, 15), ("PG011", 9, 13)]
    assert {f.hint for f in report.findings if f.code == "PG011"} == {'did you mean "decay_mult"?'}
    assert report["decode_head.dnl_block.theta.weight"].weight_decay == 5e-4
    assert places(report, "PG005") == [("PG005", 8, 7), ("PG005", 9, 7)]


def test_decay_multi_of_vitpose(tmp_path: Path) -> None:
    report = audit(tmp_path, VITPOSE, _pose())
    assert places(report, "PG011") == [("PG011", 6, 12)]
    assert only(report, "PG011").hint == 'did you mean "decay_mult"?'
    assert places(report, "PG014") == [("PG014", 3, 3), ("PG014", 4, 3)]
    # Two more of its mistakes: the model calls its norms `ln1`, and its table is Swin's.
    assert places(report, "PG001") == [("PG001", 8, 5), ("PG001", 9, 5)]


def test_delete_of_twins(tmp_path: Path) -> None:
    report = audit(tmp_path, TWINS, _twins())
    assert places(report, "PG011") == [("PG011", 9, 3)]
    assert places(report, "PG014") == [("PG014", 5, 3)]  # flat_decay_mult, under mmcv
    assert places(report, "PG001") == [("PG001", 7, 5), ("PG001", 8, 5)]
    dead = [finding for finding in report.findings if finding.code == "PG001"]
    assert {finding.severity for finding in dead} == {"warning"}
    assert all("if it is inherited, it is harmless here" in (finding.hint or "") for finding in dead)


CASES = {
    "PG004": Case(
        ISSUE_846,
        (6, 5),
        '"backbone" sets no decay_mult … despite bias_decay_mult :3, norm_decay_mult :4',
        model=_detector,
    ),
    "PG003": Case(HEADS, (4, 5), '"head" hits only inside decode_head, auxiliary_head', model=_segmentor),
}


@pytest.mark.parametrize(("code", "case"), CASES.items(), ids=CASES)
def test_a_published_policy(tmp_path: Path, code: str, case: Case) -> None:
    examine(tmp_path, code, case)


def test_rms_norms_under_norm_decay_mult(tmp_path: Path) -> None:
    """62 of the models in timm have such norms; they stay decayed."""
    model = tree({"blocks.0.norm1": RmsNorm(), "blocks.0.fc": nn.Linear(2, 2), "norm": nn.LayerNorm(2)})
    path = tmp_path / "f.yaml"
    path.write_text("optimizer: {type: AdamW, lr: 0.001, weight_decay: 0.05}\nparamwise_cfg: {norm_decay_mult: 0.0}\n")
    report = pgaudit.audit(marked(model), path)
    assert places(report, "PG006") == [("PG006", 2, 17)]
    assert report["blocks.0.norm1.weight"].weight_decay == 0.05
