"""Finds a short list of rules that gives every parameter its value: each rule gives one value to what it is about, and
later rules override earlier ones.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from pgaudit.convert.features import Features, Predicate

_CAUTION = (1.0, 2.5, 1e9)
"""What a parameter that a rule takes wrongly, and a later one must mend, costs against one that it takes rightly."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One rule."""

    predicate: Predicate
    value: Hashable


def rules_for(
    values: Mapping[int, Hashable], base: Hashable, features: Features, *, of_lr: bool = False
) -> list[Chosen]:
    """Returns the rules.

    Args:
        values: the value of each parameter that matters, by its index.
        base: what a parameter has without a rule.
        features: in which words rules can be written.
        of_lr: see :meth:`Features.predicates`.
    """
    if all(value == base for value in values.values()):
        return []
    predicates = features.predicates(values, of_lr=of_lr)
    wanted: dict[Hashable, int] = {}
    for index, value in values.items():
        wanted[value] = wanted.get(value, 0) | 1 << index
    found = [_Search(wanted, base, predicates, features, caution).run() for caution in _CAUTION]
    found += _staged(wanted, base, predicates)
    return min((_pruned(rules, wanted, base) for rules in found), key=_length)


def _staged(wanted: Mapping[Hashable, int], base: Hashable, predicates: Sequence[Predicate]) -> Iterator[list[Chosen]]:
    """One value after the other, in every order: a rule may take what a later value gets, and nothing else."""
    if len(wanted) > _MOST_ORDERS:
        return
    for order in permutations(wanted):
        found: list[Chosen] = []
        for place, value in enumerate(order):
            allowed = sum(wanted[other] for other in order[place:])
            lacking = wanted[value] & (_taken(found) if value == base else -1)
            rules = _cover(value, lacking, allowed, predicates)
            if rules is None:
                break
            found += rules
        else:
            yield found


def _taken(rules: Sequence[Chosen]) -> int:
    taken = 0
    for rule in rules:
        taken |= rule.predicate.mask
    return taken


def _cover(value: Hashable, lacking: int, allowed: int, predicates: Sequence[Predicate]) -> list[Chosen] | None:
    """Rules of one value that take all that lacks it, and nothing that is not allowed; None if there are none."""
    fitting = [each for each in predicates if not each.mask & ~allowed and each.mask & lacking]
    found = []
    while lacking:
        best = max(fitting, key=lambda each: ((each.mask & lacking).bit_count(), -each.cost), default=None)
        if best is None or not best.mask & lacking:
            return None
        found.append(Chosen(best, value))
        lacking &= ~best.mask
    return found


_MOST_ORDERS = 4
"""Values of which all orders are tried."""


class _Search:
    """Takes, step by step, the rule that sets most parameters right."""

    def __init__(
        self,
        wanted: Mapping[Hashable, int],
        base: Hashable,
        predicates: Sequence[Predicate],
        features: Features,
        caution: float,
    ) -> None:
        self._wanted = wanted
        self._all = sum(wanted.values())
        self._predicates = predicates
        self._features = features
        self._caution = caution
        self._right = wanted.get(base, 0)

    def run(self) -> list[Chosen]:
        found = []
        while wrong := self._all & ~self._right:
            chosen = self._best() or self._last_resort(wrong)
            found.append(chosen)
            taken = chosen.predicate.mask
            self._right = (self._right & ~taken) | (taken & self._wanted[chosen.value])
        return found

    def _best(self) -> Chosen | None:
        best: Chosen | None = None
        most = 0.0
        for value, mask in self._wanted.items():
            lacking = mask & ~self._right
            spoiled = self._right & ~mask
            for predicate in self._predicates if lacking else ():
                gain = (predicate.mask & lacking).bit_count()
                if gain <= most:
                    continue
                damage = (predicate.mask & spoiled).bit_count()
                score = gain - self._caution * damage
                # Among equals the first is the plainest: predicates stand in that order.
                if score > most or (score == most and best and predicate.cost < best.predicate.cost):
                    best, most = Chosen(predicate, value), score
        return best

    def _last_resort(self, wrong: int) -> Chosen:
        index = (wrong & -wrong).bit_length() - 1
        value = next(value for value, mask in self._wanted.items() if mask >> index & 1)
        return Chosen(self._features.exact(index), value)


def _holds(rules: Sequence[Chosen], wanted: Mapping[Hashable, int], base: Hashable) -> bool:
    everything = sum(wanted.values())
    right = wanted.get(base, 0)
    for rule in rules:
        taken = rule.predicate.mask
        right = (right & ~taken) | (taken & wanted[rule.value])
    return right & everything == everything


def _pruned(rules: list[Chosen], wanted: Mapping[Hashable, int], base: Hashable) -> list[Chosen]:
    """Drops the rules that later ones have made needless."""
    for rule in list(rules):
        fewer = [each for each in rules if each is not rule]
        if _holds(fewer, wanted, base):
            rules = fewer
    return rules


def _length(rules: Sequence[Chosen]) -> float:
    return sum(rule.predicate.cost for rule in rules) + 0.5 * len(rules)
