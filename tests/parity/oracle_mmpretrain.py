"""The real mmpretrain, mmdet, mmsegmentation and mmpose as one process: a JSON request a line on stdin, a JSON answer a
line on stdout.

Runs with the oracle's folder on PYTHONPATH. Of the last three only the constructors' own files are loaded,
as they are: their packages need mmcv's compiled operators. Requests are those of :mod:`tests.parity.oracle_mmcv`, with
``constructor``, pgaudit's name of the class. A model may be one of mmpretrain's own, as its registry builds it::

    {"mmpretrain": {"type": "ImageClassifier", "backbone": {...}}}

The keys ``param_name`` and ``param_names`` are checked and left out: they repeat ``names``.

Such a model can be built in this process alone. With ``"ours": true`` the answer has, beside ``groups``, what pgaudit
says of the same model: ``ours``, in the same form, or ``refused``; and ``findings``, the codes.
With ``"scheduled": true`` each group has a ``height``: its lr when a warm-up of mmengine's has ended.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import logging
import sys
import types
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
import yaml
from mmengine.optim import DefaultOptimWrapperConstructor, LinearLR
from mmengine.registry import init_default_scope
from torch import nn

import pgaudit
from tests.parity import modules, trees
from tests.parity.answers import answered, exact, serve, word
from tests.parity.client import ROOT

FOLDER = ROOT / ".oracles" / "mmpretrain"


def _stand_in(name: str, **members: object) -> None:
    module = types.ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module


def _file(package: str, name: str, folder: str = "optimizers") -> Any:
    """A module of a package's `engine`, without the package's other modules."""
    path = FOLDER / package / "engine" / folder / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{package}_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def constructors() -> dict[str, type[DefaultOptimWrapperConstructor]]:
    """The real classes, by pgaudit's names."""
    from mmpretrain.engine.optimizers import LearningRateDecayOptimWrapperConstructor

    mmdet = _file("mmdet", "layer_decay_optimizer_constructor")
    mmseg = _file("mmseg", "layer_decay_optimizer_constructor")
    mmpose = _file("mmpose", "layer_decay_optim_wrapper", "optim_wrappers")
    forcing = _file("mmseg", "force_default_constructor")
    # Deformable convolutions, as if mmcv's compiled operators were there.
    _stand_in("mmcv.ops", DeformConv2d=modules.DeformConv2d, ModulatedDeformConv2d=modules.ModulatedDeformConv2d)
    forcing.mmcv_full_available = lambda: True
    return {
        "mmpretrain_layer_decay": LearningRateDecayOptimWrapperConstructor,
        "mmdet_layer_decay": mmdet.LearningRateDecayOptimizerConstructor,
        "mmseg_layer_decay": mmseg.LearningRateDecayOptimizerConstructor,
        "mmseg_old_layer_decay": mmseg.LayerDecayOptimizerConstructor,
        "mmpose_layer_decay": mmpose.LayerDecayOptimWrapperConstructor,
        "mmseg_force_default": forcing.ForceDefaultOptimWrapperConstructor,
    }


@lru_cache(maxsize=2)
def model_of(spec: str) -> nn.Module:
    """The last models are kept: a test asks many policies of one model."""
    described = json.loads(spec)
    if "mmpretrain" not in described:
        return trees.build(described)
    from mmpretrain.registry import MODELS

    # Not on the meta device: the drop rates of many backbones are read from a tensor.
    model: nn.Module = MODELS.build(described["mmpretrain"])
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(parameter.requires_grad and name not in described.get("frozen", ()))
    return model


def build(request: dict[str, Any]) -> tuple[torch.optim.Optimizer, nn.Module]:
    """The real optimizer for one request."""
    model = model_of(json.dumps(request["model"]))
    paramwise_cfg = request.get("paramwise_cfg")
    if isinstance(paramwise_cfg, str):
        paramwise_cfg = yaml.safe_load(paramwise_cfg)
    wrapper = {"type": "OptimWrapper", "optimizer": copy.deepcopy(request["optimizer"])}
    constructor = CONSTRUCTORS[request["constructor"]](wrapper, copy.deepcopy(paramwise_cfg))
    optimizer: torch.optim.Optimizer = constructor(model).optimizer
    return optimizer, trees.unwrapped(model)


def without_names(found: dict[str, Any], own: bool) -> dict[str, Any]:
    """The answer without the keys of groups that repeat the names of their parameters, once they have been checked;
    those of a model with names of its own are others.
    """
    for group in found.get("groups", ()):
        extra = group["extra"]
        name = extra.pop("param_name", json.dumps(group["names"][0]))
        names = extra.pop("param_names", word(group["names"]))
        assert own or (json.loads(name) == group["names"][0] and names == word(group["names"]))
    return found


def after_warm_up(optimizer: torch.optim.Optimizer) -> list[float]:
    """The lr of each group when a warm-up of two steps has ended."""
    warm_up = LinearLR(optimizer, start_factor=0.5, begin=0, end=2)
    for _ in range(2):
        optimizer.step()
        warm_up.step()
    return [group["lr"] for group in optimizer.param_groups]


def answer(build: Callable[..., tuple[torch.optim.Optimizer, nn.Module]], request: dict[str, Any]) -> Any:
    """The real answer, and pgaudit's beside it where it is asked for."""
    found = without_names(answered(build, request), own=bool(request["model"].get("lists")))
    if request.get("scheduled"):
        for group, lr in zip(found["groups"], after_warm_up(build(request)[0]), strict=True):
            group["height"] = exact(lr)
    if not request.get("ours"):
        return found
    from tests.parity.compare import audit, our_groups

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = model_of(json.dumps(request["model"]))
        try:
            report = audit(model, request, request["constructor"])
        except pgaudit.PgauditError as error:
            return {**found, "refused": str(error)}
    findings = [finding.code for finding in report.findings]
    return {**found, "ours": list(our_groups(report, found.get("defaults", {})).values()), "findings": findings}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    CONSTRUCTORS = constructors()
    init_default_scope("mmpretrain")  # as a training run does it; Lamb is in its registry alone
    serve(build, answer)
