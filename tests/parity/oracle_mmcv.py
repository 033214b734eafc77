"""The real mmcv 1.x as a process: a JSON request a line on stdin, a JSON answer a line on stdout.

Runs with the oracle's folder on PYTHONPATH, apart from pgaudit, because mmcv 1.x and 2.x share one
import name and neither belongs into pgaudit's environment.

Request::

    {"model": SPEC, "optimizer": {...}, "paramwise_cfg": {...} or absent, "quick": false}

A string instead of a dict is read as YAML: JSON cannot say an integer key.

Answer, floats as `float.hex()`::

    {"groups": [{"names": [...], "lr": "0x...", "weight_decay": "0x..." or null, "extra": {...}}],
     "defaults": {...}, "warnings": [...]}
    {"error": {"type": "ValueError", "message": "..."}}
"""

from __future__ import annotations

import json
import sys
import types
from functools import lru_cache
from typing import Any

import torch
import yaml
from mmcv.runner import optimizer as mmcv_optimizer
from mmcv.runner.optimizer import OPTIMIZERS, DefaultOptimizerConstructor, default_constructor
from mmcv.utils import build_from_cfg
from torch import nn

from tests.parity import modules, trees
from tests.parity.answers import serve


def offer_deformable_convolutions() -> None:
    """Makes the constructor see deformable convolutions without mmcv's compiled operators."""
    ops = types.ModuleType("mmcv.ops")
    vars(ops).update(DeformConv2d=modules.DeformConv2d, ModulatedDeformConv2d=modules.ModulatedDeformConv2d)
    sys.modules["mmcv.ops"] = ops
    default_constructor.check_ops_exist = lambda: True


def offer_timm_optimizers() -> None:
    """Registers what the OpenMMLab packages bring themselves (Lamb), from timm."""
    from timm.optim.lamb import Lamb

    if "Lamb" not in OPTIMIZERS:
        OPTIMIZERS.register_module(module=Lamb)


@lru_cache(maxsize=2)
def model_of(spec: str) -> nn.Module:
    """The last models are kept: a test asks many policies of one model."""
    return trees.build(json.loads(spec))


def built(model: nn.Module, cfg: Any) -> torch.optim.Optimizer:
    """What the real `build_optimizer` returns."""
    optimizer: torch.optim.Optimizer = mmcv_optimizer.build_optimizer(model, cfg)
    return optimizer


def built_quickly(model: nn.Module, cfg: dict[str, Any]) -> torch.optim.Optimizer:
    """The same without the quadratic cost of giving torch one group a parameter.

    The real constructor still decides every parameter; only torch's filling in of the optimizer's
    defaults and its refusal of a parameter in two groups are done here.
    """
    cfg = dict(cfg)
    paramwise_cfg = cfg.pop("paramwise_cfg", None)
    if not paramwise_cfg:
        return built(model, cfg)
    groups: list[dict[str, Any]] = []
    DefaultOptimizerConstructor(cfg, paramwise_cfg).add_params(groups, trees.unwrapped(model))
    members = [parameter for group in groups for parameter in group["params"]]
    if len({id(parameter) for parameter in members}) < len(members):
        raise ValueError("some parameters appear in more than one parameter group")
    optimizer: torch.optim.Optimizer = build_from_cfg({**cfg, "params": [modules.parameter(1)]}, OPTIMIZERS)
    optimizer.param_groups[:] = [{**optimizer.defaults, **group} for group in groups]
    return optimizer


def build(request: dict[str, Any]) -> tuple[torch.optim.Optimizer, nn.Module]:
    """The real optimizer for one request."""
    model = model_of(json.dumps(request["model"]))
    cfg = request["optimizer"]
    if "paramwise_cfg" in request:
        paramwise_cfg = request["paramwise_cfg"]
        if isinstance(paramwise_cfg, str):
            paramwise_cfg = yaml.safe_load(paramwise_cfg)
        cfg = {**cfg, "paramwise_cfg": paramwise_cfg}
    return (built_quickly if request.get("quick") else built)(model, cfg), trees.unwrapped(model)


if __name__ == "__main__":
    offer_deformable_convolutions()
    offer_timm_optimizers()
    serve(build)
