"""In which words parameters can be chosen: names, classes, dimensions, and two of these together.

A set of parameters is an ``int`` with a bit for each. A tied parameter belongs to a condition only if that holds under
each of its names; what holds under some of them only is left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Literal, NamedTuple

from pgaudit.core.parameters import ModuleType, Visit
from pgaudit.names import escaped, fold_named

Kind = Literal["is", "starts", "ends", "holds", "norm", "type", "ndim"]
"""That a name is, starts with, ends with or holds some segments; a norm's; of a class; of so many dimensions."""


class Condition(NamedTuple):
    """One thing that can be said of a parameter."""

    kind: Kind
    texts: tuple[str, ...] = ()
    """Any of these: folded names, such as ``blocks.{0..5}``; or a qualified class; or ``1`` or ``0|1`` dimensions."""

    @property
    def by_name(self) -> bool:
        """Whether it is about the name."""
        return self.kind in ("is", "starts", "ends", "holds")


@dataclass(frozen=True, slots=True)
class Predicate:
    """A set of parameters, and in which words it is chosen."""

    conditions: tuple[Condition, ...]
    """All of these hold; what is said of the place in the model stands first."""
    mask: int
    rank: int | None = None
    """What decides whether it overrides another one; None where the place in a list does."""

    @property
    def names(self) -> tuple[Condition, ...]:
        """What it says of the name."""
        return tuple(each for each in self.conditions if each.by_name)

    @property
    def kinds(self) -> tuple[Condition, ...]:
        """What it says of the class and the dimensions."""
        return tuple(each for each in self.conditions if not each.by_name)


_COSTS = {"is": 1.4, "starts": 1.0, "ends": 1.0, "holds": 1.1, "norm": 0.9, "type": 1.15, "ndim": 0.95}


