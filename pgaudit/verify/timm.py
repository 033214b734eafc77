"""timm, which makes groups and calls the class in one function."""

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
    from timm.optim._optim_factory import create_optimizer_v2

    def build(model: nn.Module, config: Config, kind: type[Optimizer] | None) -> Optimizer:
        given = {**config.optimizer, **(config.paramwise_cfg or {})}
        opt = given.pop("type")
        return create_optimizer_v2(model, opt, **copy.deepcopy(given))

    return build


TIMM = Real(("timm",), "timm==1.0.31", _load)
