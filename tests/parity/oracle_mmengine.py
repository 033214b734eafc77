"""The real mmengine as a process: a JSON request a line on stdin, a JSON answer a line on stdout.

Runs with the oracle's folder on PYTHONPATH, apart from pgaudit. Requests and answers are those of
:mod:`tests.parity.oracle_mmcv`. What the constructor logs as a warning stands among the warnings; with `"log": true`,
all that it logs. The groups are those of the wrapped optimizer; with `"wrapper": true`, those of the wrapper, which has
one more that holds no parameter of the model.
"""

from __future__ import annotations

import json
import logging
import sys
import types
import warnings
from functools import lru_cache, partial
from typing import Any

import torch
import yaml
from mmengine.optim import OPTIMIZERS, DefaultOptimWrapperConstructor, build_optim_wrapper
from mmengine.optim.optimizer import default_constructor
from torch import nn

from tests.parity import modules, trees
from tests.parity.answers import serve


def offer_deformable_convolutions() -> None:
    """Makes the constructor see deformable convolutions without mmcv and its compiled operators."""
    ops = types.ModuleType("mmcv.ops")
    vars(ops).update(DeformConv2d=modules.DeformConv2d, ModulatedDeformConv2d=modules.ModulatedDeformConv2d)
    sys.modules["mmcv"] = types.ModuleType("mmcv")
    sys.modules["mmcv.ops"] = ops
    default_constructor.mmcv_full_available = lambda: True


def offer_optimizers() -> None:
    """Registers what the OpenMMLab packages bring themselves (Lamb), from timm; and those that tests bring."""
    from timm.optim.lamb import Lamb

    if "Lamb" not in OPTIMIZERS:
        OPTIMIZERS.register_module(module=Lamb)
    for kind in (modules.OddlyNamed, modules.LARS):
        OPTIMIZERS.register_module(module=kind)


@lru_cache(maxsize=2)
def model_of(spec: str) -> nn.Module:
    """The last models are kept: a test asks many policies of one model."""
    return trees.build(json.loads(spec))


def built(model: nn.Module, cfg: Any, *, wrapper: bool = False) -> Any:
    """The optimizer in what the real `build_optim_wrapper` returns; or the wrapper, with the optimizer's defaults."""
    found = build_optim_wrapper(model, cfg)
    if wrapper:
        return types.SimpleNamespace(defaults=found.optimizer.defaults, param_groups=found.param_groups)
    return found.optimizer


def tell(of: int, message: str, logger: object = None, level: int = logging.INFO) -> None:
    """Takes the place of mmengine's `print_log`: what is logged from this level on becomes a warning."""
    if level >= of:
        warnings.warn(message, stacklevel=2)


def built_quickly(model: nn.Module, cfg: dict[str, Any]) -> torch.optim.Optimizer:
    """The same without the quadratic cost of giving torch one group a parameter.

    The real constructor still decides every parameter; only its search for duplicates (where there are none), torch's
    filling in of the optimizer's defaults and torch's refusal of a parameter in two groups are done here.
    """
    cfg = dict(cfg)
    paramwise_cfg = cfg.pop("paramwise_cfg", None)
    root = trees.unwrapped(model)
    if not paramwise_cfg:
        return built(model, cfg)
    names = [id(parameter) for _, parameter in root.named_parameters(remove_duplicate=False)]
    if len(set(names)) == len(names):
        paramwise_cfg = {**paramwise_cfg, "bypass_duplicate": False}
    groups: list[dict[str, Any]] = []
    DefaultOptimWrapperConstructor(cfg, paramwise_cfg).add_params(groups, root)
    members = [parameter for group in groups for parameter in group["params"]]
    if len({id(parameter) for parameter in members}) < len(members):
        raise ValueError("some parameters appear in more than one parameter group")
    optimizer: torch.optim.Optimizer = OPTIMIZERS.build({**cfg["optimizer"], "params": [modules.parameter(1)]})
    optimizer.param_groups[:] = [{**optimizer.defaults, **group} for group in groups]
    return optimizer


def build(request: dict[str, Any]) -> tuple[torch.optim.Optimizer, nn.Module]:
    """The real optimizer for one request."""
    model = model_of(json.dumps(request["model"]))
    # A class that pgaudit finds in its file stands in mmengine's registry under its bare name.
    bare = {key: str(value).rpartition(":")[2] for key, value in request["optimizer"].items() if key == "type"}
    cfg: dict[str, Any] = {"optimizer": {**request["optimizer"], **bare}}
    if "paramwise_cfg" in request:
        paramwise_cfg = request["paramwise_cfg"]
        cfg["paramwise_cfg"] = yaml.safe_load(paramwise_cfg) if isinstance(paramwise_cfg, str) else paramwise_cfg
    default_constructor.print_log = partial(tell, logging.INFO if request.get("log") else logging.WARNING)
    if request.get("quick"):
        return built_quickly(model, cfg), trees.unwrapped(model)
    return built(model, cfg, wrapper=bool(request.get("wrapper"))), trees.unwrapped(model)


if __name__ == "__main__":
    offer_deformable_convolutions()
    offer_optimizers()
    serve(build)
