"""What parameters train with as a list of rules, of which later ones override what they state: few, and in the plainest
words.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from pgaudit.convert.predicates import Predicate, Vocabulary, union
from pgaudit.convert.search import Chosen, rules_for

ABSENT = "\0absent"
"""Stands for a setting that the group does not have, which is that of the optimizer's class."""

IN_OPTIMIZER = "in"
"""Stands for whether parameters are in the optimizer, beside the hyperparameters' names."""

_LONGEST = 70
"""Letters of names in one rule."""


@dataclass
class LayeredRule:
    """One rule, as far as it has been written: to whom, and what."""

    predicates: list[Predicate]
    """Any of these holds."""
    says: dict[str, Hashable] = field(default_factory=dict)
    """What they are to have, by hyperparameter; or :data:`IN_OPTIMIZER`."""

    @property
    def mask(self) -> int:
        """Whom the rule is about."""
        return union(predicate.mask for predicate in self.predicates)


def layered_rules(
    wanted: Mapping[int, Mapping[str, Hashable] | None], base: Mapping[str, Hashable], vocabulary: Vocabulary
) -> list[LayeredRule]:
    """Returns the rules: for what is left out, for the base's hyperparameters, and for each other one.

    Args:
        wanted: what each parameter trains with about which rules are asked; None for those in no group.
        base: what parameters have of which no rule speaks.
        vocabulary: in which words rules are written.
    """
    rules = _of_one(IN_OPTIMIZER, {index: held is not None for index, held in wanted.items()}, True, vocabulary)
    trained = {index: held for index, held in wanted.items() if held is not None}
    for name in dict.fromkeys([*base, *(name for held in trained.values() for name in held)]):
        values = {index: held.get(name, ABSENT) for index, held in trained.items()}
        rules = _woven(rules, _of_one(name, values, base.get(name, ABSENT), vocabulary))
    return rules


def smallest_base(
    wanted: Mapping[int, Mapping[str, Hashable]], bases: Mapping[str, Sequence[float]], vocabulary: Vocabulary
) -> dict[str, float]:
    """Returns the base value of each hyperparameter that leaves the fewest rules for it; of equals, the first.

    Args:
        wanted: what each parameter trains with.
        bases: the values that may be tried, by hyperparameter.
        vocabulary: in which words rules are written.
    """

    def count(name: str, base: float) -> int:
        return len(_of_one(name, {index: held[name] for index, held in wanted.items()}, base, vocabulary))

    return {
        name: min(tried, key=lambda base: count(name, base)) if len(tried) > 1 else tried[0]
        for name, tried in bases.items()
    }


def _of_one(name: str, values: Mapping[int, Hashable], base: Hashable, vocabulary: Vocabulary) -> list[LayeredRule]:
    """The rules for one hyperparameter; those of one value become one, where no rule between them minds."""
    rules: list[LayeredRule] = []
    for chosen in chosen_rules(values, base, vocabulary):
        for earlier in reversed(rules):
            is_equal = earlier.says[name] == chosen.value
            if is_equal and _may_join([*earlier.predicates, chosen.predicate]):
                earlier.predicates.append(chosen.predicate)
                break
            if not is_equal and earlier.mask & chosen.predicate.mask:
                rules.append(LayeredRule([chosen.predicate], {name: chosen.value}))
                break
        else:
            rules.append(LayeredRule([chosen.predicate], {name: chosen.value}))
    for rule in rules:
        rule.predicates.sort(key=lambda predicate: predicate.mask & -predicate.mask)  # as they stand in the model
    return rules


def chosen_rules(values: Mapping[int, Hashable], base: Hashable, vocabulary: Vocabulary) -> list[Chosen]:
    """Returns rules for the values of one hyperparameter, later ones overriding earlier ones."""
    right = union(1 << index for index, value in values.items() if value == base)
    if right.bit_count() == len(values):
        return []
    found = rules_for(values, right, vocabulary.predicates(values), vocabulary.exact)
    return sorted(found, key=lambda rule: rule.rank)


def _may_join(predicates: Sequence[Predicate]) -> bool:
    """Names go with names, in a line that is not too long; a class or dimensions stand for themselves."""
    letters = sum(len("".join(condition.texts)) for each in predicates for condition in each.conditions)
    return letters < _LONGEST and not any(each.kinds for each in predicates)


def _woven(first: list[LayeredRule], second: list[LayeredRule]) -> list[LayeredRule]:
    """Both lists in one, each in its order, and rules about the same parameters as one."""
    woven: list[LayeredRule] = []
    rest = list(second)
    for rule in first:
        same = next((i for i, other in enumerate(rest) if other.predicates == rule.predicates), None)
        if same is not None and rule.says.get(IN_OPTIMIZER) is not False:  # what is left out says nothing else
            woven += rest[:same]
            rule.says |= rest[same].says
            rest = rest[same + 1 :]
        woven.append(rule)
    return woven + rest
