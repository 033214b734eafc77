"""The tensors of an optimizer without names → the model's parameters, as far as their shapes prove it.

A tensor may be any parameter of its shape, and one of which nothing is kept any that is left: groups are filled in
whatever order, so that the order of the tensors proves nothing. Names are given where that makes no difference to what
a parameter trains with: where no two have its shape, or all tensors that may be it train with the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

from pgaudit.core.built import BuiltOptimizer, BuiltTensor
from pgaudit.text import counted

BY_SHAPE = "the shapes"
"""What says the names of tensors that have the shapes of the model's parameters."""

Shape = tuple[int, ...] | None


def by_shape(optimizer: BuiltOptimizer, known: Sequence[BuiltTensor]) -> BuiltOptimizer:
    """Returns the optimizer with the model's names, where the shapes of its tensors prove what each parameter trains
    with; else with why not.

    Args:
        optimizer: without names.
        known: the model's tensors. The optimizer holds all of them, or all that require a gradient.
    """
    tensors = list(optimizer.tensors)
    if all(tensor.shape is None for tensor in tensors):
        return replace(optimizer, unproven="it keeps nothing whose shape could prove a name")
    trainable = [place for place in known if place.trainable]
    places = {len(trainable): trainable, len(known): known}.get(len(tensors))
    if places is None:
        of_model = " or ".join(f"{count:,}" for count in dict.fromkeys((len(known), len(trainable))))
        return replace(optimizer, unproven=f"it holds {counted(len(tensors), 'tensor')}, and the model {of_model}")
    by_own = _indices(tensors)
    shapeless = by_own.pop(None, [])
    room = Counter(place.shape for place in places)
    if any(len(those) > room[shape] for shape, those in by_own.items()):
        return replace(optimizer, unproven="the shapes of what it keeps are not those of the parameters")
    may_be = {
        shape: [*by_own.get(shape, ()), *(shapeless if count > len(by_own.get(shape, ())) else ())]
        for shape, count in room.items()
    }
    kinds = list(_kinds(optimizer))
    if any(len({kinds[index] for index in those}) > 1 for those in may_be.values()):
        return replace(optimizer, unproven="parameters of one shape train with different values")
    outside = {place.shape for place in known if not place.trainable} if len(places) < len(known) else set()
    if outside and (shapeless or not outside.isdisjoint(room)):
        return replace(
            optimizer, unproven="frozen parameters have the same shapes, and may have been trained in that run"
        )
    alike = {index for those in may_be.values() if len(those) > 1 for index in those}
    found = [replace(place, alike=index in alike) for index, place in enumerate(_in_order(tensors, places))]
    return optimizer.named(found, BY_SHAPE)


def _indices(tensors: Sequence[BuiltTensor]) -> dict[Shape, list[int]]:
    found: dict[Shape, list[int]] = defaultdict(list)
    for index, tensor in enumerate(tensors):
        found[tensor.shape].append(index)
    return dict(found)


def _kinds(optimizer: BuiltOptimizer) -> Iterator[Hashable]:
    """Yields for each tensor all that it trains with, so that what differs is unequal."""
    for group in optimizer.groups:
        values = repr(sorted((str(key), value) for key, value in group.values.items()))
        for tensor in group.tensors:
            yield values, repr(sorted(tensor.extra.items()))


def _in_order(tensors: Sequence[BuiltTensor], places: Sequence[BuiltTensor]) -> list[BuiltTensor]:
    """One of the ways in which the shapes agree: that in the model's order, where they do."""
    if all(tensor.shape in (None, place.shape) for tensor, place in zip(tensors, places, strict=True)):
        return list(places)
    left: dict[Shape, deque[int]] = {shape: deque(those) for shape, those in _indices(places).items()}
    taken = {index: left[tensor.shape].popleft() for index, tensor in enumerate(tensors) if tensor.shape is not None}
    rest = iter(sorted(index for those in left.values() for index in those))
    return [places[taken[index] if index in taken else next(rest)] for index in range(len(tensors))]


def shape_note(optimizers: Sequence[BuiltOptimizer]) -> str:
    """Returns what is said of names that shapes have given to the tensors of some optimizers."""
    groups: dict[tuple[int, Shape], set[int]] = defaultdict(set)
    for at, optimizer in enumerate(optimizers):
        for index, group in enumerate(optimizer.groups):
            for tensor in group.tensors:
                if tensor.alike:
                    groups[at, tensor.shape].add(index)
    if not groups:
        return "names are the model's, by shape: no two of its parameters have the same"
    which = ", and in which of the groups of equal values" if any(len(those) > 1 for those in groups.values()) else ""
    return (
        "names are the model's, by shape: those of one shape train with the same, and nothing proves which of them is "
        f"which{which}"
    )
