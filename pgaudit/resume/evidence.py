"""A checkpoint without names that holds its model, too → names by the order in which that model had its parameters.

A state dict keeps the order of ``named_parameters()``, so a file says which order the model had when it was written. A
model whose layers were put into another order since is found that way, though all sizes agree.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pgaudit.built.matching import by_order
from pgaudit.core.built import BuiltOptimizer, BuiltTensor, Checkpoint
from pgaudit.resume.pairs import names_of
from pgaudit.text import visible

_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
"""torch's own buffers (2.15, torch/nn/modules/batchnorm.py)."""


def named_by_its_model(checkpoint: Checkpoint, source: BuiltOptimizer) -> BuiltOptimizer:
    """Returns the checkpoint's only optimizer, with names where the model in its file proves them.

    Args:
        checkpoint: with one optimizer.
        source: whose groups have to be in the model's order for the order to mean anything.
    """
    (optimizer,) = checkpoint.optimizers
    # A folder's weights, and safetensors, are sorted by name.
    if optimizer.names_from is not None or not os.path.isfile(checkpoint.path) or _is_sorted(checkpoint):
        return optimizer
    for tensors in (_of_names(checkpoint, source), _parameters(checkpoint)):
        named = by_order(optimizer, tensors)
        if named.names_from is not None:
            return named
    return optimizer


def order_notes(checkpoint: Checkpoint, names: Sequence[str], named: str) -> Iterator[str]:
    """Yields how the order of the model in a checkpoint differs from the source's, where that alone proves nothing.

    Args:
        checkpoint: with its model.
        names: of the source's parameters, in the model's order.
        named: what the user calls the source.
    """
    if not os.path.isfile(checkpoint.path) or _is_sorted(checkpoint):
        return
    places = {name: index for index, name in enumerate(names)}
    found = [
        name
        for each in checkpoint.parameters
        for name in sorted(names_of(checkpoint.parameters[each]))
        if name in places
    ]
    turned = [(one, other) for one, other in pairwise(found) if places[one] > places[other]]
    if turned:
        one, other = map(visible, turned[0])
        yield (
            f"not proved, but likely wrong: the model in the checkpoint has its parameters in another order than "
            f"{visible(named)}: {one} before {other}"
        )


def _is_sorted(checkpoint: Checkpoint) -> bool:
    return checkpoint.path.endswith(".safetensors") or not checkpoint.parameters


def _of_names(checkpoint: Checkpoint, source: BuiltOptimizer) -> Sequence[BuiltTensor]:
    """The file's tensors that the source trains."""
    known = frozenset(name for tensor in source.tensors for name in names_of(tensor))
    return [tensor for tensor in checkpoint.parameters.values() if not names_of(tensor).isdisjoint(known)]


def _parameters(checkpoint: Checkpoint) -> Sequence[BuiltTensor]:
    return [
        tensor
        for name, tensor in checkpoint.parameters.items()
        if name.rpartition(".")[2] not in _BUFFERS and str(tensor.dtype).startswith(("float", "bfloat", "complex"))
    ]


def in_model_order(source: BuiltOptimizer, names: Sequence[str], *, policy: bool) -> bool:
    """Whether each group holds its tensors in the order of the model; and, where each tensor has a group of its own,
    the groups stand in that order, as a constructor makes them. Of code that makes them, nothing says so.

    Args:
        source: an optimizer.
        names: of the model's parameters, in its order.
        policy: whether a config leads to it.
    """
    places = {name: index for index, name in enumerate(names)}
    each = [places.get(str(tensor.name), -1) for tensor in source.tensors]
    if 1 < len(source.groups) == len(each) and not (policy and each == sorted(each)):
        return False
    for group in source.groups:
        found = [places.get(str(tensor.name), -1) for tensor in group.tensors]
        if -1 in found or found != sorted(found):
            return False
    return True
