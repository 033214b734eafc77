"""Models whose parameters have the names that a test gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
from torch import nn


def named(
    names: Sequence[str], *, frozen: Sequence[str] = (), twins: Mapping[str, str] = MappingProxyType({})
) -> nn.Module:
    """A model whose parameters have these names; twins are second names of tied ones."""
    root = nn.Module()
    for name in [*names, *twins]:
        *path, own = name.split(".")
        owner = root
        for step in path:
            if not hasattr(owner, step):
                owner.add_module(step, nn.Module())
            owner = owner.get_submodule(step)
        made = nn.Parameter(torch.zeros(2), requires_grad=name not in frozen)
        owner.register_parameter(own, root.get_parameter(twins[name]) if name in twins else made)
    return root
