"""Lines of modules in a saved file → parameters, and the occurrences with them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pgaudit.core.parameters import Conv, ModuleType, Parameter, Visit
from pgaudit.strict_json import DECODER, dtype_name, listed, mapping, text, wrong

_WORDS = frozenset({"frozen", "computed", "lazy", "unmet", "beside"})


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


class Modules:
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
            path, end = DECODER.raw_decode(line, 1)
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
                ndim = ndim_of(self.parameters[at])
            if met:
                if parents is None:
                    parents = self._around(path)
                self.visits.append(Visit(path, own, at, kind, parents, conv, ndim))

    def _around(self, path: str) -> tuple[ModuleType, ...]:
        """The classes of the modules around a module."""
        new = []
        known: tuple[ModuleType, ...] | None = None if path else ()
        while known is None:
            path = path.rpartition(".")[0]
            known = self._inside.get(path)
            if known is None:
                new.append(path)
                known = None if path else ()
        for above in reversed(new):
            known = self._inside[above] = (*known, self._kinds[above])
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
            self.parameters[at] = self.parameters[at]._replace(aliases=names)

    def _body(self, rest: str) -> _Body:
        (name, *more), end = DECODER.raw_decode("[" + rest)
        if end != len(rest) + 1:
            raise wrong(rest, "line of a module")
        kind = self._types[name]
        given = mapping(more[0]) if more else {}
        extra = mapping(more[1]) if more[1:] else {}
        if len(more) > 2 or extra.keys() - {"channels", "groups", "parents"}:
            raise wrong(more, "line of a module")
        fields = tuple([self._field(own, value) for own, value in given.items()])
        parents = tuple([self._types[each] for each in listed(extra["parents"])]) if "parents" in extra else None
        body = self._bodies[rest] = _Body(kind, fields, conv_of(kind, given.get("weight"), extra), parents)
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
        (dtype,) = map(dtype_name, words - _WORDS or {self._dtype})
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


def ndim_of(of: Parameter) -> int:
    """Returns a parameter's dimensions. Torch says 1 of a lazy module's tensor, which has no shape yet."""
    return len(of.shape) if of.shape or of.numel else 1


def conv_of(kind: ModuleType, weight: Any, extra: Mapping[str, Any]) -> Conv | None:
    """Returns the channels of a module: as they are given, or as they follow from its weight."""
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
