"""A policy of a small model in a file of its own, with comments that have to stay."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from pgaudit.config import load_config
from pgaudit.explore.session import Policy, Session
from pgaudit.models.source import model_source
from pgaudit.pipeline import audit_source
from tests.explore.net import Net

CONFIG = """\
# What we agreed on.
optimizer: {type: SGD, lr: 0.1, weight_decay: 1e-4}   # base
paramwise_cfg:
  norm_decay_mult: 0.0
  custom_keys:
    fc:   {lr_mult: 10.0}  # was 1
    'head.': {lr_mult: 2, decay_mult: .5}
"""


def session(path: Path, text: str = CONFIG, model: nn.Module | None = None) -> Session:
    """A session with a policy that stands in a file."""
    path.write_text(text)
    config = load_config(str(path))
    policy = Policy.opened(config, model_source(model or Net(), config))
    return Session(audit_source(policy.source, policy.config), policy)
