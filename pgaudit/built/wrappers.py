"""Optimizers inside optimizers: accelerate, apex, ZeRO, Lookahead, mmengine, DeepSpeed; and models inside models."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache as once
from typing import TYPE_CHECKING, Any

from pgaudit.built.contents import apart, held_inside

if TYPE_CHECKING:
    from pgaudit.models.built import BuiltModel


def wrapped(optimizer: Any) -> list[Any]:
    """Returns an optimizer and the ones inside it that train the same tensors, the outermost first."""
    found = [optimizer]
    while True:
        held = (each for each in held_inside(found[-1]) if all(each is not known for known in found))
        inside = next((each for each in held if not apart(found[-1], each)), None)
        if inside is None:
            return found
        found.append(inside)


_AROUND = ("accelerate", "apex", "deepspeed", "lightning", "lightning_fabric", "mmengine", "pytorch_lightning")
"""Packages whose wrappers leave the training as it is: they are about precision, processes and devices."""


def changes_training(kind: type) -> bool:
    """Whether what is wrapped around an optimizer trains otherwise than that alone, as Lookahead and SAM do."""
    return kind.__module__.partition(".")[0] not in _AROUND and not kind.__module__.startswith("torch.distributed.")


_COPY = ("apex", "deepspeed")
"""Those of them that may keep master weights of their own."""


def may_hold_copies(optimizer: Any) -> bool:
    """Whether an optimizer may train copies of the model's tensors, which are none of the model: what is no optimizer
    of torch's, as those of DeepSpeed, apex and Megatron, of which some hold master weights.
    """
    from torch.optim import Optimizer

    known = set(_AROUND).difference(_COPY)
    others = (type(each) for each in wrapped(optimizer) if not isinstance(each, Optimizer))
    return any(kind.__module__.partition(".")[0] not in known for kind in others)


def bare(build: Callable[[], BuiltModel]) -> Callable[[], BuiltModel]:
    """Returns what builds the model inside of torch.compile, DataParallel and DDP, whose tensors are the same."""

    def built() -> BuiltModel:
        model = build()
        inner = module = model.module
        while (below := _inside_of(inner)) is not None:
            inner = below
        return model if inner is module else replace(model, module=inner)

    return once(built)


def _inside_of(module: Any) -> Any:
    from torch import nn

    compiler = sys.modules.get("torch._dynamo.eval_frame")  # without it, nobody can have compiled anything
    if compiler is not None and isinstance(module, compiler.OptimizedModule):
        return module._orig_mod
    if isinstance(module, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        return module.module
    return None
