"""torch, which needs no library around it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from pgaudit.core.config import Config
from pgaudit.verify.base import Real

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    from pgaudit.verify.base import Builder


def _load() -> Builder:
    import torch  # noqa: F401  # so that its absence is told

    def build(model: nn.Module, config: Config, kind: type[Optimizer] | None) -> Optimizer:
        assert kind is not None
        arguments = {key: value for key, value in config.optimizer.items() if key != "type"}
        return kind(model.parameters(), **copy.deepcopy(arguments))

    return build


TORCH = Real(("torch",), "torch==2.15.0", _load)
