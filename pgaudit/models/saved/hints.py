"""Hints → lines of a saved file, and back.

What is told of each name is written where it changes: ``["layer2.0.conv1.weight", 4]`` holds until the next; ``null``
says that nothing is told.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pgaudit.core.parameters import Hints, Inventory, Parameter
from pgaudit.strict_json import listed, mapping, text, texts, wrong

T = TypeVar("T")
Depth = tuple[float, float] | str


def written_hints(inventory: Inventory) -> str:
    """Returns the inside of the JSON object."""
    hints, parameters = inventory.hints, inventory.parameters
    lines = []
    if hints.no_weight_decay:
        lines.append(_block("no_weight_decay", map(json.dumps, hints.no_weight_decay)))
    if hints.classifier:
        lines.append(f'"classifier": {json.dumps(hints.classifier)}')
    if hints.backbone is not None:
        lines.append(f'"backbone": {json.dumps(hints.backbone)}')
    if hints.raised:
        lines.append(f'"raised": {json.dumps(hints.raised)}')
    if hints.layered_by:
        lines.append(f'"layered_by": {json.dumps(hints.layered_by)}')
    if hints.layers:
        lines += _changes("layers", hints.layers, _first_names(parameters), int)
    if hints.layer_depths is not None:
        lines += _changes("layer_depths", hints.layer_depths, _all_names(parameters), _depth)
    return ",\n".join(lines)


def read_hints(held: Mapping[str, Any], parameters: Sequence[Parameter]) -> Hints:
    """Reads the JSON object.

    Raises:
        Exception: it holds other things than it should.
    """
    depths = None
    if "layer_depths" in held:
        depths = _read("layer_depths", held, _all_names(parameters), _read_depth)
    return Hints(
        no_weight_decay=texts(held.get("no_weight_decay", [])),
        layers=_read("layers", held, _first_names(parameters), _layer) if "layers" in held else {},
        layered_by=text(held.get("layered_by", "")),
        layer_depths=depths,
        classifier=texts(held.get("classifier", [])),
        backbone=text(held["backbone"]) if "backbone" in held else None,
        raised={name: text(said) for name, said in mapping(held.get("raised", {})).items()},
    )


def _first_names(parameters: Sequence[Parameter]) -> Iterator[str]:
    return (parameter.name for parameter in parameters)


def _all_names(parameters: Sequence[Parameter]) -> Iterator[str]:
    for parameter in parameters:
        yield parameter.name
        yield from parameter.aliases


def _block(key: str, entries: Iterable[str]) -> str:
    inside = ",\n".join(entries)
    return f'"{key}": [\n{inside}\n]'


def _changes(key: str, of: Mapping[str, T], names: Iterable[str], written: Callable[[T], Any]) -> Iterator[str]:
    """Yields what is told of a model's names, then what is told of others."""
    others = dict(of)
    lines = []
    last = "null"
    for name in names:
        now = json.dumps(written(of[name]), allow_nan=False) if name in of else "null"
        others.pop(name, None)
        if now != last:
            lines.append(f"[{json.dumps(name)}, {now}]")
        last = now
    yield _block(key, lines)
    if others:
        yield f'"{key}_of_others": {json.dumps({name: written(value) for name, value in others.items()})}'


def _read(key: str, held: Mapping[str, Any], names: Iterable[str], read: Callable[[Any], T]) -> dict[str, T]:
    changes = {text(name): None if value is None else (read(value),) for name, value in listed(held[key])}
    found: dict[str, T] = {}
    now = None
    for name in names:
        if name in changes:
            now = changes.pop(name)
        if now is not None:
            found[name] = now[0]
    if changes:
        raise wrong(next(iter(changes)), "name of a parameter")
    others = mapping(held.get(f"{key}_of_others", {}))
    return {**found, **{name: read(value) for name, value in others.items()}} if others else found


def _layer(value: Any) -> int:
    if type(value) is not int:
        raise wrong(value, "layer")
    return value


def _depth(of: Depth) -> Any:
    return of if isinstance(of, str) else [value if math.isfinite(value) else str(value) for value in of]


def _read_depth(value: Any) -> Depth:
    if isinstance(value, str):
        return value
    layer, layers = listed(value)
    return _number(layer), _number(layers)


def _number(value: Any) -> float:
    if value in ("inf", "-inf", "nan"):
        return float(value)
    if not isinstance(value, (int, float)):
        raise wrong(value, "number")
    return value
