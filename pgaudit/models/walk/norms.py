"""Which classes normalise although no library's isinstance test knows them: told by their names and by what they own,
since many a container has Norm in its name.

Of the classes of timm 1.0.31, and of the models that transformers builds from its default configs, these are all whose
forward pass mixes the elements of its input as a statistic does, and no others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

_NAMED = re.compile("(?<!No)Norm|norm|GRN")
"""MobileBERT's NoNorm scales and shifts instead; GRN is short for global response normalisation."""


def is_norm_like(module: nn.Module) -> bool:
    """Whether a module is a norm by its class's name, or by that of a base, and owns vectors alone.

    Args:
        module: one that owns parameters, on any device.
    """
    if not any(_NAMED.search(base.__name__) for base in type(module).__mro__):
        return False
    owners = [each for each in module.modules() if any(tensor is not None for tensor in each._parameters.values())]
    return owners == [module] and all(_is_vector(each) for each in module._parameters.values() if each is not None)


def _is_vector(tensor: Tensor) -> bool:
    """A number is one, too, and so is what is a vector but for axes of length one."""
    from torch.nn.parameter import is_lazy

    return not is_lazy(tensor) and max(tensor.shape, default=1) >= tensor.numel()
