from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

import pgaudit
from pgaudit import ConfigError
from tests.checks.cases import audit, only, places

HEAD = "optimizer: {type: SGD, lr: 0.1, weight_decay: 0.1}\n"


def _tied(*, trainable: bool = True) -> nn.Module:
    model = nn.ModuleDict({"encoder": nn.Linear(2, 2, bias=False), "decoder": nn.Linear(2, 2)})
    model["decoder"].weight = model["encoder"].weight
    model["encoder"].weight.requires_grad = trainable
    return model


def test_a_tied_parameter_is_found_and_both_lots_are_named(tmp_path: Path) -> None:
    report = audit(tmp_path, HEAD + "paramwise_cfg:\n  custom_keys: {decoder: {lr_mult: 10}}\n", _tied())
    assert places(report, "PG009") == [("PG009", 2, 1)]
    finding = only(report, "PG009")
    assert finding.param == "encoder.weight"
    assert "encoder.weight (lr 0.1, decay 0.1), decoder.weight (lr 1, decay 0.1)" in finding.message


def test_bypass_duplicate_keeps_it_silent(tmp_path: Path) -> None:
    report = audit(tmp_path, HEAD + "paramwise_cfg: {bypass_duplicate: true}\n", _tied())
    assert places(report, "PG009") == []


def test_bypass_duplicate_does_not_help_a_frozen_parameter(tmp_path: Path) -> None:
    report = audit(tmp_path, HEAD + "paramwise_cfg: {bypass_duplicate: true}\n", _tied(trainable=False))
    assert places(report, "PG009") == [("PG009", 2, 17)]
    assert only(report, "PG009").hint == (
        "bypass_duplicate does not help a frozen parameter; untie it or leave paramwise_cfg empty"
    )


@pytest.mark.parametrize("options", ["", "paramwise_cfg: {}\n", "paramwise_cfg:\n"])
def test_one_group_for_all_has_no_duplicates(tmp_path: Path, options: str) -> None:
    assert places(audit(tmp_path, HEAD + options, _tied()), "PG009") == []


def test_no_optimizer_is_built_from_it() -> None:
    config = {"optimizer": {"type": "SGD", "lr": 0.1}, "paramwise_cfg": {"custom_keys": {}}}
    with pytest.raises(ConfigError, match="torch refuses it in more than one group"):
        pgaudit.build_optimizer(_tied(), config)
