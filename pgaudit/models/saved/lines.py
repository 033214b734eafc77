"""Modules → lines of a saved file. What nearly all models have in common is left out.

A line of ``modules`` is a module: its name, its class, its own parameters by their names in it, and what else must be
said. A module without parameters has one if there are modules with parameters below it, whose lines follow.

* A parameter is its shape. After the shape stand its dtype, if it is not the section's; ``frozen``; ``computed``, if it
  is no leaf; ``lazy``, if it has no shape yet; ``unmet``, if no walk meets it under this name; ``beside``, if it is not
  reachable.
* A tied parameter is the first name that it has.
* ``{"groups": 64}`` after the parameters is a convolution's, ``{"channels": [in, out, groups]}`` where those do not
  follow from its weight; ``{"parents": [...]}`` are the classes around it, where they do not follow from its name.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pgaudit.core.errors import ModelError
from pgaudit.core.parameters import Conv, Inventory, ModuleType, Parameter, Visit
from pgaudit.models.saved.modules import channels_of
from pgaudit.models.walk.families import families_of
from pgaudit.text import format_exception, quoted, visible


class Types:
    """The classes of modules, each under a short name of its own."""

    def __init__(self) -> None:
        self._names: dict[ModuleType, str] = {}
        self._known: dict[int, tuple[ModuleType, str]] = {}
        self._taken: set[str] = set()

    def name(self, of: ModuleType) -> str:
        """Returns the name of a class: the bare one for the first class that has it."""
        known = self._known.get(id(of))
        if known is None:
            if of not in self._names:
                self._names[of] = self._new(of)
            known = self._known[id(of)] = (of, self._names[of])
        return known[1]

    def _new(self, of: ModuleType) -> str:
        name = of.short if of.short not in self._taken else of.name
        again = 1
        while name in self._taken:
            again += 1
            name = f"{of.name} ({again})"
        self._taken.add(name)
        return name

    def table(self) -> dict[str, list[Any]]:
        """Returns bases by name, and at last, in a list, the families that do not follow from them."""
        found: dict[str, list[Any]] = {}
        for kind, name in self._names.items():
            judged = sorted(kind.families - families_of(kind.bases))
            found[name] = [*kind.bases, judged] if judged else list(kind.bases)
        return found


class Lines:
    """The lines of modules, and what a reader will have gathered from them at each."""

    def __init__(self, inventory: Inventory, types: Types, dtype: str) -> None:
        self.aliases: dict[int, list[str]] = {}
        """By parameter, the further names under which it is met."""
        self._inventory = inventory
        self._types = types
        self._dtype = dtype
        self._kinds: dict[str, str] = {}
        """What the lines so far say of the class of each module."""
        self._line: _Line | None = None

    def modules(self) -> Iterator[str]:
        """Yields the lines, in visiting order."""
        parameters = self._inventory.parameters
        begun = 0
        for visit in self._inventory.visits:
            parameter = parameters[visit.index]
            first = visit.index >= begun and parameter.name == visit.name
            for index in range(begun, visit.index + (not first)):
                yield from self._unmet(parameters[index])
            begun = max(begun, visit.index + 1)
            if not first:
                self.aliases.setdefault(visit.index, []).append(visit.name)
            yield from self._met(visit, self._words(parameter) if first else parameter.name)
        for index in range(begun, len(parameters)):
            yield from self._unmet(parameters[index])
        yield from self._close()

    def _met(self, visit: Visit, value: object) -> Iterator[str]:
        line = self._line
        if line is None or not line.holds(visit):
            yield from self._close()
            extra, around = {}, visit.prefix.split(".") if visit.prefix else []
            if len(around) == len(visit.parents):
                for depth, kind in enumerate(visit.parents):
                    yield from self._declared(".".join(around[:depth]), kind)
            else:
                extra["parents"] = [self._types.name(kind) for kind in visit.parents]
            line = self._line = _Line(visit.prefix, visit.module, visit, extra)
        line.fields[visit.own] = value

    def _unmet(self, parameter: Parameter) -> Iterator[str]:
        path, _, own = parameter.name.rpartition(".")
        line = self._line
        if line is None or (line.path, line.kind) != (path, parameter.module) or own in line.fields:
            yield from self._close()
            line = self._line = _Line(path, parameter.module)
        line.fields[own] = [*self._words(parameter), "unmet" if parameter.reachable else "beside"]

    def _declared(self, path: str, kind: ModuleType) -> Iterator[str]:
        name = self._types.name(kind)
        if self._kinds.get(path) != name:
            self._kinds[path] = name
            yield json.dumps([path, name])

    def _close(self) -> Iterator[str]:
        if self._line is not None:
            name = self._kinds[self._line.path] = self._types.name(self._line.kind)
            yield self._line.text(name)
            self._line = None

    def _words(self, parameter: Parameter) -> list[Any]:
        format_exception: list[Any] = list(parameter.shape)
        if parameter.dtype != self._dtype:
            format_exception.append(parameter.dtype)
        if not parameter.trainable:
            format_exception.append("frozen")
        if not parameter.leaf:
            format_exception.append("computed")
        if not parameter.shape and parameter.numel == 0:
            format_exception.append("lazy")
        return format_exception


@dataclass
class _Line:
    """A module's line while its parameters are gathered."""

    path: str
    kind: ModuleType
    visit: Visit | None = None
    """The first one; None for parameters that are never met."""
    extra: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, object] = field(default_factory=dict)

    def holds(self, visit: Visit) -> bool:
        """Whether a visit is to the same module, and not a second one under the same name."""
        mine = self.visit
        if mine is None or mine.prefix != visit.prefix or visit.own in self.fields:
            return False
        return (mine.module, mine.parents, mine.conv) == (visit.module, visit.parents, visit.conv)

    def text(self, name: str) -> str:
        extra = {**self._channels(), **self.extra}
        try:
            return json.dumps([self.path, name, self.fields, *([extra] if extra else [])], allow_nan=False)
        except (TypeError, ValueError) as error:
            message = f"the {visible(name)} {quoted(self.path)} cannot be saved: {format_exception(error)}"
            raise ModelError(message, "its in_channels, out_channels and groups are no numbers") from None

    def _channels(self) -> dict[str, Any]:
        conv = self.visit.conv if self.visit else None
        if conv == channels_of(self.kind, self.fields.get("weight"), 1):
            return {}
        if conv is None:
            return {"channels": None}
        into, out, groups = channels(conv)
        if type(groups) is int and conv == channels_of(self.kind, self.fields.get("weight"), groups):
            return {"groups": groups}
        return {"channels": [into, out, groups]}


def channels(conv: Conv) -> list[Any]:
    """Returns the numbers of a convolution as JSON has them."""
    return [*map(_number, (conv.in_channels, conv.out_channels, conv.groups))]


def _number(value: Any) -> Any:
    """A whole number of numpy's, say, as Python's own."""
    try:
        return operator.index(value)
    except Exception:  # foreign code
        return value
