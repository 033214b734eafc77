"""What the gate's tests check: a small model, a policy whose lines are known, and one that changes them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from torch import nn

import pgaudit
from pgaudit import Inventory, Report
from pgaudit.core.findings import Finding
from pgaudit.models.built import BuiltModel

CONFIG = """\
optimizer:
  type: SGD
  lr: 0.1
  weight_decay: 1.0e-4
paramwise_cfg:
  norm_decay_mult: 0
  custom_keys:
    fc: {lr_mult: 10}
"""


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 2)


@functools.cache
def inventory() -> Inventory:
    return BuiltModel(Net(), "net").inventory()


def report(folder: Path, text: str = CONFIG, model: Any = None) -> Report:
    """The report of a policy in `c.yaml`, named as from its folder."""
    (folder / "c.yaml").write_text(text, encoding="utf-8")
    config = pgaudit.load_config("c.yaml", data=text.encode())
    return pgaudit.audit(model or inventory(), config)


def line(finding: Finding) -> str:
    """A finding as an editor would list it."""
    at = finding.location
    where = f"{at.line}:{at.column}" if at and at.line else "-"
    return f"{at and at.path}:{where} {finding.code} {finding.name}: {finding.message}"
