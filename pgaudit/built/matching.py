"""The tensors of optimizers that are not the model's own → its parameters: by name, or by shape.

Evidence is either a name or proof. What the shapes leave open stays without a name, and is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from pgaudit.built.by_shape import BY_SHAPE, by_shape, shape_note
from pgaudit.core.built import BY_IDENTITY, BY_PARAM_NAMES, BuiltOptimizer, BuiltTensor
from pgaudit.core.parameters import Inventory
from pgaudit.models.plain_names import all_names
from pgaudit.names.wrappers import spellings
from pgaudit.text import counted, quoted

BY_ORDER = "the model's order"
BY_CODE = "the optimizer that the code builds"


def model_tensors(inventory: Inventory) -> tuple[BuiltTensor, ...]:
    """Returns what an optimizer's tensors are called that are the model's parameters, in its order."""
    return tuple(
        BuiltTensor(names[0], names[1:], each.shape, each.dtype, each.trainable)
        for names, each in zip(all_names(inventory), inventory.parameters, strict=True)
    )


def matched(optimizers: Sequence[BuiltOptimizer], inventory: Inventory) -> tuple[BuiltOptimizer, ...]:
    """Returns the optimizers with the model's names for their tensors, as far as names or shapes prove them; the others
    say why they have not.

    Args:
        optimizers: none of which holds the model's own tensors.
        inventory: the model's.
    """
    known = model_tensors(inventory)
    named: dict[str, BuiltTensor] = {}
    for tensor in known:
        for name in (tensor.name, *tensor.aliases):
            named.setdefault(str(name), tensor)
    found = [_by_names(each, named) for each in optimizers]
    open_ones = [index for index, each in enumerate(found) if each.names_from is None]
    if len(open_ones) == 1:
        claimed = {tensor.name for each in found if each.names_from for tensor in each.tensors}
        at = open_ones[0]
        found[at] = by_shape(found[at], [tensor for tensor in known if tensor.name not in claimed])
    elif open_ones:
        why = f"{len(open_ones)} optimizers say no names, and nothing tells which of them a parameter is in"
        found = [replace(each, unproven=why) if each.names_from is None else each for each in found]
    return tuple(found)


def matched_with(optimizers: Sequence[BuiltOptimizer], built: Sequence[BuiltOptimizer]) -> tuple[BuiltOptimizer, ...]:
    """Returns the optimizers of a checkpoint with the names that the code's own have at the same places, as
    ``load_state_dict`` goes by them; as it is an optimizer that has names itself, or whose groups or shapes differ, or
    for which the code has one of another copy of the model.

    Args:
        optimizers: as a checkpoint holds them.
        built: as the code builds them, under the model's names.
    """
    if len(optimizers) != len(built):
        return tuple(optimizers)
    return tuple(_with_names_of(*pair) for pair in zip(optimizers, built, strict=True))


def name_notes(optimizers: Sequence[BuiltOptimizer]) -> Iterator[str]:
    """Yields what is said of names that are not those of the model's own tensors."""
    if shaped := [each for each in optimizers if each.names_from == BY_SHAPE]:
        yield shape_note(shaped)
    elif any(each.names_from == BY_CODE for each in optimizers):
        yield "names are those that the code's optimizer has at the same places: sizes and shapes agree"


def _with_names_of(optimizer: BuiltOptimizer, built: BuiltOptimizer) -> BuiltOptimizer:
    sizes, others = ([len(group.tensors) for group in each.groups] for each in (optimizer, built))
    places = list(built.tensors)
    if optimizer.names_from is not None or built.names_from not in (BY_IDENTITY, BY_PARAM_NAMES):
        return optimizer
    if sizes != others or not all(map(_fits, optimizer.tensors, places)):
        return optimizer
    return optimizer.named(places, BY_CODE)


def _by_names(optimizer: BuiltOptimizer, named: Mapping[str, BuiltTensor]) -> BuiltOptimizer:
    """The optimizer with the model's own names, where it says names and all of them are the model's."""
    tensors = list(optimizer.tensors)
    given = [(tensor.name, tensor) for tensor in tensors if tensor.name is not None]
    if not given or len(given) < len(tensors):
        return replace(optimizer, unproven="some of its tensors have no name") if given else optimizer
    places = [(name, tensor, _place(name, named)) for name, tensor in given]
    if strange := [name for name, _, place in places if place is None]:
        more = f" and {len(strange) - 1:,} more are" if len(strange) > 1 else " is"
        return replace(optimizer, unproven=f"{quoted(strange[0])}{more} not among its parameters")
    found = [place for _, _, place in places if place is not None]
    if unlike := [pair for pair in zip(given, found, strict=True) if not _fits(pair[0][1], pair[1])]:
        (name, tensor), place = unlike[0]
        why = f"{quoted(name)} has the shape {list(tensor.shape or ())}, and {list(place.shape or ())} in it"
        return replace(optimizer, unproven=why)
    return optimizer.named(found, optimizer.names_from or BY_PARAM_NAMES)


def _place(name: str, named: Mapping[str, BuiltTensor]) -> BuiltTensor | None:
    return next((named[tried] for tried in spellings(name) if tried in named), None)


def _fits(tensor: BuiltTensor, place: BuiltTensor) -> bool:
    return tensor.shape is None or place.shape is None or tensor.shape == place.shape


def by_order(optimizer: BuiltOptimizer, known: Sequence[BuiltTensor]) -> BuiltOptimizer:
    """Returns the optimizer with names by the model's order, where the shapes agree with one alone; else with why not.
    That is evidence, and no proof: code may fill a group in another order.

    Args:
        optimizer: without names.
        known: the model's tensors, in its order.
    """
    tensors = list(optimizer.tensors)
    if all(tensor.shape is None for tensor in tensors):
        return replace(optimizer, unproven="it keeps nothing whose shape could prove an order")
    trainable = [place for place in known if place.trainable]
    counts = dict.fromkeys((len(known), len(trainable)))
    if len(tensors) not in counts:
        of_model = " or ".join(f"{count:,}" for count in counts)
        return replace(optimizer, unproven=f"it holds {counted(len(tensors), 'tensor')}, and the model {of_model}")
    why = "the shapes fit no order of its parameters"
    for places in (known, trainable):
        if len(places) != len(tensors):
            continue
        # One group, or one for each parameter, as OpenMMLab's constructors make them, has the order of the model.
        if len(optimizer.groups) in (1, len(tensors)) and all(map(_fits, tensors, places)):
            return optimizer.named(places, BY_ORDER)
        found = _orders(optimizer, places)
        if found == "several":
            why = "the shapes fit several orders of its parameters"
        elif found != "none":
            return optimizer.named(found, BY_ORDER)
    return replace(optimizer, unproven=why)


_MOST_WAYS = 64
"""Ways that are followed at once; where shapes leave more open, they prove nothing."""


def _orders(optimizer: BuiltOptimizer, places: Sequence[BuiltTensor]) -> list[BuiltTensor] | Literal["none", "several"]:
    """Returns the one way to fill groups with the model's parameters where each keeps their order, or how many ways
    there are. A group takes a parameter where its next tensor has the shape.
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
            return "several" if after else "none"
        states = after
    ((ways, path),) = states.values()
    if ways > 1:
        return "several"
    taken: list[list[BuiltTensor]] = [[] for _ in groups]
    for place in reversed(places):
        assert path is not None
        index, path = path
        taken[index].insert(0, place)
    return [place for group in taken for place in group]


_Path = tuple[int, "_Path"] | None
"""The group that took the last parameter, and the way there."""
