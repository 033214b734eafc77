"""Lines of a saved file → Inventory. What stands there may be anything: whatever is raised says that it is damaged."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from pgaudit.inventory.families import families_of
from pgaudit.inventory.records import Conv, Inventory, ModuleType, Parameter, Visit
from pgaudit.inventory.saved_hints import read_hints
from pgaudit.inventory.saved_values import Unreadable, listed, mapping, text, texts, wrong, yes

_MODULES = '"modules": ['
_DECODER = json.JSONDecoder()
_WORDS = frozenset({"frozen", "computed", "lazy", "unmet", "beside"})


def read_document(body: str) -> tuple[dict[str, Any], Inventory, Inventory | None]:
    """Reads a file without its last line.

    Returns:
        The JSON object, in which the lists of modules are empty; the inventory, and the one of its inside.

    Raises:
        Exception: it holds other things than it should.
    """
    first, *parts = body.split(_MODULES)
    blocks, rest = [], [first]
    for part in parts:
        block, _, after = part.partition("\n],\n")
        blocks.append(block)
        rest.append("],\n" + after)
    document = mapping(json.loads(_MODULES.join(rest) + '"": 0}', parse_constant=_refused))
    types = {name: _module_type(entry) for name, entry in mapping(document["types"]).items()}
    names = [name for name in ("inventory", "inside") if name in document]
    if len(names) != len(blocks):
        raise Unreadable(f"{len(blocks)} lists of modules")
    found = [_inventory(mapping(document[name]), block, types) for name, block in zip(names, blocks, strict=True)]
    return document, found[0], found[1] if len(found) > 1 else None


def _refused(word: str) -> NoReturn:
    raise Unreadable(f"{word} is no number")


def _module_type(entry: Any) -> ModuleType:
    *bases, last = listed(entry)
    judged: tuple[str, ...] = ()
    if isinstance(last, list):
        judged = texts(last)
    else:
        bases.append(last)
    known = texts(bases)
    return ModuleType(known[0], known, families_of(known).union(judged))


def _inventory(held: dict[str, Any], block: str, types: Mapping[str, ModuleType]) -> Inventory:
    modules = _Modules(types, text(held["dtype"]))
    for line in block[1:].split(",\n"):
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
        named=frozenset(map(modules.index, texts(held["named"]))) if "named" in held else None,
        notes=texts(held.get("notes", [])),
    )


@dataclass(frozen=True, slots=True)
class _Field:
    """What a line says of one parameter."""

    own: str
    tied: str | None = None
    """The first name of the parameter that it is."""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    trainable: bool = True
    reachable: bool = True
    numel: int = 0
    leaf: bool = True
    ndim: int = 0
    met: bool = True


@dataclass(frozen=True, slots=True)
class _Body:
    """A line without the module's name, read once for all modules that have it."""

    kind: ModuleType
    fields: tuple[_Field, ...]
    conv: Conv | None
    parents: tuple[ModuleType, ...] | None
    """Where they do not follow from the module's name."""


