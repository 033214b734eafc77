"""A user's repository in a folder: a config, and a project file that holds or does not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

CONFIG = """\
optimizer: {type: SGD, lr: 0.1, momentum: 0.9, weight_decay: 1.0e-4}
paramwise_cfg:
  norm_decay_mult: 0.0
  custom_keys:
    fc: {lr_mult: 10.0}
expect:
  params:
    fc.weight: {lr: 1.0}
"""
PROJECT = "audits:\n  - {model: net.py:Net, config: config.yaml}\n"
NET = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.bn = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 2)
"""


def make(folder: Path) -> Path:
    """Writes a repository that passes."""
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "pgaudit.yaml").write_text(PROJECT)
    (folder / "net.py").write_text(NET)
    return folder


def break_agreement(folder: Path) -> Path:
    """What is agreed does not hold any more."""
    (folder / "config.yaml").write_text(CONFIG.replace("lr_mult: 10.0", "lr_mult: 5.0"))
    return folder


def environment(bin: Path) -> dict[str, str]:
    """The variables of a process that finds ``pgaudit`` and ``python`` of this environment in ``bin``, and no user's
    settings.
    """
    bin.mkdir(exist_ok=True)
    scripts = {"pgaudit": f'exec "{sys.executable}" -m pgaudit "$@"', "python": f'exec "{sys.executable}" "$@"'}
    for name, script in scripts.items():
        (bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (bin / name).chmod(0o755)
    return {
        "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(bin),
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
