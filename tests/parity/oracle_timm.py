"""The real timm as a process: a JSON request a line on stdin, a JSON answer a line on stdout.

Request::

    {"model": SPEC, "optimizer": {...}, "paramwise_cfg": {...} or absent}

The optimizer's `type` is what create_optimizer_v2 calls `opt`; all else are its arguments. A model may carry what
timm asks of one, see `tests.parity.trees`. With `"schedule": true`, a real scheduler of timm's has set each group's lr.
"""

from __future__ import annotations

import json
from typing import Any

import torch
from timm.optim._optim_factory import create_optimizer_v2
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch import nn

from tests.parity import trees
from tests.parity.answers import serve
from tests.parity.overrides import tensors


def build(request: dict[str, Any]) -> tuple[torch.optim.Optimizer, nn.Module]:
    """The real optimizer for one request."""
    model = model_of(request["model"])
    cfg = dict(request["optimizer"])
    kind = cfg.pop("type")
    optimizer = create_optimizer_v2(model, kind, **cfg, **(request.get("paramwise_cfg") or {}))
    if request.get("schedule"):
        CosineLRScheduler(optimizer, t_initial=10)
    return optimizer, model


_LAST: dict[str, tuple[nn.Module, list[bool]]] = {}


def model_of(spec: dict[str, Any]) -> nn.Module:
    """The last model is kept, since a test asks many policies of one; what they froze is as it was before."""
    key = json.dumps(spec)
    if key not in _LAST:
        _LAST.clear()
        model = trees.build(spec)
        _LAST[key] = model, [parameter.requires_grad for parameter in tensors(model).values()]
    model, trained = _LAST[key]
    for parameter, was in zip(tensors(model).values(), trained, strict=True):
        if parameter.requires_grad != was:  # one without a shape yet cannot be told
            parameter.requires_grad_(was)
    return model


if __name__ == "__main__":
    serve(build)
