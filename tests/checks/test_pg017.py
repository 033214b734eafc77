"""Assignments made by hand, then timm's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

import pgaudit
from pgaudit.checks import Audited
from pgaudit.checks.pg017 import check
from pgaudit.config import load_config
from pgaudit.constructors import CONSTRUCTORS, OptimizerDefaults
from pgaudit.models.built import BuiltModel
from tests.checks.cases import audit, has_words, only, places


def _audited(depths: list[int | None] | None) -> Audited:
    """Layer depths for the weights of a stack of layers."""
    model = nn.Sequential(*(nn.Linear(1, 1, bias=False) for _ in depths or [0]))
    config = load_config({"optimizer": {"type": "SGD", "lr": 0.1}})
    inventory = BuiltModel(model, "model").inventory(unwrap=True)
    defaults = OptimizerDefaults(0.1, 0.0)
    assignment = CONSTRUCTORS["mmcv"].decide(inventory, config, defaults)
    given = None if depths is None else tuple(depths)
    decisions = replace(assignment, depths=given)
    return Audited(inventory, config, CONSTRUCTORS["mmcv"], defaults, decisions, decisions)


@pytest.mark.parametrize("depths", [[5] * 10, [0, *[5] * 9], [*[None] * 20, 5, 5], [0, *[13] * 149]])
def test_nearly_all_in_one_layer(depths: list[int | None]) -> None:
    (finding,) = check(_audited(depths))
    most = max(depth or 0 for depth in depths)
    count = depths.count(most)
    assert finding.code == "PG017"
    assert finding.message == (
        f"layer decay puts {count} of {len(depths) - depths.count(None)} tensors into layer {most}"
    )
    assert finding.params == tuple(f"{i}.weight" for i, depth in enumerate(depths) if depth == most)


@pytest.mark.parametrize("depths", [None, [], [3], [None, 3], [None, None], [0, 0, *[5] * 8], list(range(12))])
def test_layers_apart_and_no_layers(depths: list[int | None] | None) -> None:
    assert list(check(_audited(depths))) == []


TIMM = """constructor: timm
optimizer: {type: adamw, lr: 0.1, weight_decay: 0.1}
paramwise_cfg:
  layer_decay: 0.5
"""


class _Told(nn.Sequential):
    """Says by itself which layers it has."""

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        return {"layers": r"^(\d+)"}


def _stack(kind: type[nn.Sequential]) -> nn.Sequential:
    return kind(*(nn.Linear(1, 1) for _ in range(8)))


def test_timm_without_a_matcher_and_a_classifier(tmp_path: Path) -> None:
    report = audit(tmp_path, TIMM, _stack(nn.Sequential))
    assert places(report, "PG017") == [("PG017", 4, 3)]
    finding = only(report, "PG017")
    assert finding.message == "layer decay puts 16 of 16 tensors into layer 0"
    assert has_words(finding.hint, "neither group_matcher() nor pretrained_cfg['classifier']")


def test_timm_with_a_matcher_of_another_model(tmp_path: Path) -> None:
    report = audit(tmp_path, TIMM, nn.Sequential(_stack(_Told)))
    assert places(report, "PG017") == [("PG017", 4, 3)]
    assert places(audit(tmp_path, TIMM, _stack(_Told)), "PG017") == []


def test_timm_with_a_matcher_that_knows_no_name(tmp_path: Path) -> None:
    model = _stack(_Told)
    renamed = type("Renamed", (_Told,), {"group_matcher": lambda self, coarse=False: {"layers": r"^blocks\.(\d+)"}})
    model.__class__ = renamed
    assert has_words(only(audit(tmp_path, TIMM, model), "PG017").hint, "the model's group_matcher() tells the layers")


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224", "convnext_tiny", "pit_s_224", "vgg11"])
def test_models_of_timm_have_layers(name: str) -> None:
    config = {
        "constructor": "timm",
        "optimizer": {"type": "adamw", "lr": 0.1},
        "paramwise_cfg": {"layer_decay": 0.5},
    }
    assert places(pgaudit.audit(name, config), "PG017") == []
