"""Which parameters each rule of a config matches, and which it decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pgaudit.constructors import Decisions
from pgaudit.constructors.rule import Rule
from pgaudit.core.parameters import Inventory, Visit


@dataclass(frozen=True)
class Hits:
    """One rule's reach."""

    rule: Rule
    matched: tuple[Visit, ...]
    """Every occurrence with a parameter that it matches, tied ones under each name, frozen ones too."""
    decided: tuple[int, ...]
    """The parameters of which it decides the lr, the weight decay, or what else stands in their group."""


def hits_of(
    inventory: Inventory, rules: Sequence[Rule], text: Callable[[Visit], str], assignment: Decisions
) -> tuple[Hits, ...]:
    """Returns the hits of each rule.

    A rule is told by its place in the config, since two may have one name (BaseCls allows a pattern twice).

    Args:
        inventory: the model.
        rules: in the order in which they are tried.
        text: what names are searched as.
        assignment: what was decided.
    """
    decided: dict[int, list[int]] = {number: [] for number in range(len(rules))}
    numbers = {rule.provenance: number for number, rule in reversed(list(enumerate(rules)))}
    of_setting: dict[int, list[list[int]]] = {}
    for index, (setting, _) in enumerate(assignment.params):
        members = of_setting.get(id(setting))
        if members is None:  # parameters share settings
            members = of_setting[id(setting)] = [decided[numbers[rule]] for rule in setting.rules if rule in numbers]
        for each in members:
            each.append(index)
    searched = [(visit, text(visit)) for visit in inventory.visits] if rules else []
    return tuple(
        Hits(rule, tuple([visit for visit, name in searched if matches(visit, name)]), tuple(decided[number]))
        for number, rule in enumerate(rules)
        for matches in [rule.matches]
    )
