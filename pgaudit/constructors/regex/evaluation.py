"""How the lists of patterns are tried for one parameter, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.config import Config
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.evaluation import Computation, Decided, Occurrence, RuleEvaluation, Spans
from pgaudit.constructors.patterns import Pattern
from pgaudit.constructors.regex.rules import AT, PatternEntry, RegexRules, first
from pgaudit.constructors.regex.spans import spans_of
from pgaudit.core.parameters import Inventory, Parameter, Visit
from pgaudit.core.setting import Provenance

_STATES: dict[str, frozenset[Decided]] = {
    "schedule": frozenset({"lr", "weight_decay"}),
    "lr_mults": frozenset({"lr"}),
    "wd_mults": frozenset({"weight_decay"}),
}
_BOTH = _STATES["schedule"]


def principle(winner: Provenance, loser: Provenance) -> str:
    """Says why one rule beats another."""
    if winner.option == "frozen":
        return "a frozen parameter is left out before any pattern is asked"
    if winner.option == loser.option:
        return "the first pattern of a list that fits wins"
    if loser.option == "schedule":
        return "an earlier pattern of `schedule` fits"
    return "what has null in `schedule` is left out, whatever the multipliers"


def patterns_of(config: Config, facts: OptimizerDefaults) -> list[Pattern]:
    """Returns the patterns that decide something: those of `schedule` only where they freeze."""
    rules = RegexRules(config, facts)
    freezing = [entry for entry in rules.schedule if entry.value is None]
    return [_pattern(entry) for entry in (*freezing, *rules.lr_mults, *rules.wd_mults)]


def _pattern(entry: PatternEntry) -> Pattern:
    spans = spans_of(entry.fits)

    def find(visit: Visit) -> Spans | None:
        return spans(visit.name) if entry.fits.fullmatch(visit.name) else None

    def says(visit: Visit) -> str:
        return "fits the whole name" if entry.fits.fullmatch(visit.name) else "does not fit the whole name"

    option = entry.rule.option
    return Pattern(
        entry.rule, (AT, option, entry.index), _STATES[option], find, says, lambda visit: visit.name, regex=True
    )


def occurrence(inventory: Inventory, config: Config, facts: OptimizerDefaults, index: int) -> Occurrence:
    """Returns how the patterns are tried for a parameter, under its first name."""
    return Occurrence(inventory.parameters[index].name, tuple(_Tried(config, facts, inventory.parameters[index]).all()))


class _Tried:
    def __init__(self, config: Config, facts: OptimizerDefaults, parameter: Parameter) -> None:
        self._rules = RegexRules(config, facts)
        self._parameter = parameter
        self._visit = Visit("", parameter.name, 0, parameter.module, ())

    def all(self) -> Iterator[RuleEvaluation]:
        rules = self._rules
        winner = Provenance("frozen") if not self._parameter.trainable else None
        if winner:
            yield RuleEvaluation(winner, True, "it is frozen, and left out", (), _BOTH)
        found = first(rules.schedule, self._parameter.name)
        yield from self._scheduled(rules.schedule, found, winner)
        if found is not None and found.value is None:
            winner = winner or found.rule
        yield from self._multiplied(rules.lr_mults, winner, "lr")
        yield from self._multiplied(rules.wd_mults, winner, "weight_decay")

    def _scheduled(
        self, entries: Sequence[PatternEntry], found: PatternEntry | None, winner: Provenance | None
    ) -> Iterator[RuleEvaluation]:
        for entry in entries:
            rule, spans = entry.rule, self._spans(entry)
            if spans is None:
                yield RuleEvaluation(rule, False, "does not fit the whole name", text=self._parameter.name)
            elif winner or entry is not found:
                by = winner or (found.rule if found else rule)
                yield self._lost(entry, by, ())
            elif entry.value is None:
                yield RuleEvaluation(rule, True, "fits the whole name; null: it is left out", (), _BOTH)
            else:
                yield RuleEvaluation(rule, True, "fits the whole name; not null: it trains")

    def _multiplied(
        self, entries: Sequence[PatternEntry], winner: Provenance | None, of: Decided
    ) -> Iterator[RuleEvaluation]:
        base = self._rules.base_lr if of == "lr" else self._rules.base_wd
        for entry in entries:
            spans = self._spans(entry)
            if spans is None:
                yield RuleEvaluation(entry.rule, False, "does not fit the whole name", text=self._parameter.name)
                continue
            products = (Computation(of, self._rules.product(entry), base, entry.value),)
            if winner:
                yield self._lost(entry, winner, products)
                continue
            winner = entry.rule
            decides = frozenset({of})
            yield RuleEvaluation(
                winner, True, "fits the whole name", products, decides, text=self._parameter.name, spans=spans
            )
        if winner is None:
            yield self._base(of)

    def _base(self, of: Decided) -> RuleEvaluation:
        rules = self._rules
        rule, result = rules.lr_rule, rules.base.lr
        why = "no pattern of `lr_mults` fits" if rules.lr_mults else "there are no `lr_mults`"
        if of == "weight_decay":
            assert rules.no_decay_rule is not None
            rule, result = rules.no_decay_rule, 0.0
            why = "no pattern of `wd_mults` fits: no decay" if rules.base_wd else "there is no weight decay"
        return RuleEvaluation(rule, True, why, (Computation(of, result),), frozenset({of}))

    def _lost(self, entry: PatternEntry, winner: Provenance, products: tuple[Computation, ...]) -> RuleEvaluation:
        words = principle(winner, entry.rule)
        name, spans = self._parameter.name, self._spans(entry) or ()
        return RuleEvaluation(
            entry.rule, True, "fits the whole name", products, frozenset(), winner, words, name, spans
        )

    def _spans(self, entry: PatternEntry) -> Spans | None:
        return _pattern(entry).find(self._visit)
