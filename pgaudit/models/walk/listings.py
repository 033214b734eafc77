"""What each way to list parameters meets in a model that has methods of its own for that, such as torch's
``checkpoint_wrapper``, whose ``named_parameters()`` takes its prefix out of names. Each way is gone as the libraries go
it; what a method raises is kept for the constructors whose library would raise as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pgaudit.core.parameters import Inventory, Listing, Parameter, Visit
from pgaudit.models.walk.found import Found, ListedName
from pgaudit.models.walk.traverse import Seen
from pgaudit.text import format_exception

if TYPE_CHECKING:
    from torch import nn

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

Ways = Mapping[Listing, tuple[Visit, ...]]


def by_named_parameters(root: Any) -> Iterator[ListedName]:
    """As timm does, and everybody who asks the model itself."""
    for name, tensor in root.named_parameters():
        prefix, _, own = name.rpartition(".")
        yield ListedName(prefix, own, tensor)


def by_named_modules(root: Any) -> Iterator[ListedName]:
    """As detectron2 does: 02b5c4e, ``detectron2/solver/build.py``, ``get_default_optimizer_params``."""
    for prefix, module in root.named_modules():
        for own, tensor in module.named_parameters(recurse=False):
            yield ListedName(prefix, own, tensor, module)


def by_own_parameters(root: Any, prefix: str = "", parents: tuple[nn.Module, ...] = ()) -> Iterator[ListedName]:
    """As transformers does: 5.23.0, ``trainer_pt_utils.py``, ``get_parameter_names``."""
    for name, child in root.named_children():
        yield from by_own_parameters(child, f"{prefix}.{name}" if prefix else name, (*parents, root))
    for own in root._parameters:
        if (tensor := root._parameters[own]) is not None:
            yield ListedName(prefix, own, tensor, root, parents)


@dataclass
class ByWay:
    """What a model lists."""

    names: Sequence[str]
    """As ``named_parameters()`` gives them."""
    whole: tuple[int, ...] = ()
    """What ``parameters()`` yields."""
    ways: Ways | None = None
    """None where no way meets anything else than the walk."""
    raised: dict[str, str] = field(default_factory=dict)


def listed_by(root: nn.Module, found: Found, seen: Seen) -> ByWay:
    """Asks a model for its parameters in each way; a model without methods of its own only in the usual one.

    Args:
        root: the model.
        found: what the walk has met; tensors that it has not are added.
        seen: what the walk has noticed of methods.
    """
    reachable = sum(entry.reachable for entry in found.parameters)
    if not seen.overrides:
        listed = list(root.named_parameters())
        met = zip(found.parameters, found.tensors, strict=True)
        if len(listed) == reachable and all(
            name == entry.name and tensor is known for (name, tensor), (entry, known) in zip(listed, met, strict=False)
        ):
            return ByWay([name for name, _ in listed], tuple(range(reachable)))
    raised: dict[str, str] = {} if seen.raised is None else {"named_children": seen.raised}

    def attempted(key: str, way: Callable[[Any], Iterable[Any]]) -> list[Any]:
        try:
            return list(way(root))
        except Exception as error:  # foreign code
            raised[key] = _ADDRESS.sub("", format_exception(error))  # the same on each run
            return []

    ways: dict[Listing, tuple[Visit, ...]] = {
        "named_parameters": found.listed(attempted("named_parameters", by_named_parameters), root),
        "named_children": tuple(found.visits),
        "named_modules": found.listed(attempted("named_modules", by_named_modules), root),
        "_parameters": found.listed(attempted("_parameters", by_own_parameters), root),
    }
    names = [visit.name for visit in ways["named_parameters"]]
    whole = found.indices(attempted("parameters", lambda model: model.parameters()), root)
    usual = [(entry.name, index) for index, entry in enumerate(found.parameters) if entry.reachable]
    return ByWay(names, whole, None if not raised and _are_usual(ways, usual) else ways, raised)


def _are_usual(ways: Ways, usual: Sequence[tuple[str, int]]) -> bool:
    """Whether all ways meet what the walk does, as far as libraries look."""
    walked = ways["named_children"]
    first = _firsts(walked)
    if [(visit.name, visit.index) for visit in ways["named_parameters"]] != usual or _firsts(
        ways["named_modules"]
    ) != first:
        return False
    if [(name, index) for name, index, _ in first] != usual:
        return False
    around = {visit.name: (visit.module, visit.parents) for visit in ways["_parameters"]}
    return all(around.get(visit.name) == (visit.module, visit.parents) for visit in walked)


def _firsts(visits: Iterable[Visit]) -> list[tuple[str, int, object]]:
    """The first occurrence with each parameter."""
    first: dict[int, Visit] = {}
    for visit in visits:
        first.setdefault(visit.index, visit)
    return [(visit.name, index, visit.module) for index, visit in first.items()]


def as_named(inventory: Inventory, ways: Ways) -> tuple[Inventory, Sequence[int]]:
    """Returns the inventory with the names and the order of the model's own ``named_parameters()``, and for each of its
    parameters where it stood before. The names that a walk gives them are further ones.
    """
    names: dict[int, list[str]] = {}
    for visit in ways["named_parameters"]:
        names.setdefault(visit.index, []).append(visit.name)
    rest = [index for index in range(len(inventory.parameters)) if index not in names]
    order = [*names, *sorted(rest, key=lambda index: not inventory.parameters[index].reachable)]
    place = {index: position for position, index in enumerate(order)}

    def renumbered(visits: Iterable[Visit]) -> tuple[Visit, ...]:
        return tuple([visit._replace(index=place[visit.index]) for visit in visits])

    taken = {given[0] for given in names.values()}
    listings = {way: renumbered(visits) for way, visits in ways.items()}
    named = replace(
        inventory,
        parameters=tuple([_renamed(inventory.parameters[index], names.get(index), taken) for index in order]),
        visits=listings["named_children"],
        whole=tuple([place[index] for index in inventory.whole]),
        listings=listings,
        meshes=inventory.meshes and tuple([inventory.meshes[index] for index in order]),
    )
    return named, order


def _renamed(parameter: Parameter, names: Sequence[str] | None, taken: set[str]) -> Parameter:
    if not names:
        return parameter
    others = dict.fromkeys([*names, parameter.name, *parameter.aliases])
    aliases = tuple(name for name in others if name not in taken)
    return parameter._replace(name=names[0], aliases=aliases)
