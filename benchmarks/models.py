"""Models to measure on."""

from __future__ import annotations

import torch
from torch import nn


def stack(parameters: int) -> nn.Module:
    """Returns a stack of transformer-like blocks of ten parameters each, on the meta device."""
    with torch.device("meta"):
        return nn.ModuleDict({"blocks": nn.ModuleList([_block() for _ in range(parameters // 10)])})


def _block() -> nn.Module:
    return nn.ModuleDict(
        {
            "norm1": nn.LayerNorm(8),
            "attn": nn.Linear(8, 8),
            "norm2": nn.LayerNorm(8),
            "mlp": nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8)),
        }
    )
