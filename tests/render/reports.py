"""Reports to render: a model with everything that a table can show, and hostile names."""

from __future__ import annotations

import torch
from torch import nn

import pgaudit

HOSTILE = 'a[bold]\x1b[31m|`\u202e:warning:,"\n<b>'
POLICY = {
    "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4},
    "paramwise_cfg": {
        "norm_decay_mult": 0.0,
        "bias_lr_mult": 2.0,
        "dwconv_decay_mult": 0.5,
        "bypass_duplicate": True,
        "custom_keys": {"head": {"lr_mult": 10}},
        "wd_mult": 0,
    },
}


class Block(nn.Module):
    """A depthwise convolution with a bias, so that lr and decay have different rules, and a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(4, 4, 3, groups=4)
        self.bn1 = nn.BatchNorm2d(4)


class Net(nn.Module):
    """Blocks that repeat, a frozen stem, a tied head."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 4))
        self.stem = nn.Conv2d(3, 4, 3)
        self.stem.weight.requires_grad = False
        self.blocks = nn.ModuleList(Block() for _ in range(3))
        self.head = nn.Linear(4, 4)
        self.head_twin = nn.Linear(4, 4, bias=False)
        self.head_twin.weight = self.head.weight


class Wrapper(nn.Module):
    """Loses a sibling under mmcv."""

    def __init__(self) -> None:
        super().__init__()
        self.module = Net()
        self.sibling = nn.Linear(2, 2)


def everything() -> pgaudit.Report:
    """Every kind of rule, mark and finding."""
    return pgaudit.audit(Wrapper(), POLICY)


def hostile() -> pgaudit.Report:
    """Names that a terminal, a table or a program might obey."""
    model = nn.Sequential()
    model.add_module(HOSTILE, nn.Linear(2, 2))
    keys = {HOSTILE + "w": {"lr_mult": 2}, HOSTILE: {"lr_mult": 3, HOSTILE: 1}}
    return pgaudit.audit(model, {**POLICY, "paramwise_cfg": {"custom_keys": keys, HOSTILE: 1}})
