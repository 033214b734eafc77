"""Several models beside optimizers → the one that they train, and what is to be said of the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pgaudit.built.contents import Contents, tensor_groups
from pgaudit.text import counted, visible

if TYPE_CHECKING:
    from torch import nn


def trained_model(contents: Contents) -> tuple[nn.Module | None, tuple[str, ...]]:
    """Returns the model of which the optimizers hold most tensors, the first of equals; and a note for each other one
    that they train, too. Those that they do not train are parts of it, or copies, such as an average of its weights.
    """
    models = contents.models
    if len(models) < 2:
        return (models[0] if models else None), ()
    held = {
        id(tensor)
        for _, optimizer in contents.optimizers
        for group in tensor_groups(optimizer)
        for tensor in group["params"]
    }
    chosen = max(models, key=lambda model: len(held & _tensors(model)))
    return chosen, tuple(_notes(models, held - _tensors(chosen)))


def _notes(models: list[nn.Module], left: set[int]) -> Iterator[str]:
    for other in models:
        if its := left & _tensors(other):
            left -= its
            tensors = counted(len(its), "tensor")
            kind = visible(type(other).__name__)
            verb = "is" if len(its) == 1 else "are"
            yield f"{tensors} in the optimizers {verb} of another model, {kind}: an nn.ModuleDict of both shows both"


def _tensors(model: nn.Module) -> set[int]:
    return set(map(id, model.parameters()))
