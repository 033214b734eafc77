"""Whether an optimizer takes weight decay × lr off a weight in each step: its class itself is asked.

AdamW does: ``param.mul_(1 - lr * weight_decay)``. Adam and SGD add the decay to the gradient, from where it goes on
through moments and normalization; in SGD without momentum that comes to the same. A class may have an argument for it
(NAdam's ``decoupled_weight_decay``), and timm has dozens more: so a step is made with and without weight decay, and
the two must differ by just that share of the weight, and in nothing that the optimizer remembers.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgaudit.user_code import suppress_output

if TYPE_CHECKING:
    from torch.optim import Optimizer

_LR, _DECAY, _STEPS = 0.01, 0.1, 4
_HOW = frozenset({"fused", "foreach", "capturable", "differentiable"})
"""Arguments that say how, and not what, is computed."""


def is_decoupled(kind: type[Optimizer], arguments: Mapping[str, Any]) -> bool | None:
    """Returns whether each step takes weight decay × lr off a weight, whatever its gradient.

    Args:
        kind: the class.
        arguments: as it is called; its lr and weight decay are of no matter.

    Returns:
        None where the class cannot be stepped on a small matrix, or has no weight decay.
    """
    given = {key: value for key, value in arguments.items() if key not in _HOW}
    try:
        with suppress_output(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return all(_parts_by_the_share(kind, given, before) for before in range(_STEPS))
    except Exception:  # a foreign class may raise anything
        return None


def _parts_by_the_share(kind: type[Optimizer], given: Mapping[str, Any], before: int) -> bool:
    """Whether a step without weight decay, after so many with it, differs from one with it by that share alone."""
    import torch

    (weight, decayed, memory), (_, free, other) = (_stepped(kind, given, before, last) for last in (_DECAY, 0.0))
    share = float((free - decayed - _LR * _DECAY * weight).abs().max())
    return share < 1e-9 and len(memory) == len(other) and all(map(torch.equal, memory, other))


def _stepped(kind: type[Optimizer], given: Mapping[str, Any], before: int, last: float) -> tuple[Any, Any, list[Any]]:
    """A small matrix before its last step and after it, and the tensors that the optimizer remembers."""
    import torch

    numbers = torch.arange(1, 17, dtype=torch.float64).reshape(4, 4)
    weight = torch.nn.Parameter(torch.cos(numbers))
    optimizer: Any = kind([weight], **{**given, "lr": _LR, "weight_decay": _DECAY})
    for step in range(before + 1):
        found = weight.detach().clone()
        if step == before:
            optimizer.param_groups[0]["weight_decay"] = last
        weight.grad = torch.sin(numbers * (step + 2)) * (step + 1)
        optimizer.step()
    memory = [value for value in optimizer.state[weight].values() if isinstance(value, torch.Tensor)]
    return found, weight.detach(), memory
