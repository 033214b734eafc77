"""Inventory → a section of a saved file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pgaudit.core.errors import ModelError
from pgaudit.core.parameters import Inventory
from pgaudit.models.saved.hints import written_hints
from pgaudit.models.saved.lines import Lines, Types
from pgaudit.models.saved.listings import written_listings
from pgaudit.text import format_exception, visible


def dumped(value: Any, what: str) -> str:
    """Returns JSON of one line.

    Raises:
        ModelError: ``what`` holds something else than JSON can.
    """
    try:
        plain = dict(value) if isinstance(value, Mapping) else value
        return json.dumps(plain, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelError(f"{visible(what)} cannot be saved: {format_exception(error)}") from None


def entries(of: Mapping[str, Any]) -> str:
    """Returns the inside of a JSON object, one line an entry."""
    return ",\n".join(f"{json.dumps(key)}: {dumped(value, key)}" for key, value in of.items())


def braced(inside: str) -> str:
    """Returns a JSON object; one without entries takes no line more."""
    return f"{{\n{inside}\n}}" if inside else "{}"


def section(inventory: Inventory, types: Types) -> str:
    """Returns the inside of the JSON object that is one inventory.

    Raises:
        ModelError: a convolution holds what JSON cannot.
    """
    dtype = Counter(parameter.dtype for parameter in inventory.parameters).most_common(1)[0][0]
    lines = Lines(inventory, types, dtype)
    modules = ",\n".join(lines.modules())
    head = {"ref": inventory.ref, "source": inventory.source, **_rare(inventory, lines.aliases)}
    head |= {"type": types.name(inventory.model_type), "dtype": dtype}
    listings = written_listings(inventory, types)
    hints = braced(written_hints(inventory))
    return f'{entries(head)},\n"modules": [\n{modules}\n],\n{listings}"hints": {hints}'


def _rare(inventory: Inventory, aliases: Mapping[int, list[str]]) -> dict[str, Any]:
    names = [parameter.name for parameter in inventory.parameters]
    reachable = tuple(index for index, parameter in enumerate(inventory.parameters) if parameter.reachable)
    found: dict[str, Any] = {}
    if inventory.version is not None:
        found["version"] = inventory.version
    if inventory.circular is not None:
        found["circular"] = inventory.circular
    found |= {key: True for key in ("wrapper", "unwrapped") if getattr(inventory, key)}
    if inventory.notes:
        found["notes"] = list(inventory.notes)
    if inventory.whole != reachable:
        found["whole"] = [names[index] for index in inventory.whole]
    if inventory.meshes is not None:
        found["meshes"] = list(inventory.meshes)
    others = {
        parameter.name: list(parameter.aliases)
        for index, parameter in enumerate(inventory.parameters)
        if list(parameter.aliases) != aliases.get(index, [])
    }
    return {**found, "aliases": others} if others else found