class _Modules:
    """What the lines so far have made."""

    def __init__(self, types: Mapping[str, ModuleType], dtype: str) -> None:
        self.parameters: list[Parameter] = []
        self.visits: list[Visit] = []
        self._types = types
        self._dtype = dtype
        self._bodies: dict[str, _Body] = {}
        self._kinds: dict[str, ModuleType] = {}
        self._inside: dict[str, tuple[ModuleType, ...]] = {}
        """By a module's name, the classes around its children: one tuple for all of them."""
        self._indices: dict[str, int] = {}
        """By name, of the parameters that were there when the last tie was read."""
        self._ties: dict[int, list[str]] = {}

    def add(self, line: str) -> None:
        """Reads a line."""
        if "\\" in line or line[:2] != '["':
            path, end = _DECODER.raw_decode(line, 1)
            path, rest = text(path), line[end + 2 :]
        else:
            path, _, rest = line[2:].partition('", ')
        body = self._bodies.get(rest) or self._body(rest)
        if self._kinds.setdefault(path, body.kind) is not body.kind:
            self._change(path, body.kind)
        if body.fields:
            self._meet(path, body)

    def _meet(self, path: str, body: _Body) -> None:
        kind, conv, parents = body.kind, body.conv, body.parents
        begin = f"{path}." if path else ""
        index = len(self.parameters)
        for of in body.fields:
            name = begin + of.own
            if of.tied is None:
                self.parameters.append(
                    Parameter(name, of.shape, of.dtype, of.trainable, kind, (), of.reachable, of.numel, of.leaf)
                )
                at, ndim = index, of.ndim
                index += 1
                if not of.met:
                    continue
            else:
                at = self.index(of.tied)
                self._ties.setdefault(at, []).append(name)
                tied = self.parameters[at]
                ndim = len(tied.shape) or tied.numel == 0
            if parents is None:
                parents = self._around(path)
            self.visits.append(Visit(path, of.own, at, kind, parents, conv, ndim))

    def _around(self, path: str) -> tuple[ModuleType, ...]:
        """The classes of the modules around a module."""
        if not path:
            return ()
        parent = path.rpartition(".")[0]
        known = self._inside.get(parent)
        if known is None:
            known = self._inside[parent] = (*self._around(parent), self._kinds[parent])
        return known

    def _change(self, path: str, kind: ModuleType) -> None:
        """Another module of the same name, or another judgement of its class."""
        self._kinds[path] = kind
        begin = f"{path}." if path else ""
        self._inside = {name: kinds for name, kinds in self._inside.items() if not f"{name}.".startswith(begin)}

    def index(self, name: str) -> int:
        """Returns the index of a parameter by its first name."""
        for at in range(len(self._indices), len(self.parameters)):
            self._indices.setdefault(self.parameters[at].name, at)
        return self._indices[name]

    def name_ties(self, others: Mapping[str, tuple[str, ...]]) -> None:
        """Gives tied parameters their further names; ``others`` are those that do not follow from lines."""
        named = {index: tuple(names) for index, names in self._ties.items()}
        named |= {self.index(name): names for name, names in others.items()}
        for at, names in named.items():
            self.parameters[at] = replace(self.parameters[at], aliases=names)

    def _body(self, rest: str) -> _Body:
        name, *more = json.loads("[" + rest, parse_constant=_refused)
        kind = self._types[name]
        given = mapping(more[0]) if more else {}
        extra = mapping(more[1]) if more[1:] else {}
        if len(more) > 2 or extra.keys() - {"channels", "groups", "parents"}:
            raise wrong(more, "line of a module")
        fields = tuple([self._field(own, value) for own, value in given.items()])
        parents = tuple([self._types[each] for each in listed(extra["parents"])]) if "parents" in extra else None
        body = self._bodies[rest] = _Body(kind, fields, _conv(kind, given.get("weight"), extra), parents)
        return body

    def _field(self, own: str, value: Any) -> _Field:
        if isinstance(value, str):
            return _Field(own, value)
        shape = tuple([size for size in listed(value) if type(size) is int and size >= 0])
        words = texts(value[len(shape) :])
        dtypes = [word for word in words if word not in _WORDS]
        if len(dtypes) > 1:
            raise wrong(value, "parameter")
        lazy, beside = "lazy" in words, "beside" in words
        return _Field(
            own,
            None,
            shape,
            dtypes[0] if dtypes else self._dtype,
            trainable="frozen" not in words,
            reachable=not beside,
            numel=0 if lazy else math.prod(shape),
            leaf="computed" not in words,
            ndim=1 if lazy else len(shape),
            met=not beside and "unmet" not in words,
        )


def _conv(kind: ModuleType, weight: Any, extra: Mapping[str, Any]) -> Conv | None:
    if "channels" in extra:
        channels = extra["channels"]
        return None if channels is None else Conv(*[_plain(value) for value in listed(channels)])
    groups = extra.get("groups", 1)
    if type(groups) is not int:
        raise wrong(groups, "number of groups")
    return channels_of(kind, weight, groups)


def _plain(value: Any) -> Any:
    """A tuple comes back as one."""
    return tuple([_plain(each) for each in value]) if isinstance(value, list) else value


def channels_of(kind: ModuleType, weight: Any, groups: int) -> Conv | None:
    """Returns the channels that follow from a convolution's weight as its line has it; None where none do."""
    if "conv2d" not in kind.families or not isinstance(weight, list):
        return None
    out, into = [*weight, None, None][:2]
    return Conv(into * groups, out, groups) if type(out) is int and type(into) is int else None
