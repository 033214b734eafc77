"""Which classes normalise although no library's isinstance test knows them: told by what a module owns and by what it
does, since many a container has Norm in its name.

A candidate owns nothing but vectors, and none of its children owns anything. What it does is found out in
:mod:`pgaudit.inventory.behaviour`. Where nothing can be run, the name decides after all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgaudit.inventory.behaviour import normalises

if TYPE_CHECKING:
    from torch import nn

# Any other class of torch is what torch says it is, and so are all kinds of convolution, linear layer and embedding.
_OPEN = tuple(f"torch.nn.modules.{name}." for name in "module container normalization batchnorm instancenorm".split())
_MOST_DESCENDANTS = 32


def is_norm_like(module: nn.Module, bases: tuple[str, ...]) -> bool | None:
    """Whether the module normalises.

    The module stays as it is, and so does the state of every random number generator. None of its hooks is run.

    Args:
        module: one that owns parameters, on any device.
        bases: the qualified names of its class and all its bases.

    Returns:
        None if nothing can be told as its parameters have no elements; another of its class may have some.
    """
    named = "norm" in type(module).__name__.lower()
    try:
        candidate = _owns_vectors(module, bases, named)
        return normalises(module, named) if candidate else candidate
    except Exception:  # a tensor of a foreign class may fail at anything
        return False


def _owns_vectors(module: nn.Module, bases: tuple[str, ...], named: bool) -> bool | None:
    from torch.nn.parameter import is_lazy

    if any(base.startswith("torch.") and not base.startswith(_OPEN) for base in bases):
        return False
    own = {name: tensor for name, tensor in module._parameters.items() if tensor is not None}
    if not own or any(map(is_lazy, own.values())) or not all(tensor.numel() for tensor in own.values()):
        return None
    if any(max(tensor.shape, default=1) < tensor.numel() for tensor in own.values()):
        return False
    # A lone number is a gate or a temperature, unless a name says that it belongs to a norm.
    telling = named or not own.keys().isdisjoint(("weight", "bias")) or any(t.numel() > 1 for t in own.values())
    return telling and _childless(module)


def _childless(module: nn.Module) -> bool:
    """Whether no child owns parameters. A norm has few children; a whole model is not searched."""
    found = {id(module)}
    stack = [module]
    while stack:
        for child in stack.pop()._modules.values():
            if child is None or id(child) in found:
                continue
            found.add(id(child))
            stack.append(child)
            if len(found) > _MOST_DESCENDANTS or any(tensor is not None for tensor in child._parameters.values()):
                return False
    return True
