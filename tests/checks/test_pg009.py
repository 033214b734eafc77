from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
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


class _TwiceListed(nn.Module):
    """Its own method gives one tensor a name that timm decays, and one that timm does not."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(2, 2))

    def named_parameters(self, *_: object, **__: object) -> Iterator[tuple[str, nn.Parameter]]:
        yield from (("w", self.w), ("w.bias", self.w))


def test_no_hint_names_an_option_that_the_constructor_has_not(tmp_path: Path) -> None:
    report = audit(tmp_path, HEAD + "constructor: timm\n", _TwiceListed())
    assert only(report, "PG009").hint == "untie it: no option of this constructor helps"


@pytest.mark.parametrize("options", ["", "paramwise_cfg: {}\n", "paramwise_cfg:\n"])
def test_one_group_for_all_has_no_duplicates(tmp_path: Path, options: str) -> None:
    assert places(audit(tmp_path, HEAD + options, _tied()), "PG009") == []


def test_no_optimizer_is_built_from_it() -> None:
    config = {"optimizer": {"type": "SGD", "lr": 0.1}, "paramwise_cfg": {"custom_keys": {}}}
    with pytest.raises(ConfigError, match="torch refuses it in more than one group"):
        pgaudit.build_optimizer(_tied(), config)
