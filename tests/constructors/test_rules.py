"""pgaudit's own policy, point by point."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit.core.setting import Provenance
from pgaudit.explanation import explain


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc, self.norm = nn.Linear(4, 4), nn.LayerNorm(4)
        self.scale = nn.Parameter(torch.ones(()))


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 4))
        self.blocks = nn.ModuleList(Block() for _ in range(12))
        self.rms, self.bn = nn.RMSNorm(4), nn.BatchNorm2d(4)
        self.head = nn.Linear(4, 2)


BASE = {"type": "SGD", "lr": 0.1, "weight_decay": 0.01, "momentum": 0.9}
NAMES = [name for name, _ in Model().named_parameters()]


def _audit(*rules: Any, model: nn.Module | None = None, base: Any = None, **options: Any) -> pgaudit.Report:
    cfg = {"mode": "layered", **options, "rules": list(rules)}
    return pgaudit.audit(model or Model(), {"constructor": "rules", "optimizer": base or BASE, "paramwise_cfg": cfg})


def _hit(match: Any) -> set[str]:
    return {row.name for row in _audit({"match": match, "lr": 7}).params if row.lr == 7}


NORMS = {name for name in NAMES if ".norm." in name or name.startswith(("rms", "bn"))}
BLOCK_1 = {name for name in NAMES if name.startswith("blocks.1.")}
MATCHES: list[tuple[Any, set[str]]] = [
    ("head", set()),
    ("head.*", {"head.weight", "head.bias"}),
    ("bias", {"bias"}),
    ("*.bias", {name for name in NAMES if name.endswith(".bias")}),
    ("blocks.1.*", BLOCK_1),
    ("blocks.1*", {n for n in NAMES if n.startswith("blocks.1")}),
    ("blocks.{1..1}.*", BLOCK_1),
    ("*", set(NAMES)),
    (["head.bias", "bias"], {"head.bias", "bias"}),
    ({"name": ["head.*", "bias"]}, {"head.weight", "head.bias", "bias"}),
    ({"regex": r"blocks\.1\..*"}, BLOCK_1),
    ({"regex": "blocks"}, set()),
    ({"regex": ["bias", "rms.*"]}, {"bias", "rms.weight"}),
    ({"type": "norm"}, NORMS),
    ({"type": "LayerNorm"}, {name for name in NAMES if ".norm." in name}),
    ({"type": "torch.nn.modules.batchnorm._BatchNorm"}, {"bn.weight", "bn.bias"}),
    ({"type": ["RMSNorm", "torch.nn:BatchNorm2d"]}, {"rms.weight", "bn.weight", "bn.bias"}),
    ({"type": f"{__name__}.Block"}, {name for name in NAMES if name.endswith("scale")}),
    ({"ndim": 0}, {name for name in NAMES if name.endswith("scale")}),
    ({"ndim": [0, 1]}, {n for n in NAMES if n != "bias" and not n.endswith(("fc.weight", "head.weight"))}),
    ({"type": "norm", "name": "blocks.1.*", "ndim": 1}, {"blocks.1.norm.weight", "blocks.1.norm.bias"}),
    (
        [{"type": "Linear", "ndim": 1}, "bn.weight"],
        {n for n in NAMES if n.endswith(("fc.bias", "head.bias", "bn.weight"))},
    ),
]


@pytest.mark.parametrize(
    ("match", "names"), MATCHES, ids=lambda value: str(sorted(value) if isinstance(value, set) else value)[:40]
)
def test_what_a_match_hits(match: Any, names: set[str]) -> None:
    assert _hit(match) == names


def _values(report: pgaudit.Report, name: str) -> tuple[float | None, float | None]:
    return report[name].lr, report[name].weight_decay


def test_layered_rules_override_what_they_state_and_multiply_the_base() -> None:
    report = _audit(
        {"match": "*", "lr_mult": 0.5, "decay_mult": 3},
        {"match": "head.*", "lr_mult": 0.1},
        {"match": {"ndim": [0, 1]}, "weight_decay": 0},
        {"match": "bias", "lr": 0.3},
    )
    assert _values(report, "rms.weight") == (0.1 * 0.5, 0.0)
    assert _values(report, "head.weight") == (0.1 * 0.1, 0.01 * 3)  # not 0.1 × 0.5 × 0.1
    assert _values(report, "head.bias") == (0.1 * 0.1, 0.0)
    assert _values(report, "bias") == (0.3, 0.01 * 3)


def test_where_the_first_wins_it_decides_all() -> None:
    report = _audit({"match": "head.*", "lr_mult": 0.1}, {"match": "*", "lr_mult": 2, "decay_mult": 0}, mode="first")
    assert _values(report, "head.bias") == (0.1 * 0.1, 0.01)
    assert _values(report, "rms.weight") == (0.2, 0.0)


def test_equal_settings_share_a_group_in_first_seen_order() -> None:
    report = _audit(
        {"match": "head.weight", "lr": 0.2}, {"match": "bn.*", "lr_mult": 2}, {"match": "rms.*", "lr_mult": 1}
    )
    assert [group.lr for group in report.groups] == [0.1, 0.2]
    assert (report["rms.weight"].group, report["bn.bias"].group, report["head.weight"].group) == (0, 1, 1)
    optimizer = pgaudit.build_optimizer(Model(), report.config)
    assert [(group["lr"], len(group["params"])) for group in optimizer.param_groups] == [
        (0.1, len(NAMES) - 3),
        (0.2, 3),
    ]


def test_what_is_frozen_is_left_out() -> None:
    model = Model()
    model.bn.requires_grad_(False)
    rules = [{"match": "blocks.*", "freeze": True}, {"match": "blocks.11.*", "freeze": False}]
    report = _audit(*rules, model=model)
    inside = {row.name for row in report.params if row.group is not None}
    assert inside == {n for n in NAMES if not n.startswith(("blocks", "bn")) or n.startswith("blocks.11.")}
    assert report["blocks.1.scale"].setting.lr_rule == Provenance("rules", "blocks.*")
    assert report["bn.bias"].setting.lr_rule == Provenance("frozen")
    (left_out,) = [finding.params for finding in report.findings if finding.code == "PG010"]
    assert set(left_out) == {n for n in NAMES if n.startswith("blocks.") and not n.startswith("blocks.11.")}
    assert sum(len(g["params"]) for g in pgaudit.build_optimizer(model, report.config).param_groups) == len(inside)
    assert [
        tried.rule.key for tried in explain(report, "blocks.1.scale").occurrences[0].evaluations if tried.decides
    ] == ["blocks.*"]


def test_nothing_left_is_refused() -> None:
    with pytest.raises(pgaudit.ConfigError, match="no parameter is left"):
        _audit({"match": "*", "freeze": True})


@pytest.mark.parametrize(("unmatched", "group"), [("base", 1), ("freeze", None)])
def test_what_no_rule_is_about(unmatched: str, group: int | None) -> None:
    report = _audit({"match": "bias", "lr": 0.3}, unmatched=unmatched)
    assert report["head.bias"].group == group
    rule = report["head.bias"].setting.lr_rule
    assert rule is not None
    assert rule.option == ("default" if unmatched == "base" else "unmatched")


def test_what_no_rule_is_about_may_be_an_error() -> None:
    with pytest.raises(pgaudit.ConfigError, match=r"no rule is about blocks\.0\.scale"):
        _audit({"match": [{"ndim": [1, 2]}], "lr": 0.3}, unmatched="error")
    assert _audit({"match": "*", "lr": 0.3}, unmatched="error")["bias"].lr == 0.3


def _tied() -> nn.Module:
    model = Model()
    model.head.weight = model.blocks[3].fc.weight  # type: ignore[union-attr, assignment]
    return model


def test_names_of_one_tensor_must_agree() -> None:
    with pytest.raises(pgaudit.ConfigError) as caught:
        _audit({"match": "head.*", "lr": 0.3}, model=_tied())
    message = str(caught.value)
    assert "blocks.3.fc.weight (lr 0.1, weight decay 0.01) and head.weight (lr 0.3, weight decay 0.01)" in message
    same = _audit({"match": ["head.*", "blocks.3.fc.weight"], "lr": 0.3}, model=_tied())
    assert same["head.weight"].lr == 0.3
    by_value = _audit({"match": "head.weight", "lr": 0.2}, {"match": "blocks.3.*", "lr_mult": 2}, model=_tied())
    assert by_value["head.weight"].lr == 0.2


def test_other_settings_of_the_group() -> None:
    report = _audit(
        {"match": "*", "set": {"momentum": 0.9}},  # as it is anyway
        {"match": "head.*", "set": {"momentum": 0.5, "nesterov": True}},
        {"match": "head.bias", "set": {"momentum": 0.6}},
    )
    assert report["bias"].setting.extra == {}
    assert report["head.weight"].setting.extra == {"momentum": 0.5, "nesterov": True}
    assert report["head.bias"].setting.extra == {"momentum": 0.6, "nesterov": True}
    assert [f.key for f in report.findings if f.code in ("PG002", "PG005")] == ["*"]
    with pytest.raises(pgaudit.ConfigError, match='SGD knows no setting "momentun"'):
        _audit({"match": "*", "set": {"momentun": 0.5}})


def test_one_match_may_stand_twice_for_two_things() -> None:
    twice = [{"match": "*", "lr": 1}, {"match": "*", "decay_mult": 0}]
    setting = _audit(*twice)["bias"].setting
    assert (setting.lr, setting.weight_decay) == (1, 0)
    assert [rule and rule.key for rule in (setting.lr_rule, setting.weight_decay_rule)] == ["*", "* #2"]


def test_there_must_be_something_to_multiply() -> None:
    assert _audit({"match": "bias", "lr_mult": 2}, base={"type": "AdamW"})["bias"].lr == 0.002
    with pytest.raises(pgaudit.ConfigError, match="too large"):
        _audit({"match": "bias", "lr_mult": 1e308}, base={"type": "SGD", "lr": 1e9})


def test_findings_name_the_rules() -> None:
    report = _audit(
        {"match": "heda.*", "lr": 1},
        {"match": {"type": "GroupNorm"}, "lr": 1},
        {"match": "head.*", "lr": 1},
        {"match": ["head.weight", "head.bias"], "lr": 2},
        {"match": "rms.*", "lr_mult": 1},
    )
    found = [(f.code, f.key) for f in report.findings if f.code not in ("PG007",)]
    assert found == [
        ("PG001", "heda.*"),
        ("PG001", "type: GroupNorm"),
        ("PG002", "head.*"),
        ("PG005", "rms.*"),
    ]
    assert report.findings[0].hint == 'did you mean "head.*"?'


def test_an_unknown_norm_is_one_all_the_same() -> None:
    class OwnNorm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(4))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight

    model = nn.Sequential(nn.Linear(4, 4), OwnNorm(), nn.LayerNorm(4))
    report = _audit({"match": {"type": "norm"}, "weight_decay": 0}, model=model)
    assert "PG006" in {finding.code for finding in report.findings}


@pytest.mark.parametrize("name", [*NAMES[:4], "head.bias", "bn.weight"])
def test_explanations_come_to_what_the_report_says(name: str) -> None:
    for mode in ("layered", "first"):
        report = _audit(
            {"match": {"ndim": [0, 1]}, "decay_mult": 0},
            {"match": ["*.weight", "bias"], "lr_mult": 0.5},
            {"match": "head.*", "lr": 0.4, "decay_mult": 2},
            mode=mode,
        )
        explanation = explain(report, name)
        row = report[name]
        assert [result.value for result in explanation.results] == [row.lr, row.weight_decay]
        assert [result.product.result for result in explanation.results] == [row.lr, row.weight_decay]
