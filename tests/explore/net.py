"""A small model: blocks of a norm and two layers, and a head with two names."""

from __future__ import annotations

from torch import nn


class Block(nn.Module):
    """A norm and two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.fc1 = nn.Linear(4, 4)
        self.fc2 = nn.Linear(4, 4)


class Net(nn.Module):
    """Blocks, and a head that is tied to a twin."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block() for _ in range(12))
        self.head = nn.Linear(4, 2)
        self.Twin = self.head
