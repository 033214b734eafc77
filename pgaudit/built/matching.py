"""The tensors of optimizers that are not the model's own → its parameters: by name, or by order and shape.

Evidence is either a name or proof. What the shapes leave open stays without a name, and is never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pgaudit.built.names import all_names, by_any_name, plain_name
from pgaudit.core.built import BuiltGroup, BuiltOptimizer, BuiltTensor
from pgaudit.core.parameters import Inventory

BY_ORDER = "the model's order"
_BY_NAMES = "param_names"


def model_tensors(inventory: Inventory) -> tuple[BuiltTensor, ...]:
    """Returns what an optimizer's tensors are called that are the model's parameters, in its order."""
    return tuple(
        BuiltTensor(names[0], names[1:], each.shape, each.dtype, each.trainable)
        for names, each in zip(all_names(inventory), inventory.parameters, strict=True)
    )


def matched(optimizers: Sequence[BuiltOptimizer], inventory: Inventory) -> tuple[BuiltOptimizer, ...]:
    """Returns the optimizers with the model's names for their tensors, as far as names or shapes prove them.

    Args:
        optimizers: none of which holds the model's own tensors.
        inventory: the model's.
    """
    known = model_tensors(inventory)
    named = {name: known[index] for name, index in by_any_name(inventory).items()}
    found = [_by_names(each, named) for each in optimizers]
    open_ones = [index for index, each in enumerate(found) if each.names_from is None]
    claimed = {tensor.name for each in found if each.names_from for tensor in each.tensors}
    rest = [tensor for tensor in known if tensor.name not in claimed]
    if len(open_ones) == 1:  # of two that say nothing, neither can be told from the other
        at = open_ones[0]
        found[at] = _by_order(found[at], rest)
    return tuple(found)


def _by_names(optimizer: BuiltOptimizer, named: Mapping[str, BuiltTensor]) -> BuiltOptimizer:
    """The optimizer with the model's own names, where it says names and all of them are the model's."""
    given = [tensor.name for tensor in optimizer.tensors]
    if None in given or not given:
        return optimizer
    places = [_place(name, named) for name in given if name is not None]
    if any(place is None or not _fits(tensor, place) for tensor, place in zip(optimizer.tensors, places, strict=True)):
        return optimizer
    return _renamed(optimizer, [place for place in places if place is not None], optimizer.names_from or _BY_NAMES)


def _place(name: str, named: Mapping[str, BuiltTensor]) -> BuiltTensor | None:
    for tried in (name, plain_name(name), plain_name(name, module=True)):
        if tried in named:
            return named[tried]
    return None


def _fits(tensor: BuiltTensor, place: BuiltTensor) -> bool:
    return tensor.shape is None or place.shape is None or tensor.shape == place.shape


def _renamed(optimizer: BuiltOptimizer, places: Sequence[BuiltTensor], names_from: str) -> BuiltOptimizer:
    rest = iter(places)
    groups = tuple(
        BuiltGroup(
            group.values,
            tuple(_with_state_of(next(rest), tensor) for tensor in group.tensors),
        )
        for group in optimizer.groups
    )
    return replace(optimizer, groups=groups, names_from=names_from)


def _with_state_of(place: BuiltTensor, tensor: BuiltTensor) -> BuiltTensor:
    return replace(place, has_state=tensor.has_state, steps=tensor.steps)


def _by_order(optimizer: BuiltOptimizer, known: Sequence[BuiltTensor]) -> BuiltOptimizer:
    """The optimizer with names by the model's order, where the shapes prove one."""
    tensors = list(optimizer.tensors)
    if all(tensor.shape is None for tensor in tensors):
        return optimizer  # nothing can be proved
    for places in (known, [place for place in known if place.trainable]):
        if len(places) != len(tensors):
            continue
        whole = all(map(_fits, tensors, places))
        # One group, or one for each parameter, as OpenMMLab's constructors make them, has the order of the model.
        if whole and len(optimizer.groups) in (1, len(tensors)):
            return _renamed(optimizer, places, BY_ORDER)
        if dealt := _dealt(optimizer, places):
            return _renamed(optimizer, dealt, BY_ORDER)
    return optimizer


_MOST_WAYS = 64
"""Ways that are followed at once; where shapes leave more open, they prove nothing."""


def _dealt(optimizer: BuiltOptimizer, places: Sequence[BuiltTensor]) -> list[BuiltTensor] | None:
    """Returns the one way to deal the model's parameters, in their order, to groups that each keep that order; None
    where there is none, or more than one. A group takes a parameter where its next tensor has the shape.
    """
    groups = [group.tensors for group in optimizer.groups]
    states: dict[tuple[int, ...], tuple[int, _Path]] = {(0,) * len(groups): (1, None)}
    for place in places:
        after: dict[tuple[int, ...], tuple[int, _Path]] = {}
        for heads, (ways, path) in states.items():
            for index, group in enumerate(groups):
                if heads[index] < len(group) and _fits(group[heads[index]], place):
                    moved = (*heads[:index], heads[index] + 1, *heads[index + 1 :])
                    after[moved] = after.get(moved, (0, None))[0] + ways, (index, path)
        if not after or len(after) > _MOST_WAYS:
            return None
        states = after
    ((ways, path),) = states.values()
    if ways > 1:
        return None
    taken: list[list[BuiltTensor]] = [[] for _ in groups]
    for place in reversed(places):
        assert path is not None
        index, path = path
        taken[index].insert(0, place)
    return [place for group in taken for place in group]


_Path = tuple[int, "_Path"] | None
"""The group that took the last parameter, and the way there."""
