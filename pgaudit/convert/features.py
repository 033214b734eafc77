"""What can be said of parameters in order to tell them apart: names, classes, dimensions, and sets of these.

A set of parameters is an ``int`` with a bit for each. A tied parameter belongs to a feature only if it has it under
each of its names; a feature that it has under some of them is left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pgaudit.core.parameters import Inventory, ModuleType, Visit
from pgaudit.names import fold_named

Key = tuple[str, ...]
"""A kind of feature, and what it is: ``("leaf", "bias")``, ``("prefix", "layer1.0")``, ``("type", "torch...")``."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """A set of parameters, and in which words it is chosen."""

    keys: tuple[Key, ...]
    """All of these hold."""
    mask: int
    cost: float = field(compare=False)


@dataclass(frozen=True)
class Vocabulary:
    """What a target can say about parameters."""

    is_norm: Callable[[ModuleType], bool] | None = None
    types: Callable[[ModuleType], Iterable[str]] = lambda module: ()
    """Returns the classes, by qualified name, that may be named of a module's."""
    ndims: bool = False
    both: bool = False
    """Whether a name and a class, or a name and dimensions, can be asked for together."""


@dataclass(frozen=True)
class Subject:
    """One parameter, under all the names by which a target meets it."""

    views: tuple[Visit, ...]


def subjects(inventory: Inventory, *, all_names: bool) -> list[Subject]:
    """Returns the parameters; with only their first names, or with all."""
    found = []
    for index, parameter in enumerate(inventory.parameters):
        visits = inventory.visits_of.get(index, ())
        if all_names and parameter.aliases and visits and inventory.listings is None:
            known = {visit.name: visit for visit in visits}
            names = (parameter.name, *parameter.aliases)
            visits = tuple(
                known.get(name) or Visit("", name, index, visits[-1].module, (), None, visits[-1].ndim)
                for name in names
            )
        found.append(Subject(visits[: None if all_names else 1]))
    return found


COSTS = {"name": 1.4, "leaf": 1.0, "tail": 1.2, "prefix": 1.0, "segment": 1.1, "range": 1.05, "norm": 0.9}
COSTS |= {"type": 1.15, "ndim": 0.95, "names": 1.5}
_LR_COSTS = {"norm": 1.35, "type": 1.5, "ndim": 1.45, "leaf": 1.1, "segment": 1.12}
"""For the lr, places in a model are the better words; for the weight decay, kinds of parameters are."""


class Features:
    """All predicates of one vocabulary over one model."""

    def __init__(self, of: Sequence[Subject], vocabulary: Vocabulary) -> None:
        self._subjects = of
        self._vocabulary = vocabulary
        self._masks: dict[Key, int] = defaultdict(int)
        mixed: set[Key] = set()
        for index, subject in enumerate(of):
            sets = [set(self._of(view)) for view in subject.views]
            if not sets:
                continue
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
        vocabulary = self._vocabulary
        if vocabulary.is_norm is not None and vocabulary.is_norm(visit.module):
            yield ("norm",)
        yield from (("type", name) for name in vocabulary.types(visit.module))
        if vocabulary.ndims and visit.ndim <= 1:
            yield ("ndim", "0|1")
            if visit.ndim == 1:
                yield ("ndim", "1")

    def predicates(self, values: Mapping[int, object], *, of_lr: bool) -> list[Predicate]:
        """Returns what may be worth trying to tell these values apart, without repetition.

        Args:
            values: what to tell apart, by parameter; those that do not matter are left out.
            of_lr: whether it is an lr, for which other words come first.
        """
        costs = {**COSTS, **(_LR_COSTS if of_lr else {})}
        masks: dict[tuple[Key, ...], int] = {(key,): mask for key, mask in self._masks.items()}
        masks |= {(key,): mask for key, mask in self._ranges(values).items()}
        masks |= {(key,): mask for key, mask in self._folded(values).items()}
        masks |= self._pairs(masks)
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

    def _pairs(self, masks: Mapping[tuple[Key, ...], int]) -> dict[tuple[Key, ...], int]:
        """A place and a kind: `backbone.*` and `*.bias`, `blocks.{0..5}.*` and `type: norm`."""
        both_kinds = self._vocabulary.both
        kinds = {"leaf", "norm", "type", "ndim"} if both_kinds else {"leaf"}
        words = {"prefix", "range", "segment", "leaf"} if both_kinds else {"prefix", "range"}
        places = [(key, mask) for (key,), mask in masks.items() if key[0] in words]
        found: dict[tuple[Key, ...], int] = {}
        for kind, kind_mask in [(key, mask) for (key,), mask in masks.items() if key[0] in kinds]:
            for place, mask in places:
                both = mask & kind_mask
                if (
                    both
                    and both not in (mask, kind_mask)
                    and not (place[0] in ("segment", "leaf") and kind[0] == "leaf")
                ):
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
                held = frozenset(str(values[i]) for i in _bits(masks[number]) if i in values)
                if runs and runs[-1][0] == held and runs[-1][1][-1] == number - 1:
                    runs[-1][1].append(number)
                else:
                    runs.append((held, [number]))
            for _, run in runs:
                if 1 < len(run) < len(masks):
                    found["range", parent, str(run[0]), str(run[-1])] = _union(masks[number] for number in run)
        return found

    def _folded(self, values: Mapping[int, object]) -> dict[Key, int]:
        """The names of equal values as the table folds them: `layer{1..4}.{0,1}.bn{1,2}.weight`."""
        plain = [
            (index, self._subjects[index].views[0])
            for index in values
            if len(self._subjects[index].views) == 1 and re.fullmatch(r"[\w.]+", self._subjects[index].views[0].name)
        ]
        entries = ((view.name, str(values[index]), view.module.name, index) for index, view in plain)
        return {
            ("names", entry.name): _union(1 << index for index in entry.rows)
            for entry in fold_named(entries)
            if len(entry.rows) > 1
        }

    def exact(self, index: int) -> Predicate:
        """Returns the last resort: all names of one parameter."""
        names = dict.fromkeys(view.name for view in self._subjects[index].views)
        return Predicate((("any", *names),), 1 << index, 2.0 * len(names))


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _union(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found
