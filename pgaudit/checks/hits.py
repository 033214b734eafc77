"""Which parameters each rule of a config matches, and which it decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    matched = _matched(inventory.visits, patterns)
    return tuple(
        Hits(pattern, visits, tuple(decided[number]))
        for number, (pattern, visits) in enumerate(zip(patterns, matched, strict=True))
    )


def _matched(visits: Sequence[Visit], patterns: Sequence[Pattern]) -> Iterator[tuple[Visit, ...]]:
    """Yields what each pattern matches; a text that several search is made once."""
    texts: dict[object, list[str]] = {}
    for pattern in patterns:
        searched, in_text = pattern.searched, pattern.in_text
        if searched is None or in_text is None:
            yield tuple([visit for visit in visits if pattern.find(visit) is not None])
            continue
        if searched not in texts:
            texts[searched] = [searched(visit) for visit in visits]
        pairs = zip(visits, texts[searched], strict=True)
        yield tuple([visit for visit, text in pairs if in_text(text) is not None])
