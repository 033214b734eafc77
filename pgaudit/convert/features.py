"""What can be said of parameters in order to tell them apart: names, classes, dimensions, and sets of these.

A set of parameters is an ``int`` with a bit for each. A tied parameter belongs to a feature only if it has it under
each of its names; a feature that it has under some of them is left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pgaudit.core.parameters import Inventory, ModuleType, Visit
from pgaudit.names import fold_named

Key = tuple[str, ...]
"""A kind of feature, and what it is: ``("leaf", "bias")``, ``("prefix", "layer1.0")``, ``("type", "torch...")``."""
Kinds = Callable[[ModuleType], Iterable[Key]]


@dataclass(frozen=True, slots=True)
class Predicate:
    """A set of parameters, and in which words it is chosen."""

    keys: tuple[Key, ...]
    """All of these hold."""
    mask: int
    cost: float = field(compare=False)

    @property
    def place(self) -> Key | None:
        """What it says of the place in the model."""
        return next((key for key in self.keys if key[0] in ("prefix", "range", "segment")), None)

    @property
    def leaf(self) -> Key | None:
        """What it says of the end of the name."""
        return next((key for key in self.keys if key[0] in ("leaf", "tail")), None)

    @property
    def kinds(self) -> tuple[Key, ...]:
        """What it says of the class and the dimensions."""
        return tuple(key for key in self.keys if key[0] in ("norm", "type", "ndim"))


COSTS = {"name": 1.4, "leaf": 1.0, "tail": 1.2, "prefix": 1.0, "segment": 1.1, "range": 1.05, "norm": 0.9}
COSTS |= {"type": 1.15, "ndim": 0.95, "names": 1.5}
_LR_COSTS = {"norm": 1.35, "type": 1.5, "ndim": 1.45, "leaf": 1.1, "segment": 1.12}
"""For the lr, places in a model are the better words; for the weight decay, kinds of parameters are."""


class Features:
    """All that a target can say of the parameters of one model."""

    def __init__(
        self, inventory: Inventory, kinds: Kinds, *, conditions: bool = False, all_names: bool = False
    ) -> None:
        """Takes note of a model.

        Args:
            inventory: the model.
            kinds: returns what a target can say of a module's class: ``("norm",)``, or ``("type", NAME)``.
            conditions: whether dimensions can be asked for, and a name together with dimensions or a class.
            all_names: whether the target looks at all names of a tied parameter, or at the first.
        """
        self._kinds, self._conditions = kinds, conditions
        self._visits = [_visits(inventory, index, all_names=all_names) for index in range(len(inventory.parameters))]
        self._masks: dict[Key, int] = defaultdict(int)
        mixed: set[Key] = set()
        for index, visits in enumerate(self._visits):
            sets = [set(self._of(visit)) for visit in visits] or [set()]
            everywhere = set.intersection(*sets)
            mixed |= set.union(*sets) - everywhere
            for key in everywhere:
                self._masks[key] |= 1 << index
        for key in mixed:
            self._masks.pop(key, None)

    def _of(self, visit: Visit) -> Iterator[Key]:
        segments = visit.name.split(".")
        yield ("leaf", segments[-1])
        if len(segments) > 1:
            yield ("tail", ".".join(segments[-2:]))
        for length in range(1, len(segments)):
            yield ("prefix", ".".join(segments[:length]))
        yield from {("segment", s) for s in segments[:-1] if not s.isdigit()}
        yield ("name", visit.name)
        yield from self._kinds(visit.module)
        if self._conditions and visit.ndim <= 1:
            yield from [("ndim", "0|1"), ("ndim", "1")][: visit.ndim + 1]

    def predicates(self, values: Mapping[int, object], *, of_lr: bool) -> list[Predicate]:
        """Returns what may be worth trying to tell these values apart, without repetition.

        Args:
            values: what to tell apart, by parameter; those that do not matter are left out.
            of_lr: whether it is an lr, for which other words come first.
        """
        costs = {**COSTS, **(_LR_COSTS if of_lr else {})}
        single = {**self._masks, **self._ranges(values), **self._folded(values)}
        masks = {(key,): mask for key, mask in single.items()} | self._pairs(single)
        care = sum(1 << index for index in values)
        best: dict[int, Predicate] = {}
        for given, mask in masks.items():
            keys = self._at_root(given)
            cost = sum(costs[key[0]] + 0.004 * sum(map(len, key[1:])) for key in keys)
            cost += 0.5 * any(key[0] == "type" and not key[1].startswith("torch.nn.") for key in keys)
            known = best.get(mask & care)
            if mask & care and (known is None or (cost, keys) < (known.cost, known.keys)):
                best[mask & care] = Predicate(keys, mask, cost)
        return sorted(best.values(), key=lambda each: (each.cost, each.keys))

    def _at_root(self, keys: tuple[Key, ...]) -> tuple[Key, ...]:
        """What only one parameter is called, at the root, is its whole name."""
        (kind, *words), *others = keys
        whole = ("name", *words)
        return (whole,) if kind == "leaf" and not others and self._masks[keys[0]] == self._masks.get(whole) else keys

    def _pairs(self, masks: Mapping[Key, int]) -> dict[tuple[Key, ...], int]:
        """A place and a kind: `backbone.*` and `*.bias`, `blocks.{0..5}.*` and `type: norm`."""
        places, kinds = {"prefix", "range"}, {"leaf"}
        if self._conditions:
            places, kinds = places | {"segment", "leaf"}, kinds | {"norm", "type", "ndim"}
        found: dict[tuple[Key, ...], int] = {}
        for kind, kind_mask in masks.items():
            for place, mask in masks.items() if kind[0] in kinds else ():
                both = mask & kind_mask
                if place[0] not in places or (kind[0] == "leaf" and place[0] in ("segment", "leaf")):
                    continue
                if both and both not in (mask, kind_mask):
                    found[place, kind] = both
        return found

    def _ranges(self, values: Mapping[int, object]) -> dict[Key, int]:
        """Runs of numbered children below one parent that hold the same values: `blocks.{0..5}.*`."""
        children: dict[str, dict[int, int]] = defaultdict(dict)
        for key, mask in self._masks.items():
            parent, _, child = key[1].rpartition(".") if key[0] == "prefix" else ("", "", "")
            if child.isdecimal() and str(int(child)) == child and parent:
                children[parent][int(child)] = mask
        found: dict[Key, int] = {}
        for parent, masks in children.items():
            runs: list[tuple[object, list[int]]] = []
            for number in sorted(masks):
                held = frozenset(str(values[i]) for i in bits(masks[number]) if i in values)
                if runs and runs[-1][0] == held and runs[-1][1][-1] == number - 1:
                    runs[-1][1].append(number)
                else:
                    runs.append((held, [number]))
            for _, run in runs:
                if 1 < len(run) < len(masks):
                    found["range", parent, str(run[0]), str(run[-1])] = union(masks[number] for number in run)
        return found

    def _folded(self, values: Mapping[int, object]) -> dict[Key, int]:
        """The names of equal values as the table folds them: `layer{1..4}.{0,1}.bn{1,2}.weight`."""
        met_once = ((index, self._visits[index][0]) for index in values if len(self._visits[index]) == 1)
        entries = (
            (visit.name, str(values[index]), visit.module.name, index)
            for index, visit in met_once
            if re.fullmatch(r"[\w.]+", visit.name)
        )
        return {
            ("names", entry.name): union(1 << index for index in entry.rows)
            for entry in fold_named(entries)
            if len(entry.rows) > 1
        }

    def exact(self, index: int) -> Predicate:
        """Returns the last resort: all names of one parameter."""
        names = dict.fromkeys(visit.name for visit in self._visits[index])
        return Predicate((("any", *names),), 1 << index, 2.0 * len(names))


def _visits(inventory: Inventory, index: int, *, all_names: bool) -> tuple[Visit, ...]:
    """A parameter under its first name, or under all."""
    parameter, visits = inventory.parameters[index], inventory.visits_of.get(index, ())
    if all_names and parameter.aliases and visits and inventory.listings is None:
        known = {visit.name: visit for visit in visits}
        other = Visit("", "", index, visits[-1].module, (), None, visits[-1].ndim)
        visits = tuple(known.get(name) or other._replace(own=name) for name in parameter.names)
    return visits if all_names else visits[:1]


def bits(mask: int) -> Iterator[int]:
    """Yields the members of a set."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def masks_of(values: Mapping[int, Hashable]) -> dict[Hashable, int]:
    """Returns the set of parameters that have each value."""
    found: dict[Hashable, int] = defaultdict(int)
    for index, value in values.items():
        found[value] |= 1 << index
    return dict(found)


def union(masks: Iterable[int]) -> int:
    """Returns the union of sets."""
    found = 0
    for mask in masks:
        found |= mask
    return found
