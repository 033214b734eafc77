"""Rule chains: the rules of one config, asked in order for each hyperparameter, and explained the same way.

A constructor says what its rules are about, what each gives, and in which order they win. Deciding asks them until each
hyperparameter is decided. Explaining asks all of them, and says of each what it matched, what it gives and what beat
it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pgaudit.constructors.evaluation import BOTH, Computation, Decided, RuleEvaluation
from pgaudit.constructors.rule import Gives, Rule, whole_name
from pgaudit.core.errors import ConfigError
from pgaudit.core.parameters import Visit
from pgaudit.core.setting import Provenance, Setting

Winners = Mapping[str, Rule]
"""The rule that decides, by hyperparameter; what no rule decides is left out."""


class _Asked(NamedTuple):
    """A rule as it is asked, a million times over."""

    rule: Rule
    matches: Callable[[Visit, str], object]
    named: Callable[[str], object] | None
    """What a name is asked for in place of ``matches``; None for a rule that does not go by kinds."""
    decides: int
    """What it decides, as bits."""


def first_wins(winner: Provenance, loser: Provenance) -> str:
    """Says why one rule beats another where nothing but their order counts."""
    return "the first rule that matches wins"


class RuleChains:
    """The rules of one config for one model, ready to be asked once for each occurrence with a parameter."""

    def __init__(
        self,
        rules: Sequence[Rule],
        base: Setting,
        setting: Callable[[Winners, Visit], Setting],
        principle: Callable[[Provenance, Provenance], str] = first_wins,
        *,
        text: Callable[[Visit], str] = whole_name,
        varies: Callable[[Visit], Hashable] | None = None,
        order: Sequence[Rule] | None = None,
        why_base: str = "no rule speaks about it",
    ) -> None:
        """Takes the rules.

        Args:
            rules: in the order of explanations; a base value may be among them, and is shown only where it holds.
            base: what a parameter gets of which no rule speaks.
            setting: returns what a parameter gets, by the rules that won; asked once for each combination.
            principle: says why one rule beats another.
            text: returns what names are searched as.
            varies: returns what else a setting depends on, such as the layer.
            order: the rules as they win, if that is another order.
            why_base: says why the base value holds.
        """
        self.rules = tuple(rules)
        self.base = base
        self.principle = principle
        self.text = text
        self._setting = setting
        self._varies = varies
        self._why_base = why_base
        self._order = tuple(self.rules if order is None else order)
        bits: dict[str, int] = {}  # sets of hyperparameters as numbers, since this is asked a million times
        self._asked = [
            _Asked(rule, rule.matches, None, sum(bits.setdefault(value, 1 << len(bits)) for value in rule.decides))
            for rule in self._order
            if rule.decides
        ]
        self._all = (1 << len(bits)) - 1
        self._of_kind: dict[tuple[int, int], list[_Asked]] | None = {} if any(rule.by_kind for rule in rules) else None
        self._calls = any(rule.called for rule in self.rules)
        self._settings: dict[Hashable, Setting] = {}

    def _won(self, visit: Visit) -> tuple[Rule, ...]:
        """The rules that decide something, as they win."""
        text, left, won = self.text(visit), self._all, []
        for rule, matches, named, decides in self._asked if self._of_kind is None else self._open(visit, self._of_kind):
            if left & decides and (matches(visit, text) if named is None else named(text)):
                won.append(rule)
                left &= ~decides
                if not left:
                    break
        return tuple(won)

    def _open(self, visit: Visit, of_kind: dict[tuple[int, int], list[_Asked]]) -> list[_Asked]:
        """The rules that can match a parameter of this kind; an inventory holds one object a class."""
        kind = id(visit.module), visit.ndim
        found = of_kind.get(kind)
        if found is None:
            named = ((asked, asked.rule.by_kind) for asked in self._asked)
            kept = (asked._replace(named=by(visit.module, visit.ndim)) if by else asked for asked, by in named)
            found = of_kind[kind] = [asked for asked in kept if asked.named or asked.rule.by_kind is None]
        return found

    def winners(self, visit: Visit) -> Winners:
        """Returns the rule that decides each hyperparameter."""
        return self._winners(self._won(visit))

    def _winners(self, won: tuple[Rule, ...]) -> Winners:
        return {value: rule for rule in reversed(won) for value in rule.decides}

    def decide(self, visit: Visit) -> Setting:
        """Returns what a parameter gets; one object for all that get the same by the same rules.

        Raises:
            ConfigError: where the real library would raise.
        """
        won = self._won(visit)
        key: Hashable = won if self._varies is None else (won, self._varies(visit))
        if self._calls:
            key = key, tuple([rule.called(visit) for rule in won if rule.called])
        setting = self._settings.get(key)
        if setting is None:
            setting = self._settings[key] = self._setting(self._winners(won), visit)
        return setting

    def explain(self, visit: Visit, beaten_by: Provenance | None = None) -> Iterator[RuleEvaluation]:
        """Yields how each rule is tried for a parameter, then the base values that hold.

        Args:
            visit: the occurrence with the parameter.
            beaten_by: what leaves it out, or decides, before any rule is asked; then only rules that match are shown.
        """
        text = self.text(visit)
        left_out_by = beaten_by or self.decide(visit).excluded
        winners = {} if left_out_by else self.winners(visit)
        for rule in self._shown(visit, text):
            if beaten_by and not rule.matches(visit, text):
                continue
            if rule.provenance.is_base and rule not in winners.values():
                continue
            tried = self._gives_base(rule, visit, text, winners) if rule.gives_base else None
            if tried or not rule.gives_base:
                yield tried or self._explained(rule, visit, text, winners, left_out_by)
        if left_out_by is None:
            yield from self._base(winners)

    def _shown(self, visit: Visit, text: str) -> Iterator[Rule]:
        """The rules that the library asks about a parameter, as far as they are worth a word."""
        ending = next((rule for rule in self.rules if rule.ends and rule.matches(visit, text)), None)
        for rule in self.rules:
            ended = ending is not None and rule.decides <= ending.decides
            if rule is ending or not (rule.ends or ended):
                yield rule

    def _explained(
        self, rule: Rule, visit: Visit, text: str, winners: Winners, left_out_by: Provenance | None
    ) -> RuleEvaluation:
        why, searched = rule.says(visit, text), None if rule.spans is None else text
        if not rule.matches(visit, text):
            return RuleEvaluation(rule.provenance, False, why, text=searched)
        if rule.provenance is left_out_by:
            return RuleEvaluation(rule.provenance, True, why, (), BOTH)
        provenance = rule.provenance if rule.called is None else rule.called(visit)
        products = tuple(_computed(value, gives, visit) for value, gives in rule.gives.items())
        decides = frozenset(value for value in rule.gives if winners.get(value) is rule)
        beaten = left_out_by or (None if decides else self._winner(rule, winners))
        principle = self.principle(beaten, provenance) if beaten else None
        if not decides and not beaten:  # what it decides beside lr and weight decay, words say
            return RuleEvaluation(provenance, True, why, products)
        spans = () if rule.spans is None else rule.spans(text)
        return RuleEvaluation(provenance, True, why, products, decides, beaten, principle, searched, spans)

    def _winner(self, rule: Rule, winners: Winners) -> Provenance | None:
        """What decides in place of a rule that matches; None where it decides all that it could."""
        lost = [value for value in (*rule.gives, *sorted(rule.also)) if winners[value] is not rule]
        return winners[lost[0]].provenance if lost and (rule.gives or len(lost) == len(rule.decides)) else None

    def _gives_base(self, rule: Rule, visit: Visit, text: str, winners: Winners) -> RuleEvaluation | None:
        """Shown only where it bars a later rule."""
        later = self._order[self._order.index(rule) + 1 :]
        bars = any(not other.gives_base and not other.decides.isdisjoint(rule.decides) for other in later)
        if not bars or rule not in winners.values():
            return None
        why = f"{rule.says(visit, text)}; not given, and takes it all the same: no later option gets its turn"
        return RuleEvaluation(rule.provenance, True, why)

    def _base(self, winners: Winners) -> Iterator[RuleEvaluation]:
        for value in sorted(BOTH):
            winner, holds = winners.get(value), self.base.provenance(value)
            if holds and not (winner and winner.sets(value)):
                product = Computation(value, self.base.get(value))
                yield RuleEvaluation(holds, True, self._why_base, (product,), frozenset({value}))


def no_rules(base: Setting, why_base: str = "no rule speaks about it") -> RuleChains:
    """Returns the base values, for all parameters."""
    return RuleChains((), base, lambda won, visit: base, why_base=why_base)


def _computed(value: Decided, gives: Gives, visit: Visit) -> Computation:
    try:
        return gives(visit)
    except ConfigError:  # of a rule that loses: the library never gets so far
        return Computation(value, None)
