"""Models, optimizers and files for the tests of checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pgaudit.core.built import BuiltOptimizer, BuiltTensor


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2, bias=False))


def groups(net: nn.Module, *, named: bool = True) -> list[dict[str, Any]]:
    """Decayed and not decayed, as most people do it."""
    params = list(net.named_parameters())
    two = [[each for each in params if each[1].ndim > 1], [each for each in params if each[1].ndim < 2]]
    return [
        {"params": each if named else [param for _, param in each], "weight_decay": decay, "lr": lr}
        for each, decay, lr in zip(two, (0.05, 0.0), (1e-3, 2e-3), strict=True)
    ]


def trained(steps: int = 2, *, named: bool = True) -> tuple[nn.Sequential, torch.optim.AdamW]:
    net = model()
    optimizer = torch.optim.AdamW(groups(net, named=named), lr=0.1)
    step(net, optimizer, steps)
    return net, optimizer


def step(net: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.ones(5, 3)).square().sum().backward()
        optimizer.step()


def same_as_real(read: BuiltOptimizer, state: dict[str, Any], net: nn.Module | None = None) -> None:
    """Asserts that what was read is what a real ``state_dict()`` holds; shapes where ``net`` says the names."""
    shapes = {} if net is None else {name: tuple(param.shape) for name, param in net.named_parameters()}
    assert len(read.groups) == len(state["param_groups"])
    for group, real in zip(read.groups, state["param_groups"], strict=True):
        values = {key: number(each) for key, each in real.items() if key not in ("params", "param_names")}
        assert group.values == values
        assert list(group.values) == list(values)
        names = real.get("param_names") or [None] * len(real["params"])
        assert len(group.tensors) == len(real["params"])
        for tensor, index, name in zip(group.tensors, real["params"], names, strict=True):
            if not isinstance(index, str):
                assert tensor.name == name
            same_state(tensor, state["state"].get(index, {}))
            if name in shapes and tensor.shape is not None:
                assert tensor.shape == shapes[name]


def same_state(tensor: BuiltTensor, real: dict[str, Any]) -> None:
    assert tensor.has_state is bool(real)
    assert tensor.steps == (None if "step" not in real else float(real["step"]))


def number(value: Any) -> Any:
    return value.item() if isinstance(value, torch.Tensor) and value.numel() == 1 else value


def names(read: BuiltOptimizer) -> list[list[str | None]]:
    return [[tensor.name for tensor in group.tensors] for group in read.groups]


def saved(value: Any, path: Path, **options: Any) -> str:
    torch.save(value, path, **options)
    return str(path)


def shapes(read: BuiltOptimizer) -> list[Sequence[int] | None]:
    return [tensor.shape for tensor in read.tensors]