class Vocabulary:
    """All that a target can say of the parameters of one model."""

    def __init__(
        self,
        views: Sequence[Sequence[Visit]],
        kinds: Callable[[ModuleType], Iterable[Condition]],
        *,
        conditions: bool = False,
    ) -> None:
        """Takes note of a model.

        Args:
            views: each parameter under the names that the target looks at.
            kinds: returns what a target can say of a module's class.
            conditions: whether dimensions can be asked for, and a name together with dimensions or a class.
        """
        self._kinds, self._conditions, self._views = kinds, conditions, views
        self._short: dict[int, tuple[int, int]] = {}
        self._masks: dict[Condition, int] = defaultdict(int)
        mixed: set[Condition] = set()
        for index, visits in enumerate(views):
            sets = [set(self._of(visit)) for visit in visits] or [set()]
            everywhere = set.intersection(*sets)
            mixed |= set.union(*sets) - everywhere
            for condition in everywhere:
                self._masks[condition] |= 1 << index
        for condition in mixed:
            self._masks.pop(condition, None)
        for kind, texts in [each for each in self._masks if each.kind == "ends"]:  # at the root, that is the whole name
            if self._masks.get(Condition("is", texts)) == self._masks[Condition(kind, texts)]:
                del self._masks[Condition(kind, texts)]

    def _of(self, visit: Visit) -> Iterator[Condition]:
        segments = [escaped(segment) for segment in visit.name.split(".")]
        yield Condition("ends", (segments[-1],))
        if len(segments) > 1:
            yield Condition("ends", (".".join(segments[-2:]),))
        for length in range(1, len(segments)):
            yield Condition("starts", (".".join(segments[:length]),))
        yield Condition("is", (".".join(segments),))
        yield from (Condition("holds", (segment,)) for segment in segments[:-1] if not segment.isdigit())
        yield from self._kinds(visit.module)
        if self._conditions and visit.ndim <= 1:
            yield from [Condition("ndim", ("0|1",)), Condition("ndim", ("1",))][: visit.ndim + 1]

    def predicates(self, values: Mapping[int, Hashable]) -> list[Predicate]:
        """Returns what may be worth trying to tell these values apart, cheapest first, each set but once.

        Those that do not matter have no value.
        """
        single = {**self._masks, **self._folded(values)}
        masks = {(condition,): mask for condition, mask in single.items()} | self._pairs(single)
        care = sum(1 << index for index in values)
        best: dict[int, tuple[float, tuple[Condition, ...]]] = {}
        for conditions, mask in masks.items():
            if mask & care:
                words = sum(map(_cost, conditions)), conditions
                best[mask & care] = min(words, best.get(mask & care, words))
        return [Predicate(conditions, masks[conditions]) for _, conditions in sorted(best.values())]

    def _pairs(self, masks: Mapping[Condition, int]) -> dict[tuple[Condition, ...], int]:
        """A place and a kind: `backbone.*` and `*.bias`, `blocks.{0..5}.*` and `type: norm`."""
        kinds = ("ends", "norm", "type", "ndim") if self._conditions else ("ends",)
        found: dict[tuple[Condition, ...], int] = {}
        for kind, kind_mask in masks.items():
            for place, mask in masks.items() if kind.kind in kinds else ():
                both = mask & kind_mask
                is_place = place.kind == "starts" or (place.kind in ("holds", "ends") and kind.kind != "ends")
                if is_place and kind.kind == "ends" and both:
                    both = self._apart(both, place, kind)
                if is_place and both and both not in (mask, kind_mask):
                    found[place, kind] = both
        return found

    def _apart(self, mask: int, start: Condition, end: Condition) -> int:
        """Those of a set of which no name is so short that its start and its end share a segment: `a.b` starts with
        `a`, ends with `a.b`, and is no `a.*.a.b`. None where only some names of a tied parameter are.
        """
        shortest = _segments(start) + _segments(end)
        some, every = self._shorter(shortest)
        return 0 if mask & some & ~every else mask & ~every

    def _shorter(self, count: int) -> tuple[int, int]:
        """The parameters of which any name, and those of which every name, has fewer segments."""
        if count not in self._short:
            names = [[visit.name.count(".") + 1 < count for visit in visits] for visits in self._views]
            self._short[count] = (
                union(1 << index for index, short in enumerate(names) if any(short)),
                union(1 << index for index, short in enumerate(names) if short and all(short)),
            )
        return self._short[count]

    def _folded(self, values: Mapping[int, Hashable]) -> dict[Condition, int]:
        """Names and places of equal values as the table folds them: `layer{1..4}.{0,1}.bn{1,2}.weight`."""
        found: dict[Condition, int] = {}
        kinds: tuple[Kind, Kind] = "starts", "is"
        for kind in kinds:
            entries = (
                (texts[0], self._alike(mask, values), (), mask)
                for (of, texts), mask in self._masks.items()
                if of == kind and len(texts) == 1 and re.fullmatch(r"[\w.]+", texts[0])
            )
            found |= {
                Condition(kind, (folded.name,)): union(folded.rows)
                for folded in fold_named(entries)
                if len(folded.rows) > 1
            }
        return found

    def exact(self, mask: int) -> Predicate:
        """Returns the last resort: all names of one of some parameters."""
        index = next(bits(mask))
        names = tuple(dict.fromkeys(escaped(visit.name) for visit in self._views[index]))
        return Predicate((Condition("is", names),), 1 << index)

    def _alike(self, mask: int, values: Mapping[int, Hashable]) -> Hashable:
        module = self._views[next(bits(mask))][0].module.name if mask & (mask - 1) == 0 else None
        return frozenset(str(values[index]) for index in bits(mask) if index in values), module


def _cost(condition: Condition) -> float:
    """Short is better, and so is what is said often; a class of somebody's own is the last resort."""
    found = 0.0
    for text in condition.texts or ("",):
        found += _COSTS[condition.kind] + 0.004 * len(text) + 0.05 * ("{" in text)
        found += 0.2 * (condition.kind == "ends" and "." in text)
        found += 0.5 * (condition.kind == "type" and not text.startswith("torch.nn."))
    return found


def _segments(condition: Condition) -> int:
    """How many segments the one text has of a condition that is about a start or an end; a fold is within one."""
    return re.sub(r"\{[^{}]*\}", "", condition.texts[0]).count(".") + 1


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
    return reduce(or_, masks, 0)
