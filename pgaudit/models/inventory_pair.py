"""Two inventories of one model: what is another about the model itself and its hints."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgaudit.core.parameters import Inventory, Parameter
from pgaudit.text import counted, quoted

OTHER_CLASS = "its class has other bases, or is another family of modules"


@dataclass(frozen=True, slots=True)
class InventoryChange:
    """One thing that is another than it was."""

    mark: str
    """``+`` for what is new, ``-`` for what is gone, ``~`` for what is another."""
    name: str | None
    """The parameter; None where it is about the whole model."""
    what: str
    kind: Hashable = None
    """The classes of the parameter's module, then and now."""


class InventoryPair:
    """Two inventories, and their parameters by name."""

    def __init__(self, before: Inventory, after: Inventory) -> None:
        self.before, self.after = before, after
        self.was = {parameter.name: index for index, parameter in enumerate(before.parameters)}
        self.now = {parameter.name: index for index, parameter in enumerate(after.parameters)}
        self.renamed = _renamed(self._gone(), self._new())

    def _gone(self) -> list[Parameter]:
        return [parameter for parameter in self.before.parameters if parameter.name not in self.now]

    def _new(self) -> list[Parameter]:
        return [parameter for parameter in self.after.parameters if parameter.name not in self.was]

    def common(self, of: Inventory) -> list[str]:
        """The names of parameters that both have, in the order of one."""
        return [p.name for p in of.parameters if p.name in self.was and p.name in self.now]

    def merged(self) -> Iterator[str]:
        """Yields all names in their order now; what is gone stands where it stood."""
        was = list(self.was)
        at = 0
        for name in self.now:
            if name in self.was:
                while at < self.was[name]:
                    if was[at] not in self.now:
                        yield was[at]
                    at += 1
            yield name
        yield from (name for name in was[at:] if name not in self.now)


def _renamed(gone: Sequence[Parameter], new: Sequence[Parameter]) -> Mapping[str, str]:
    """The name that each new parameter probably had: if as many are gone, alike and in the same order."""

    def alike(of: Parameter) -> Hashable:
        return of.shape, of.dtype, of.module.name, of.trainable, of.name.rpartition(".")[2]

    same = len(gone) == len(new) and all(alike(a) == alike(b) for a, b in zip(gone, new, strict=True))
    return {b.name: a.name for a, b in zip(gone, new, strict=True)} if same else {}


def of_the_model(pair: InventoryPair) -> Iterator[InventoryChange]:
    """Yields what is about no single parameter."""
    before, after = pair.before, pair.after
    a, b = before.model_type, after.model_type
    if a != b:
        yield InventoryChange(
            "~",
            None,
            f"the model is a {b.short}, and was a {a.short}" if a.name != b.name else f"the model: {OTHER_CLASS}",
        )
    if before.source != after.source:
        yield InventoryChange("~", None, f"the model comes from {after.source}, and came from {before.source}")
    if before.wrapper != after.wrapper:
        yield InventoryChange("~", None, f"the model has {'an' if after.wrapper else 'no'} attribute `module` now")
    if before.circular != after.circular:
        now = f"{quoted(after.circular)} stands inside itself" if after.circular else "no module stands inside itself"
        yield InventoryChange("~", None, f"{now} now")
    for indices, what in ((_named, "named_parameters()"), (_whole, "parameters()")):
        old, new = (_yielded(of, indices(of)) for of in (before, after))
        if any(old.get(name) != new.get(name) for name in pair.common(after)):
            yield InventoryChange("~", None, f"the model's own {what} yields others, or in another order")
    for x, y in zip(pair.common(before), pair.common(after), strict=True):
        if x != y:
            yield InventoryChange("~", None, f"the order: {quoted(y)} stands before {quoted(x)} now")
            return


def _named(of: Inventory) -> Iterable[int]:
    if of.listings is None:
        return [index for index, parameter in enumerate(of.parameters) if parameter.reachable]
    return [visit.index for visit in of.listings["named_parameters"]]


def _whole(of: Inventory) -> Iterable[int]:
    return of.whole


def _yielded(of: Inventory, indices: Iterable[int]) -> Mapping[str, int]:
    """By name, by how many places each parameter that is yielded comes later than the model has it."""
    given = list(indices)
    return {of.parameters[index].name: index - usual for index, usual in zip(given, sorted(given), strict=True)}


def of_hints(pair: InventoryPair) -> Iterator[InventoryChange]:
    """Yields what the model says about its parameters."""
    a, b = pair.before.hints, pair.after.hints
    for mark, names in (
        ("no longer names", [n for n in a.no_weight_decay if n not in b.no_weight_decay]),
        ("names", [n for n in b.no_weight_decay if n not in a.no_weight_decay]),
    ):
        if names:
            others = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
            yield InventoryChange("~", None, f"no_weight_decay() {mark} {quoted(names[0])}{others}")
    yield from _of_names(pair, "layer", a.layers, b.layers)
    yield from _of_names(pair, "get_layer_depth()", a.layer_depths, b.layer_depths)
    for key in ("layered_by", "classifier", "backbone", "raised"):
        was, now = getattr(a, key), getattr(b, key)
        if was != now:
            yield InventoryChange("~", None, f"{key}: {_worded(was)} → {_worded(now)}")


def _worded(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value) if value else "nothing"


def _of_names(
    pair: InventoryPair, what: str, a: Mapping[str, Any] | None, b: Mapping[str, Any] | None
) -> Iterator[InventoryChange]:
    if (a is None) != (b is None):
        yield InventoryChange("~", None, f"the model has {'no' if b is None else 'a'} {what} now")
        return
    a, b = a or {}, b or {}
    unlike = [name for name in b if name in a and a[name] != b[name]]
    if unlike:
        first, more = unlike[0], len(unlike) - 1
        others = f", and of {counted(more, 'other')}" if more else ""
        yield InventoryChange("~", None, f"{what} of {quoted(first)}: {a[first]} → {b[first]}{others}")
