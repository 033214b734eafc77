"""mmcv 1.x and mmengine, which call the optimizer's class by its name in their registries."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from pgaudit.config import Config
from pgaudit.errors import UsageError
from pgaudit.inventory.families import families_of
from pgaudit.real.base import Real, registered
from pgaudit.text import visible

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    from pgaudit.real.base import Builder


def _refuse_deformable(model: nn.Module, has_ops: bool) -> None:
    """Without mmcv's compiled ops, nothing is a deformable convolution to either library."""
    if has_ops:
        return
    for name, module in model.named_modules():
        bases = [f"{base.__module__}.{base.__qualname__}" for base in type(module).__mro__]
        if "deform_conv" in families_of(bases):
            hint = "install mmcv with its ops; pgaudit answers as where they are"
            raise UsageError(f"{visible(name)} is a deformable convolution, and this mmcv has no compiled ops", hint)


def _mmcv() -> Builder:
    from mmcv.runner.optimizer import OPTIMIZERS, build_optimizer
    from mmcv.runner.optimizer.default_constructor import check_ops_exist

    def build(model: nn.Module, config: Config, kind: type[Optimizer] | None) -> Optimizer:
        _refuse_deformable(model, check_ops_exist())
        optimizer = {**config.optimizer, "type": registered(OPTIMIZERS, config.optimizer["type"], kind)}
        if config.paramwise_cfg is not None:
            optimizer["paramwise_cfg"] = config.paramwise_cfg
        built: Optimizer = build_optimizer(model, copy.deepcopy(optimizer))
        return built

    return build


def _mmengine() -> Builder:
    from mmengine.optim import DefaultOptimWrapperConstructor
    from mmengine.registry import OPTIMIZERS
    from mmengine.utils.dl_utils import mmcv_full_available

    def build(model: nn.Module, config: Config, kind: type[Optimizer] | None) -> Optimizer:
        _refuse_deformable(model, mmcv_full_available())
        optimizer = {**config.optimizer, "type": registered(OPTIMIZERS, config.optimizer["type"], kind)}
        # The wrappers for mixed precision want an accelerator, and change nothing about groups.
        wrapper = {"type": "OptimWrapper", "optimizer": copy.deepcopy(optimizer)}
        constructor = DefaultOptimWrapperConstructor(wrapper, copy.deepcopy(config.paramwise_cfg))
        # The wrapper's own `param_groups` has one more, which holds nothing of the model.
        built: Optimizer = constructor(model).optimizer
        return built

    return build


MMCV = Real(("mmcv", "mmcv-full"), "mmcv==1.7.2", _mmcv)
MMENGINE = Real(("mmengine", "mmengine-lite"), "mmengine==0.10.7", _mmengine)
