"""Configs against checkpoints of the libraries that they are for: groups, order and values are theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from timm.optim._optim_factory import create_optimizer_v2
from torch import nn

import pgaudit
from pgaudit.checkpoints import read_checkpoint
from pgaudit.resume import Resumption, resumption
from pgaudit.resume.expected import expected_optimizers
from tests.resume.runs import saved, stepped

TIMM: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("adamw", {}, {}),
    ("sgd", {"momentum": 0.8}, {}),
    ("adamw", {}, {"layer_decay": 0.75}),
    ("adamw", {}, {"filter_bias_and_bn": False}),
    ("lamb", {}, {}),
]
"""A name of timm's, arguments of its class, and options of the groups."""


def _found(path: Path, model: nn.Module, config: dict[str, Any]) -> Resumption:
    return resumption(read_checkpoint(str(path)), pgaudit.audit(model, config))


@pytest.mark.parametrize(("kind", "more", "options"), TIMM)
def test_what_timm_wrote_resumes_under_its_config(
    kind: str, more: dict[str, Any], options: dict[str, Any], tmp_path: Path
) -> None:
    model = timm.create_model("vit_tiny_patch16_224", depth=2, num_classes=5)
    real = create_optimizer_v2(model, opt=kind, lr=0.1, weight_decay=0.05, **more, **options)
    stepped(real)
    path = saved(tmp_path / "last.pt", real, state_dict=model.state_dict())
    config: dict[str, Any] = {
        "constructor": "timm",
        "optimizer": {"type": kind, "lr": 0.1, "weight_decay": 0.05, **more},
        "paramwise_cfg": options,
    }
    found = _found(path, model, config)
    assert (found.verdict, found.mismatches, found.overrides) == ("ok", (), ()), found
    names = {id(param): name for name, param in model.named_parameters()}
    (ours,) = expected_optimizers(pgaudit.audit(model, config))
    assert [[each.name for each in group.tensors] for group in ours.groups] == [
        [names[id(param)] for param in group["params"]] for group in real.param_groups
    ]
    changed = _found(path, model, {**config, "optimizer": {"type": kind, "lr": 0.2, "weight_decay": 0.05, **more}})
    assert changed.verdict == "overrides"
    assert {each.key for each in changed.overrides} >= {"lr"}


def test_an_empty_group_at_the_end(tmp_path: Path) -> None:
    """transformers builds a group without decay also for a model that has nothing to put into it."""
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    groups = [{"params": list(model.parameters()), "weight_decay": 0.05}, {"params": [], "weight_decay": 0.0}]
    real = torch.optim.AdamW(groups, lr=0.1)
    stepped(real)
    path = saved(tmp_path / "last.pt", real)
    config = {"optimizer": {"type": "AdamW", "lr": 0.1, "weight_decay": 0.05}}
    assert _found(path, model, {**config, "constructor": "transformers"}).verdict == "ok"
