"""Lines of a saved file → Inventory. What stands there may be anything: whatever is raised says that it is damaged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pgaudit.core.parameters import Inventory, ModuleType, Parameter
from pgaudit.models.saved.hints import read_hints
from pgaudit.models.saved.listings import read_listings
from pgaudit.models.saved.modules import Modules
from pgaudit.models.walk.families import families_of
from pgaudit.strict_json import DECODER, dtype_name, listed, mapping, text, texts, wrong, yes

_MODULES, _MODULES_END = '"modules": [\n', "\n],\n"
_CHUNK = 1 << 20
"""Characters."""


def read_document(body: str) -> tuple[dict[str, Any], Inventory, Inventory | None]:
    """Reads a file without its last line.

    Returns:
        The JSON object, in which the lists of modules are empty; the inventory, and the one of its inside.

    Raises:
        Exception: it holds other things than it should.
    """
    blocks = list(_blocks(body))
    starts, ends = [0, *(end for _, end in blocks)], [*(start for start, _ in blocks), len(body)]
    rest = "".join([body[start:end] for start, end in zip(starts, ends, strict=True)])
    document = mapping(DECODER.decode(rest + '"": 0}'))
    types = {name: _module_type(entry) for name, entry in mapping(document["types"]).items()}
    names = [name for name in ("inventory", "inside") if name in document]
    found = [
        _inventory(mapping(document[name]), _lines(body, *block), types)
        for name, block in zip(names, blocks, strict=True)
    ]
    return document, found[0], found[1] if len(found) > 1 else None


def _blocks(body: str) -> Iterator[tuple[int, int]]:
    """Where the lists of modules begin and end; no text can hold a line end."""
    end = 0
    while (start := body.find(_MODULES, end)) >= 0:
        end = body.index(_MODULES_END, start)
        yield start + len(_MODULES), end


def _lines(body: str, start: int, end: int) -> Iterator[str]:
    """Yields the lines of modules, without the commas between them; not all are held at a time."""
    while start < end:
        cut = body.find(",\n", min(start + _CHUNK, end), end)
        cut = end if cut < 0 else cut
        yield from body[start:cut].split(",\n")
        start = cut + 2


def _module_type(entry: Any) -> ModuleType:
    *bases, last = listed(entry)
    judged: tuple[str, ...] = ()
    if isinstance(last, list):
        judged = texts(last)
    else:
        bases.append(last)
    known = texts(bases)
    return ModuleType(known[0], known, families_of(known).union(judged))


def _inventory(held: dict[str, Any], lines: Iterable[str], types: Mapping[str, ModuleType]) -> Inventory:
    modules = Modules(types, dtype_name(held["dtype"]))
    for line in lines:
        modules.add(line)
    modules.name_ties({text(name): texts(names) for name, names in mapping(held.get("aliases", {})).items()})
    parameters = tuple(modules.parameters)
    reachable = tuple([index for index, parameter in enumerate(parameters) if parameter.reachable])
    return Inventory(
        parameters=parameters,
        visits=tuple(modules.visits),
        whole=tuple(map(modules.index, texts(held["whole"]))) if "whole" in held else reachable,
        model_type=types[held["type"]],
        ref=text(held["ref"]),
        source=text(held["source"]),
        version=text(held["version"]) if "version" in held else None,
        circular=text(held["circular"]) if "circular" in held else None,
        wrapper="wrapper" in held and yes(held["wrapper"]),
        unwrapped="unwrapped" in held and yes(held["unwrapped"]),
        hints=read_hints(mapping(held["hints"]), parameters),
        meshes=_meshes(held["meshes"], parameters) if "meshes" in held else None,
        listings=read_listings(held, modules, types),
        notes=texts(held.get("notes", [])),
    )


def _meshes(held: Any, parameters: tuple[Parameter, ...]) -> tuple[int, ...]:
    found = tuple(listed(held))
    if len(found) != len(parameters) or any(type(mesh) is not int for mesh in found):
        raise wrong(held, "list of meshes")
    return found
