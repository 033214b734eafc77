"""What an oracle process says of a real optimizer, as JSON, and the loop in which it is asked. Needs no pgaudit."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from tests.parity.overrides import tensors


def word(value: Any) -> str:
    """A value that survives the journey bit for bit: a number is the same number, whatever its type."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value).hex()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(word, value))}]"
    return json.dumps(value, default=str)  # a dtype


def described(optimizer: torch.optim.Optimizer, root: nn.Module) -> dict[str, Any]:
    """The groups of a real optimizer, by the names of the parameters below `root`."""
    names = {id(p): name for name, p in tensors(root).items()}
    if not names:  # they are hidden from the modules' dicts
        names = {id(p): name for name, p in root.named_parameters()}
    defaults = {key: word(value) for key, value in optimizer.defaults.items()}
    groups = []
    for group in optimizer.param_groups:
        rest = {key: word(group[key]) for key in group if key not in ("params", "lr", "weight_decay")}
        groups.append(
            {
                "names": [names.get(id(p), "?") for p in group["params"]],
                "lr": exact(group.get("lr")),
                "weight_decay": exact(group.get("weight_decay")),
                "extra": {key: value for key, value in rest.items() if defaults.get(key) != value},
            }
        )
    return {"groups": groups, "defaults": defaults}


def exact(value: float | None) -> str | None:
    """A float that survives the journey bit for bit."""
    return None if value is None else float(value).hex()


def answered(build: Callable[[dict[str, Any]], tuple[torch.optim.Optimizer, nn.Module]], request: Any) -> Any:
    """What the real library makes of one request; `build` returns the optimizer, and where names begin."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            optimizer, root = build(request)
        except Exception as error:
            return {"error": {"type": type(error).__name__, "message": str(error)}}
    return {**described(optimizer, root), "warnings": [str(warning.message) for warning in caught]}


def serve(
    build: Callable[[dict[str, Any]], tuple[torch.optim.Optimizer, nn.Module]],
    answer: Callable[..., Any] = answered,
) -> None:
    """Answers until stdin ends, a JSON line for a JSON line."""
    # Whatever a library prints goes to stderr: stdout carries answers only.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    torch.set_num_threads(1)
    for line in sys.stdin:
        print(json.dumps(answer(build, json.loads(line))), file=answers, flush=True)
