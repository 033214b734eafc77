"""detectron2, by its own config or by the function that its lazy configs call."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from pgaudit.core.config import Config
from pgaudit.models.references import resolved
from pgaudit.user_code.imports import import_attribute
from pgaudit.verify.base import Real

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    from pgaudit.verify.base import Builder


def _load() -> Builder:
    from detectron2.config import get_cfg
    from detectron2.solver.build import build_optimizer, get_default_optimizer_params

    def build(model: nn.Module, config: Config, kind: type[Optimizer] | None) -> Optimizer:
        if config.layout == "detectron2":
            cfg = get_cfg()
            for key, value in (config.solver or {}).items():
                cfg.merge_from_list([f"SOLVER.{key}", value])
            built: Optimizer = build_optimizer(cfg, model)
            return built
        options = copy.deepcopy(dict(config.paramwise_cfg or {}))  # it writes into the caller's overrides
        if isinstance(options.get("lr_factor_func"), str):
            options["lr_factor_func"] = import_attribute(resolved(config, options["lr_factor_func"]))[1]
        arguments: dict[str, Any] = {key: value for key, value in config.optimizer.items() if key != "type"}
        assert kind is not None
        return kind(get_default_optimizer_params(model, **options), **arguments)

    return build


DETECTRON2 = Real(("detectron2",), "detectron2 @ git+https://github.com/facebookresearch/detectron2", _load)
