"""Finds a short list of rules that gives every parameter its value: each rule gives one value to what it is about, and
some override others.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

from pgaudit.convert.predicates import Predicate, bits, masks_of, union


class Chosen(NamedTuple):
    """One rule."""

    rank: int
    """It overrides those of lower ranks."""
    predicate: Predicate
    value: Hashable


_CAUTION = (1.0, 1e9)
"""What a parameter that a rule sets wrong, and another must correct, costs against one that it sets right."""


def rules_for(
    values: Mapping[int, Hashable], right: int, predicates: Sequence[Predicate], last_resort: Callable[[int], Predicate]
) -> list[Chosen]:
    """Returns the rules, as they were found.

    Step by step the one is taken that sets most parameters right; then those are dropped that others made needless.

    Args:
        values: the value of each parameter that matters, by its index.
        right: the parameters that have it without a rule.
        predicates: what rules can be about, the plainest words first.
        last_resort: returns what a rule is about where none of these leads on, for one of some parameters.
    """
    wanted = masks_of(values)
    found = []
    for caution in _CAUTION:
        rules: list[Chosen] = []
        while wrong := union(wanted.values()) & ~_after(rules, wanted, right):
            best = _best(wanted, wrong, predicates, rules, caution)
            if best is None:
                last = last_resort(wrong)
                rank = _above_and_below(rules)[0] if last.rank is None else last.rank
                best = Chosen(rank, last, values[next(bits(last.mask & wrong))])
            rules.append(best)
        found.append(_pruned(rules, wanted, right))
    return min(found, key=lambda rules: sum(1 + len(rule.predicate.conditions) for rule in rules))


def _after(rules: Sequence[Chosen], wanted: Mapping[Hashable, int], right: int) -> int:
    """The parameters that have their values under some rules, of those that have them without a rule."""
    for rule in sorted(rules, key=lambda rule: rule.rank):
        right = (right & ~rule.predicate.mask) | (rule.predicate.mask & wanted[rule.value])
    return right


def _best(
    wanted: Mapping[Hashable, int], wrong: int, predicates: Sequence[Predicate], rules: Sequence[Chosen], caution: float
) -> Chosen | None:
    """The rule that sets most parameters right, less those that it sets wrong; of equals, the one that takes the fewest
    that need another value, in the plainest words.
    """
    best, most = None, 0.0
    overriding: dict[int, int] = {}
    for value, mask in wanted.items():
        lacking = mask & wrong
        for predicate in predicates if lacking else ():
            if (predicate.mask & lacking).bit_count() <= most:
                continue
            for rank in _above_and_below(rules) if predicate.rank is None else (predicate.rank,):
                if rank not in overriding:
                    overriding[rank] = union(rule.predicate.mask for rule in rules if rule.rank >= rank)
                taken = predicate.mask & ~overriding[rank]
                score = (taken & lacking).bit_count() - caution * (taken & ~mask & ~wrong).bit_count()
                score -= (taken & ~mask & wrong).bit_count() / (wrong.bit_count() + 1)
                if score > most:
                    best, most = Chosen(rank, predicate, value), score
    return best


def _above_and_below(rules: Sequence[Chosen]) -> tuple[int, int]:
    ranks = [rule.rank for rule in rules]
    return max(ranks, default=0) + 1, min(ranks, default=0) - 1


def _pruned(rules: list[Chosen], wanted: Mapping[Hashable, int], right: int) -> list[Chosen]:
    for rule in list(rules):
        fewer = [each for each in rules if each is not rule]
        if not union(wanted.values()) & ~_after(fewer, wanted, right):
            rules = fewer
    return rules
