"""Lines of a saved file → Inventory. What stands there may be anything: whatever is raised says that it is damaged."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, NoReturn

from pgaudit.inventory.families import families_of
from pgaudit.inventory.records import Conv, Inventory, ModuleType, Parameter, Visit
from pgaudit.inventory.saved_hints import read_hints
from pgaudit.inventory.saved_values import Unreadable, listed, mapping, text, texts, wrong, yes

_MODULES, _MODULES_END = '"modules": [\n', "\n],\n"
_CHUNK = 1 << 20
"""Characters."""


def _refused(word: str) -> NoReturn:
    raise Unreadable(f"{word} is no number")


_DECODER = json.JSONDecoder(parse_constant=_refused)
_WORDS = frozenset({"frozen", "computed", "lazy", "unmet", "beside"})


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
    document = mapping(_DECODER.decode(rest + '"": 0}'))
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
    modules = _Modules(types, text(held["dtype"]))
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
        named=frozenset(map(modules.index, texts(held["named"]))) if "named" in held else None,
        notes=texts(held.get("notes", [])),
    )


class _Field(NamedTuple):
    """What a line says of one parameter: a :class:`Parameter`, and a :class:`Visit` where it is met."""

    own: str
    tied: str | None
    """The first name of the parameter that it is."""
    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    reachable: bool
    numel: int
    leaf: bool
    ndim: int
    met: bool


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
        for own, tied, shape, dtype, trainable, reachable, numel, leaf, ndim, met in body.fields:
            name = begin + own
            at = index
            if tied is None:
                self.parameters.append(Parameter(name, shape, dtype, trainable, kind, (), reachable, numel, leaf))
                index += 1
            else:
                at = self.index(tied)
                self._ties.setdefault(at, []).append(name)
                ndim = _ndim(self.parameters[at])
            if met:
                if parents is None:
                    parents = self._around(path)
                self.visits.append(Visit(path, own, at, kind, parents, conv, ndim))

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
        (name, *more), end = _DECODER.raw_decode("[" + rest)
        if end != len(rest) + 1:
            raise wrong(rest, "line of a module")
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
        if type(value) is str:
            return _Field(own, value, (), "", True, True, 0, True, 0, True)
        words = frozenset([each for each in listed(value) if type(each) is str])
        shape = tuple(value[: len(value) - len(words)] if words else value)
        for size in shape:
            if type(size) is not int or size < 0:
                raise wrong(value, "parameter")
        if not words:
            return _Field(own, None, shape, self._dtype, True, True, math.prod(shape), True, len(shape), True)
        (dtype,) = words - _WORDS or {self._dtype}
        lazy, reachable = "lazy" in words, "beside" not in words
        return _Field(
            own,
            None,
            shape,
            dtype,
            trainable="frozen" not in words,
            reachable=reachable,
            numel=0 if lazy else math.prod(shape),
            leaf="computed" not in words,
            ndim=1 if lazy else len(shape),
            met=reachable and "unmet" not in words,
        )


def _ndim(of: Parameter) -> int:
    """Torch says 1 of a lazy module's tensor, which has no shape yet."""
    return len(of.shape) if of.shape or of.numel else 1


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
