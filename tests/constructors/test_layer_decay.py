"""Layer decay as people meet it: explanations, findings, and what stands where in the config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from torch import nn

import pgaudit
from pgaudit.cli import main
from pgaudit.explanation import explain

BASE = {"type": "AdamW", "lr": 0.001, "weight_decay": 0.05}


class Layered(nn.Module):
    """Thirteen layers: two of them here, and a table."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.norm = nn.Linear(2, 2), nn.LayerNorm(2)
        self.table = nn.Parameter(self.fc.weight.detach().clone(), requires_grad=False)

    def get_layer_depth(self, name: str) -> tuple[int, int]:
        if name == "table":
            raise KeyError(name)
        return (3 if name.startswith("fc") else 12), 13


class ConvNeXt(nn.Module):
    """One block of the third stage."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList([nn.ModuleList(), nn.ModuleList(), nn.ModuleList([nn.Linear(2, 2)])])


class Detector(nn.Module):
    """A backbone, and a head."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone, self.head = backbone, nn.Linear(2, 2)


def _audit(model: nn.Module, constructor: str, **options: Any) -> pgaudit.Report:
    return pgaudit.audit(model, {"constructor": constructor, "optimizer": BASE, "paramwise_cfg": options})


def _mmpretrain(**options: Any) -> pgaudit.Report:
    return _audit(Layered(), "mmpretrain_layer_decay", **{"layer_decay_rate": 0.75, **options})


def test_the_layer_is_part_of_the_sum() -> None:
    lr, decay = explain(_mmpretrain(), "fc.weight").results
    assert (lr.product.base, lr.product.mult, lr.value) == (0.001, 0.75**9, 0.001 * 0.75**9)
    assert lr.product.note == "layer 3 of 12: 0.75^9"
    assert (lr.rule.option, decay.rule.option, decay.value) == ("layer_decay_rate", "default", 0.05)


def test_every_rule_is_tried_in_order() -> None:
    keys = {"fc": {"decay_mult": 0.5}, "fc.b": {"decay_mult": 0.1, "weight_decay": 0.0}, "fc.": {"lr_mult": 3.0}}
    report = _mmpretrain(custom_keys=keys, norm_decay_mult=0.0, bias_decay_mult=0.0, flat_decay_mult=0.5)
    (occurrence,) = explain(report, "fc.bias").occurrences
    tried = [
        (t.rule.short, t.matched, set(t.decides), t.beaten_by and t.beaten_by.short) for t in occurrence.evaluations
    ]
    assert tried == [
        ("fc.b", True, {"weight_decay"}, None),
        ("fc.", True, set(), "fc.b"),
        ("fc", True, set(), "fc.b"),
        ("norm_decay_mult", False, set(), None),
        ("bias_decay_mult", True, set(), "fc.b"),
        ("flat_decay_mult", True, set(), "fc.b"),
        ("layer_decay_rate", True, {"lr"}, None),
    ]
    assert occurrence.evaluations[0].products[0].note == "the decay_mult beside it is lost"
    assert [t.principle for t in occurrence.evaluations[1:3]] == ["the longer key wins"] * 2
    norm = explain(report, "norm.bias").occurrences[0].evaluations
    assert [t.principle for t in norm if t.beaten_by] == ["norms are asked for first, then biases, then vectors"] * 2


def test_a_frozen_parameter_is_left_out_and_not_asked_about() -> None:
    report = _mmpretrain()
    assert report["table"].group is None
    assert [t.rule.option for t in explain(report, "table").occurrences[0].evaluations] == ["frozen"]
    assert "PG010" not in {finding.code for finding in report.findings}


def test_what_is_explained_under_empty_options() -> None:
    report = _audit(nn.Linear(2, 2), "mmpretrain_layer_decay")
    assert [result.rule.option for result in explain(report, "weight").results] == ["default", "default"]
    report = _audit(nn.Linear(2, 2), "mmdet_layer_decay")
    assert [result.rule.option for result in explain(report, "weight").results] == ["default", "default"]


def test_layers_by_names_are_explained() -> None:
    report = _audit(Detector(ConvNeXt()), "mmdet_layer_decay", num_layers=6, decay_rate=0.5)
    lr, decay = explain(report, "backbone.stages.2.0.bias").results
    assert lr.product.note == "layer 3 of 7: 0.5^4"
    assert (decay.rule.option, decay.value) == ("no_decay", 0.0)
    (occurrence,) = explain(report, "head.weight").occurrences
    assert [(t.rule.option, t.matched) for t in occurrence.evaluations] == [
        ("no_decay", False),
        ("default", True),
        ("decay_rate", True),
    ]


HINTS: list[tuple[str, Any, str, str]] = [
    ("bias_lr_mult", 2.0, "PG014", "the layer alone decides the lr: remove it"),
    ("decay_rate", 0.5, "PG014", "it is called layer_decay_rate here"),
    ("layer_decay", 0.5, "PG014", "it is called layer_decay_rate here"),
    ("num_layers", 12, "PG014", "the model's own get_layer_depth says its layers: remove it"),
    ("bypass_duplicate", True, "PG014", "a parameter with two names cannot be had under layer decay: untie it"),
    ("dwconv_decay_mult", 0.0, "PG014", "say it in custom_keys, or name a constructor that reads it"),
    ("layer_decay_rat", 0.5, "PG011", 'did you mean "layer_decay_rate"?'),
]


@pytest.mark.parametrize(("option", "value", "code", "hint"), HINTS, ids=[hint[0] for hint in HINTS])
def test_what_to_do_about_an_option_that_is_not_read(option: str, value: Any, code: str, hint: str) -> None:
    found = {finding.key: finding for finding in _mmpretrain(**{option: value}).findings}
    assert (found[option].code, found[option].hint) == (code, hint)


def test_a_rate_of_one_is_no_layer_decay() -> None:
    report = _mmpretrain(layer_decay_rate=1.0, norm_decay_mult=0.0)
    codes = {(finding.code, finding.key) for finding in report.findings}
    assert ("PG005", "layer_decay_rate") in codes
    assert not any(code == "PG017" for code, _ in codes)


def test_a_custom_key_restores_the_decay_that_an_option_took() -> None:
    report = _mmpretrain(norm_decay_mult=0.0, custom_keys={"norm": {"lr_mult": 0.1}})
    assert {("PG004", "norm"), ("PG014", "lr_mult")} <= {(f.code, f.key) for f in report.findings}


def test_one_line_and_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "optimizer: {type: SGD, lr: 0.1, weight_decay: 0.1}\n"
        "constructor: mmpretrain_layer_decay\n"
        "paramwise_cfg: {layer_decay_rate: 0.5}\n"
    )
    assert main(["show", "resnet18", str(path)]) == 2
    error = capsys.readouterr().err
    assert f'{path}:3:1: error: "ResNet" has no get_layer_depth; mmpretrain' in error
    assert "would raise NotImplementedError" in error
    assert "Traceback" not in error


def test_groups_are_merged_when_an_optimizer_is_built() -> None:
    config = {"constructor": "mmpretrain_layer_decay", "optimizer": BASE, "paramwise_cfg": {"layer_decay_rate": 0.5}}
    optimizer = pgaudit.build_optimizer(Layered(), config)
    held = [(len(g["params"]), g["lr"], g["layer_id"], g["lr_scale"]) for g in optimizer.param_groups]
    assert held == [(2, 0.001 * 0.5**9, 3, 0.5**9), (2, 0.001, 12, 1.0)]
