"""Which parameters each rule of a config matches, and which it decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgaudit.constructors import Decisions
from pgaudit.constructors.patterns import Pattern
from pgaudit.core.parameters import Inventory, Visit


@dataclass(frozen=True)
class Hits:
    """One rule's reach."""

    pattern: Pattern
    matched: tuple[Visit, ...]
    """Every occurrence with a parameter that it matches, tied ones under each name, frozen ones too."""
    decided: tuple[int, ...]
    """The parameters of which it decides the lr, the weight decay, or what else stands in their group."""


def hits_of(
    inventory: Inventory, patterns: Sequence[Pattern], assignment: Decisions, first_visits: Sequence[Visit | None]
) -> tuple[Hits, ...]:
    """Returns the hits of each pattern.

    A rule is told by its place in the config, since two may have one name (BaseCls allows a pattern twice).
    """
    decided: dict[int, list[int]] = {number: [] for number in range(len(patterns))}
    numbers = {pattern.rule: number for number, pattern in reversed(list(enumerate(patterns)))}
    of_setting: dict[int, list[list[int]]] = {}
    for index, (setting, _) in enumerate(assignment.params):
        members = of_setting.get(id(setting))
        if members is None:  # parameters share settings
            members = of_setting[id(setting)] = [decided[numbers[rule]] for rule in setting.rules if rule in numbers]
        for each in members:
            each.append(index)
    return tuple(
        Hits(
            pattern,
            tuple(visit for visit in inventory.visits if pattern.find(visit) is not None),
            tuple(decided[number]),
        )
        for number, pattern in enumerate(patterns)
    )
