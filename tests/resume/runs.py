"""Runs that are interrupted and resumed, by torch itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pgaudit.built import audit_objects
from pgaudit.checkpoints import read_checkpoint
from pgaudit.resume import Resumption, resumption


def module(shapes: Mapping[str, Sequence[int]]) -> nn.Module:
    """A model with parameters of these names and shapes, in this order."""
    found = nn.Module()
    for name, shape in shapes.items():
        found.register_parameter(name, nn.Parameter(torch.ones(*shape)))
    return found


def stepped(optimizer: torch.optim.Optimizer, params: Sequence[nn.Parameter] | None = None) -> None:
    """Makes a step, in which the others get no gradient."""
    for group in optimizer.param_groups:
        for param in group["params"]:
            wanted = params is None or any(param is each for each in params)
            param.grad = torch.full_like(param, 0.5) if wanted else None
    optimizer.step()


def saved(path: Path, optimizer: torch.optim.Optimizer, **more: Any) -> Path:
    """Writes a checkpoint, as most training scripts do."""
    torch.save({"optimizer": optimizer.state_dict(), **more}, path)
    return path


def resumed(path: Path, model: nn.Module | None, optimizer: Any, scheduler: Any = None) -> Resumption:
    """What pgaudit says of loading a checkpoint into an optimizer."""
    return resumption(read_checkpoint(str(path)), audit_objects(model, optimizer, scheduler))


def load(path: Path, optimizer: torch.optim.Optimizer) -> None:
    """Loads it really; it is ours, and may hold anything."""
    optimizer.load_state_dict(torch.load(path, weights_only=False)["optimizer"])
