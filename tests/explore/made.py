"""A small model and a policy in a file of its own, with comments that have to stay."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from pgaudit.config import load_config
from pgaudit.explore.session import Policy, Session
from pgaudit.models.source import model_source
from pgaudit.pipeline import audit_source

CONFIG = """\
# What we agreed on.
optimizer: {type: SGD, lr: 0.1, weight_decay: 1e-4}   # base
paramwise_cfg:
  norm_decay_mult: 0.0
  custom_keys:
    fc:   {lr_mult: 10.0}  # was 1
    'head.': {lr_mult: 2, decay_mult: .5}
"""


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


def session(path: Path, text: str = CONFIG, model: nn.Module | None = None) -> Session:
    """A session with a policy that stands in a file."""
    path.write_text(text)
    config = load_config(str(path))
    policy = Policy.opened(config, model_source(model or Net(), config))
    return Session(audit_source(policy.source, policy.config), policy)
