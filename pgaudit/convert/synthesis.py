"""Finds a short list of rules that gives every parameter its value: each rule gives one value to what it is about, and
later rules override earlier ones.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import NamedTuple

from pgaudit.convert.features import Features, Predicate, bits, masks_of, union

CAUTION = (1.0, 2.5, 1e9)
"""What a parameter that a rule takes wrongly, and a later one must correct, costs against one that it takes rightly."""
_MOST_ORDERS = 4
"""Values of which all orders are tried."""


class Chosen(NamedTuple):
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
    wanted = masks_of(values)
    found = [_greedy(wanted, base, predicates, features, caution) for caution in CAUTION]
    found += _staged(wanted, base, predicates)
    return min((_pruned(rules, wanted, base) for rules in found), key=_length)


def _staged(wanted: Mapping[Hashable, int], base: Hashable, predicates: Sequence[Predicate]) -> Iterator[list[Chosen]]:
    """One value after the other, in every order: a rule may take what a later value gets, and nothing else."""
    for order in permutations(wanted) if len(wanted) <= _MOST_ORDERS else ():
        found: list[Chosen] = []
        for place, value in enumerate(order):
            allowed = union(wanted[other] for other in order[place:])
            taken = union(rule.predicate.mask for rule in found)
            rules = _cover(value, wanted[value] & (taken if value == base else -1), allowed, predicates)
            if rules is None:
                break
            found += rules
        else:
            yield found


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


def _greedy(
    wanted: Mapping[Hashable, int], base: Hashable, predicates: Sequence[Predicate], features: Features, caution: float
) -> list[Chosen]:
    """Takes, step by step, the rule that sets most parameters right; at last, one parameter by its name."""
    found: list[Chosen] = []
    everything, right = union(wanted.values()), wanted.get(base, 0)
    while wrong := everything & ~right:
        chosen = _best(wanted, right, predicates, caution)
        if chosen is None:
            index = next(bits(wrong))
            chosen = Chosen(features.exact(index), next(v for v, mask in wanted.items() if mask >> index & 1))
        found.append(chosen)
        right = _after(right, chosen, wanted)
    return found


def _best(wanted: Mapping[Hashable, int], right: int, predicates: Sequence[Predicate], caution: float) -> Chosen | None:
    best, most = None, 0.0
    for value, mask in wanted.items():
        lacking, spoiled = mask & ~right, right & ~mask
        for predicate in predicates if lacking else ():
            gain = (predicate.mask & lacking).bit_count()
            if gain <= most:
                continue
            score = gain - caution * (predicate.mask & spoiled).bit_count()
            # Among equals the first is the plainest: predicates stand in that order.
            if score > most or (score == most and best and predicate.cost < best.predicate.cost):
                best, most = Chosen(predicate, value), score
    return best


def _after(right: int, rule: Chosen, wanted: Mapping[Hashable, int]) -> int:
    """The parameters that have their values after one more rule, of those that had them before."""
    taken = rule.predicate.mask
    return (right & ~taken) | (taken & wanted[rule.value])


def _pruned(rules: list[Chosen], wanted: Mapping[Hashable, int], base: Hashable) -> list[Chosen]:
    """Drops the rules that later ones have made needless."""
    everything = union(wanted.values())
    for rule in list(rules):
        fewer = [each for each in rules if each is not rule]
        right = wanted.get(base, 0)
        for each in fewer:
            right = _after(right, each, wanted)
        if not everything & ~right:
            rules = fewer
    return rules


def _length(rules: Sequence[Chosen]) -> float:
    return sum(rule.predicate.cost for rule in rules) + 0.5 * len(rules)
