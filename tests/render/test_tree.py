"""Modules as a tree: what each holds adds up, and blocks that hold the same are one line."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit.render.report.table import render_table
from pgaudit.render.select import Selection
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report

POLICY = {
    "optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4},
    "paramwise_cfg": {"norm_decay_mult": 0, "custom_keys": {"fc": {"lr_mult": 10}}},
}


def _rows(report: Report, depth: int) -> list[list[str]]:
    lines = "".join(render_table(report, Selection(), TableOptions(depth=depth))).splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("module "))
    return [re.split(r"  +(?=\S)", line.strip()) for line in lines[begin + 1 : lines.index("", begin)]]


def test_modules_of_the_first_level() -> None:
    report = pgaudit.audit("resnet18", POLICY)
    assert _rows(report, 1) == [
        ["conv1", "1", "9.41 k", "0.1", "1e-4", "default"],
        ["bn1", "2", "128", "0.1", "▼ 0", "norm_decay_mult"],
        ["layer1", "12", "148 k", "0.1", "▼ 0 → 1e-4", "norm_decay_mult"],
        ["layer2", "15", "526 k", "0.1", "▼ 0 → 1e-4", "norm_decay_mult"],
        ["layer3", "15", "2.10 M", "0.1", "▼ 0 → 1e-4", "norm_decay_mult"],
        ["layer4", "15", "8.39 M", "0.1", "▼ 0 → 1e-4", "norm_decay_mult"],
        ["fc", "2", "513 k", "▲ 1", "1e-4", '"fc"'],
    ]


@pytest.mark.parametrize("depth", [1, 2, 3, 9])
def test_each_level_adds_up(depth: int) -> None:
    report = pgaudit.audit("vit_tiny_patch16_224", POLICY)
    lines = "".join(render_table(report, Selection(), TableOptions(depth=depth))).splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("module "))
    rows = [line for line in lines[begin + 1 : lines.index("", begin)] if not line.startswith(" ")]
    assert sum(int(re.split(r"  +", row)[1].replace(",", "")) for row in rows) == len(report)


def test_blocks_that_hold_the_same_are_one_line() -> None:
    names = [row[0] for row in _rows(pgaudit.audit("vit_tiny_patch16_224", POLICY), 3)]
    assert names == [
        *("cls_token", "pos_embed", "patch_embed", "proj", "blocks", "{0..11}", "norm1", "attn", "norm2", "mlp"),
        *("norm", "head"),
    ]


def test_blocks_inside_blocks_are_one_line_too() -> None:
    model = nn.Sequential(*(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)) for _ in range(3)))
    rows = _rows(pgaudit.audit(model, {"optimizer": {"type": "SGD", "lr": 0.1}}), 2)
    assert [row[:2] for row in rows] == [["{0..2}", "12"], ["{0,1}", "12"]]


def test_blocks_that_do_not_are_not() -> None:
    keys = {"blocks.3": {"lr_mult": 2}}
    policy = {**POLICY, "paramwise_cfg": {"custom_keys": keys}}
    rows = _rows(pgaudit.audit("vit_tiny_patch16_224", policy), 2)
    assert [row[0] for row in rows if row[1] in ("12", "36", "96") and row[0] != "layer"] == ["{0..2}", "3", "{4..11}"]
    assert [row[3] for row in rows if row[0] in ("blocks", "3")] == ["▲ 0.1 → 0.2", "▲ 0.2"]


def test_each_value_is_marked_against_its_own_optimizer() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    matrices, vectors = ([each for each in model.parameters() if each.ndim == dims] for dims in (2, 1))
    optimizers = [torch.optim.SGD(matrices, lr=0.1), torch.optim.AdamW(vectors, lr=1e-3, weight_decay=0.0)]
    assert _rows(pgaudit.audit(model, optimizers), 1) == [["{0,1}", "4", "12", "0.001 → 0.1", "0"]]
    matrix = nn.Linear(2, 2, bias=False)
    optimizers[0].add_param_group({"params": [matrix.weight], "lr": 0.01})
    rows = _rows(pgaudit.audit(nn.ModuleDict({"a": model, "b": matrix}), optimizers), 1)
    assert rows == [["a", "4", "12", "0.001 → 0.1", "0"], ["b", "1", "4", "▼ 0.01", "0"]]
