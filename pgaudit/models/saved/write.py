"""Inventory → plain values for JSON; :mod:`pgaudit.models.saved.read` is the way back.

What a walk over modules meets is ``parameters``, a list of lines in the order of the walk:

    ["layer1.0.conv1.weight", [64, 64, 3, 3], "ResNet/Sequential/BasicBlock/Conv2d", {"layer": 1, "conv": [64, 64, 1]}]

The second value is a shape where a parameter is met first, and the parameter's name where it is met again (tied
weights); the third are the classes of the modules around it and of its own module. The mapping at the end holds what
differs from what is usual, by the names of :class:`Parameter` and :class:`Visit`; ``"met": false`` is a parameter that
no walk meets there. What a model's own methods list is written in the same lines.
"""

from __future__ import annotations

import itertools
import math
import operator
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgaudit.core.parameters import Conv, Hints, Inventory, ModuleType, Parameter, Visit
from pgaudit.models.saved.read import WAYS

Line = list[Any]


@dataclass(frozen=True)
class Types:
    """The classes of modules, each under a name of its own."""

    names: dict[ModuleType, str] = field(default_factory=dict)

    def name(self, of: ModuleType) -> str:
        """Returns the name of a class: the bare one for the first class that has it."""
        if of not in self.names:
            candidates = itertools.chain((of.short, of.name), (f"{of.name} ({n})" for n in itertools.count(2)))
            plain = (re.sub("/", "_", each) for each in candidates)
            self.names[of] = next(each for each in plain if each not in self.names.values())
        return self.names[of]

    def table(self) -> dict[str, Any]:
        """Returns the classes by name."""
        return {name: {"bases": of.bases, "families": sorted(of.families)} for of, name in self.names.items()}


def section(inventory: Inventory, types: Types) -> dict[str, Any]:
    """Returns one inventory, and adds its classes to the types."""
    dtype = Counter(parameter.dtype for parameter in inventory.parameters).most_common(1)[0][0]
    names = [parameter.name for parameter in inventory.parameters]
    listings = inventory.listings
    reachable = tuple([index for index, parameter in enumerate(inventory.parameters) if parameter.reachable])
    return {
        "ref": inventory.ref,
        "source": inventory.source,
        "version": inventory.version,
        "circular": inventory.circular,
        "wrapper": inventory.wrapper,
        "unwrapped": inventory.unwrapped,
        "notes": inventory.notes,
        "whole": None if inventory.whole == reachable else [names[index] for index in inventory.whole],
        "meshes": inventory.meshes,
        "hints": _hints(inventory.hints, names),
        "type": types.name(inventory.model_type),
        "dtype": dtype,
        "parameters": list(_lines(inventory, types, dtype)),
        "listings": listings
        and {way: [_met_again(visit, inventory, types) for visit in listings[way]] for way in WAYS},
    }


def _hints(hints: Hints, names: list[str]) -> dict[str, Any]:
    depths = hints.layer_depths
    return {
        "no_weight_decay": hints.no_weight_decay,
        "classifier": hints.classifier,
        "backbone": hints.backbone,
        "raised": hints.raised,
        "layered_by": hints.layered_by,
        "layers_of_others": {name: hints.layers[name] for name in sorted(hints.layers.keys() - set(names))},
        "layer_depths": depths and {name: _depth(depths[name]) for name in sorted(depths)},
    }


def _depth(of: tuple[float, float] | str) -> Any:
    return of if isinstance(of, str) else [number if math.isfinite(number) else str(number) for number in of]


def _lines(inventory: Inventory, types: Types, dtype: str) -> Iterator[Line]:
    parameters, layers = inventory.parameters, inventory.hints.layers
    begun = 0  # parameters that have a line

    def new(parameter: Parameter, chain: str, more: Mapping[str, Any]) -> Line:
        layer = layers.get(parameter.name)
        more = {**({"layer": layer} if layer != 0 else {}), **_of_parameter(parameter, dtype), **more}
        return [parameter.name, parameter.shape, chain, *([more] if more else [])]

    def not_met(parameter: Parameter) -> Line:
        return new(parameter, types.name(parameter.module), {"met": False})

    for visit in inventory.visits:
        parameter = parameters[visit.index]
        first = visit.index >= begun and (parameter.name, parameter.module) == (visit.name, visit.module)
        yield from map(not_met, parameters[begun : visit.index + (not first)])
        begun = max(begun, visit.index + 1)
        if first:
            yield new(parameter, _chain(visit, types), _of_visit(visit, parameter))
        else:
            yield _met_again(visit, inventory, types)
    yield from map(not_met, parameters[begun:])


def _met_again(visit: Visit, inventory: Inventory, types: Types) -> Line:
    parameter = inventory.parameters[visit.index]
    more = _of_visit(visit, parameter)
    return [visit.name, parameter.name, _chain(visit, types), *([more] if more else [])]


def _chain(visit: Visit, types: Types) -> str:
    return "/".join(map(types.name, (*visit.parents, visit.module)))


def _of_parameter(of: Parameter, dtype: str) -> dict[str, Any]:
    usual = Parameter(of.name, of.shape, dtype, True, of.module, numel=math.prod(of.shape))
    return _unlike(of, usual)


def _of_visit(of: Visit, parameter: Parameter) -> dict[str, Any]:
    prefix, _, own = of.name.rpartition(".")
    usual = Visit(prefix, own, of.index, of.module, of.parents, ndim=len(parameter.shape))
    return _unlike(of, usual)


def _unlike(of: Parameter | Visit, usual: Parameter | Visit) -> dict[str, Any]:
    if of == usual:
        return {}
    values = zip(of._fields, of, usual, strict=True)
    return {
        key: _channels(value) if isinstance(value, Conv) else value for key, value, other in values if value != other
    }


def _channels(conv: Conv) -> Line:
    return [_number(value) for value in (conv.in_channels, conv.out_channels, conv.groups)]


def _number(value: Any) -> Any:
    """A whole number of numpy's, say, as Python's own."""
    try:
        return operator.index(value)
    except Exception:  # a subclass of torch's convolutions may hold anything
        return value
