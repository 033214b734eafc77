"""Optimizers inside optimizers: accelerate, apex, ZeRO, Lookahead, mmengine, DeepSpeed."""

from __future__ import annotations

from typing import Any

from pgaudit.built.contents import is_optimizer

_INSIDE = ("optimizer", "optim", "base_optimizer", "_base_optimizer", "inner_optimizer", "_optimizer")


def wrapped(optimizer: Any) -> list[Any]:
    """Returns an optimizer and the ones inside it, the outermost first.

    ``optimizer`` of accelerate 1.15, mmengine 0.10.7, apex and DeepSpeed; ``optim`` of torch's
    ``ZeroRedundancyOptimizer``; ``base_optimizer`` of SAM; ``_base_optimizer`` of timm's Lookahead.
    """
    found = [optimizer]
    while True:
        inside = next((each for each in _inside(found[-1]) if all(each is not known for known in found)), None)
        if inside is None:
            return found
        found.append(inside)


def _inside(optimizer: Any) -> list[Any]:
    held = vars(optimizer) if hasattr(optimizer, "__dict__") else {}
    return [held[name] for name in _INSIDE if is_optimizer(held.get(name))]
