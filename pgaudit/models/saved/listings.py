"""What a model's own methods list → lines of a saved file, and back. Nearly all models have none, and their files
nothing of it.

A line is one name of one parameter: the module's name, the own name, the parameter, the classes of the module and of
those around it, and the channels of a convolution.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pgaudit.core.parameters import Inventory, Listing, ModuleType, Visit
from pgaudit.models.saved.lines import Types, channels
from pgaudit.models.saved.modules import Modules, conv_of, ndim_of
from pgaudit.strict_json import listed, mapping, text, texts

_KEPT: tuple[Listing, ...] = tuple(way for way in get_args(Listing) if way != "named_children")
"""The lines of modules are ``named_children``."""


def written_listings(inventory: Inventory, types: Types) -> str:
    """Returns an entry of a section; nothing where all ways to list parameters meet the same."""
    if inventory.listings is None:
        return ""
    blocks = []
    for way in _KEPT:
        lines = ",\n".join(_line(visit, inventory, types) for visit in inventory.listings[way])
        blocks.append(f'"{way}": [\n{lines}\n]')
    inside = ",\n".join(blocks)
    return f'"listings": {{\n{inside}\n}},\n'


def _line(visit: Visit, inventory: Inventory, types: Types) -> str:
    name, parents = inventory.parameters[visit.index].name, [types.name(kind) for kind in visit.parents]
    conv = [] if visit.conv is None else [channels(visit.conv)]
    return json.dumps([visit.prefix, visit.own, name, types.name(visit.module), parents, *conv], allow_nan=False)


def read_listings(
    held: Mapping[str, Any], modules: Modules, types: Mapping[str, ModuleType]
) -> Mapping[Listing, tuple[Visit, ...]] | None:
    """Reads the entry; files of format 1 have in its place the names that ``named_parameters()`` yields.

    Raises:
        Exception: it holds other things than it should.
    """
    met = tuple(modules.visits)
    if "named" in held:
        yielded = frozenset(map(modules.index, texts(held["named"])))
        named = tuple(_first(met, yielded))
        return {"named_children": met, "named_modules": met, "named_parameters": named, "_parameters": met}
    if "listings" not in held:
        return None
    found = {way: tuple([_visit(line, modules, types) for line in listed(lines)]) for way, lines in _ways(held)}
    return {"named_children": met, **found}


def _ways(held: Mapping[str, Any]) -> Iterator[tuple[Listing, Any]]:
    listings = mapping(held["listings"])
    return ((way, listings[way]) for way in _KEPT)


def _first(met: tuple[Visit, ...], yielded: frozenset[int]) -> Iterator[Visit]:
    known: set[int] = set()
    for visit in met:
        if visit.index in yielded and visit.index not in known:
            known.add(visit.index)
            yield visit


def _visit(line: Any, modules: Modules, types: Mapping[str, ModuleType]) -> Visit:
    prefix, own, name, kind, parents, *rest = listed(line)
    at, module = modules.index(text(name)), types[kind]
    conv = conv_of(module, None, {"channels": rest[0]}) if rest else None
    around = tuple([types[each] for each in texts(parents)])
    return Visit(text(prefix), text(own), at, module, around, conv, ndim_of(modules.parameters[at]))
