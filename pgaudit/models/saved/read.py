"""Values of a saved file → Inventory. What stands there may be anything: whatever is raised says that it is damaged."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pgaudit.core.parameters import Conv, Hints, Inventory, Listing, ModuleType, Parameter, Visit
from pgaudit.strict_json import dtype_name, listed, mapping, text, texts, wrong

WAYS: tuple[Listing, ...] = ("named_modules", "named_parameters", "_parameters")
"""Ways to list parameters that have lines of their own."""
_NOTHING: Mapping[str, Any] = {}
Of = TypeVar("Of", Parameter, Visit)


def read_types(held: Any) -> dict[str, ModuleType]:
    """Reads the classes of modules, by their names in the file."""
    found = {name: (texts(entry["bases"]), texts(entry["families"])) for name, entry in mapping(held).items()}
    return {name: ModuleType(bases[0], bases, frozenset(families)) for name, (bases, families) in found.items()}


def read_section(held: Mapping[str, Any], types: Mapping[str, ModuleType]) -> Inventory:
    """Reads one inventory.

    Raises:
        Exception: it holds other things than it should.
    """
    lines = _Lines(types, dtype_name(held["dtype"]))
    for line in listed(held["parameters"]):
        lines.add(*line)
    parameters, visits = tuple(lines.parameters), tuple(lines.visits)
    meshes = None if held["meshes"] is None else tuple(map(_count, listed(held["meshes"])))
    if meshes is not None and len(meshes) != len(parameters):
        raise wrong(held["meshes"], "list of meshes")
    whole = None if held["whole"] is None else tuple([lines.index[name] for name in texts(held["whole"])])
    return Inventory(
        parameters=parameters,
        visits=visits,
        whole=tuple([at for at, each in enumerate(parameters) if each.reachable]) if whole is None else whole,
        model_type=types[held["type"]],
        ref=text(held["ref"]),
        source=text(held["source"]),
        version=_optional(held["version"]),
        circular=_optional(held["circular"]),
        wrapper=_flag(held["wrapper"]),
        unwrapped=_flag(held["unwrapped"]),
        hints=_hints(held["hints"], lines.layers),
        listings=None if held["listings"] is None else {
            "named_children": visits,
            **{way: tuple([lines.visit(*line) for line in listed(held["listings"][way])]) for way in WAYS},
        },
        meshes=meshes,
        notes=texts(held["notes"]),
    )  # fmt: skip


def _hints(held: Mapping[str, Any], layers: dict[str, int]) -> Hints:
    depths = held["layer_depths"]
    return Hints(
        no_weight_decay=texts(held["no_weight_decay"]),
        layers=layers | {name: _count(layer) for name, layer in mapping(held["layers_of_others"]).items()},
        layered_by=text(held["layered_by"]),
        layer_depths=None if depths is None else {name: _depth(value) for name, value in mapping(depths).items()},
        classifier=texts(held["classifier"]),
        backbone=_optional(held["backbone"]),
        raised={name: text(said) for name, said in mapping(held["raised"]).items()},
    )


class _Lines:
    """What the lines so far have told."""

    def __init__(self, types: Mapping[str, ModuleType], dtype: str) -> None:
        self.parameters: list[Parameter] = []
        self.visits: list[Visit] = []
        self.index: dict[str, int] = {}
        """The parameters by name."""
        self.layers: dict[str, int] = {}
        self._types = types
        self._dtype = dtype
        self._shapes: dict[tuple[int, ...], tuple[tuple[int, ...], int]] = {}
        self._chains: dict[str, tuple[ModuleType, tuple[ModuleType, ...]]] = {}
        self._parents: dict[str, tuple[ModuleType, ...]] = {"": ()}

    def add(self, name: Any, what: Any, chain: str, more: Mapping[str, Any] = _NOTHING) -> None:
        """Reads a line: a parameter and its first name, or another name of one."""
        fields = _fields(more)
        index = self.index[what] if type(what) is str else self._new(text(name), what, chain, fields)
        if fields.get("met", True):
            self.visits.append(self._visit(name, index, chain, fields))

    def visit(self, name: Any, what: str, chain: str, more: Mapping[str, Any] = _NOTHING) -> Visit:
        """Reads a name under which a parameter is met on another way."""
        return self._visit(name, self.index[what], chain, _fields(more))

    def _new(self, name: str, sizes: Any, chain: str, fields: dict[str, Any]) -> int:
        """Adds a parameter; returns its index."""
        shape, numel = self._shape(sizes)
        parameter = Parameter(name, shape, self._dtype, True, self._classes(chain)[0], (), True, numel)
        if (layer := fields.pop("layer", 0)) is not None:
            self.layers[name] = layer
        index = len(self.parameters)
        self.index.setdefault(name, index)
        self.parameters.append(_replaced(parameter, fields))
        return index

    def _visit(self, name: Any, index: int, chain: str, fields: dict[str, Any]) -> Visit:
        prefix, _, own = text(name).rpartition(".")
        module, parents = self._classes(chain)
        return _replaced(Visit(prefix, own, index, module, parents, None, len(self.parameters[index].shape)), fields)

    def _shape(self, sizes: Any) -> tuple[tuple[int, ...], int]:
        key = tuple(listed(sizes))
        if key not in self._shapes:
            self._shapes[key] = tuple(map(_count, key)), math.prod(key)
        return self._shapes[key]

    def _classes(self, chain: str) -> tuple[ModuleType, tuple[ModuleType, ...]]:
        """The class of a module and of those around it; the latter are one tuple wherever they are the same."""
        found = self._chains.get(chain)
        if found is None:
            around, _, own = chain.rpartition("/")
            if around not in self._parents:
                self._parents[around] = tuple([self._types[name] for name in around.split("/")])
            found = self._chains[chain] = self._types[own], self._parents[around]
        return found


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise wrong(value, "flag")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise wrong(value, "number")
    return value


def _optional(value: Any) -> str | None:
    return None if value is None else text(value)


def _conv(value: Any) -> Conv:
    conv = Conv(*map(_plain, listed(value)))
    hash(conv)  # raises of what no convolution can hold
    return conv


def _plain(value: Any) -> Any:
    """A tuple comes back as one."""
    return tuple(map(_plain, value)) if isinstance(value, list) else value


def _depth(value: Any) -> tuple[float, float] | str:
    if isinstance(value, str):
        return value
    layer, layers = listed(value)
    return _number(layer), _number(layers)


def _number(value: Any) -> float:
    if value in ("inf", "-inf", "nan"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(value, "number")
    return value


_READ: Mapping[str, Callable[[Any], Any]] = {
    "met": _flag,
    "layer": lambda value: None if value is None else _count(value),
    # of Parameter
    "dtype": dtype_name,
    "trainable": _flag,
    "aliases": texts,
    "reachable": _flag,
    "numel": _count,
    "leaf": _flag,
    # of Visit
    "prefix": text,
    "own": text,
    "conv": _conv,
    "ndim": _count,
}


def _fields(more: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _READ[key](value) for key, value in more.items()}


def _replaced(of: Of, fields: Mapping[str, Any]) -> Of:
    own = {key: value for key, value in fields.items() if key in of._fields} if fields else fields
    return of._replace(**own) if own else of
