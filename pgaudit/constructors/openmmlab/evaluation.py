"""How the rules are tried for one parameter, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from pgaudit.config import Config
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.evaluation import Computation, Decided, Occurrence, RuleEvaluation
from pgaudit.constructors.openmmlab.dialect import Dialect
from pgaudit.constructors.openmmlab.options import Option, key_pattern, searched
from pgaudit.constructors.openmmlab.rules import OpenMMLabRules
from pgaudit.constructors.patterns import Pattern
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import Provenance

_BOTH: frozenset[Decided] = frozenset({"lr", "weight_decay"})
_FROZEN = Provenance("frozen")


def occurrences(
    dialect: Dialect, inventory: Inventory, config: Config, facts: OptimizerDefaults, index: int
) -> Iterator[Occurrence]:
    """Yields each occurrence with a parameter; none where the constructor never meets it."""
    tried = _Tried(config, facts, dialect)
    parameter = inventory.parameters[index]
    if not config.paramwise_cfg:
        if index in inventory.whole:
            yield Occurrence(parameter.name, tried.base(_BOTH, "paramwise_cfg is empty: one group of all parameters"))
        return
    bypass = bool(config.paramwise_cfg.get("bypass_duplicate", False))
    first: str | None = None
    for visit in inventory.visits_of.get(index, ()):
        again = first is not None and bypass
        if not parameter.trainable and not (again and dialect.bypasses_frozen):
            why = "it is frozen" if dialect.keeps_frozen else "it is frozen: skipped, with a warning"
            note = _second(first) if dialect.keeps_frozen else None
            yield Occurrence(visit.name, tried.beaten(visit, _FROZEN, why), note)
        elif again:
            rule = Provenance("duplicate", None, config.location("paramwise_cfg", "bypass_duplicate"))
            yield Occurrence(visit.name, tried.beaten(visit, rule, f"already in a group as {first}"))
        else:
            yield Occurrence(visit.name, tried.asked(visit), _second(first))
        first = first or visit.name


def _second(first: str | None) -> str | None:
    return None if first is None else f"the same tensor as {first}: a second group for it, which torch refuses"


class _Tried:
    def __init__(self, config: Config, facts: OptimizerDefaults, dialect: Dialect) -> None:
        self._config = config
        self._dialect = dialect
        self._rules = OpenMMLabRules(config, facts, dialect)
        self._keys = [key_pattern(config, key, copied=dialect.copies_settings) for key in self._rules.keys]

    def asked(self, visit: Visit) -> tuple[RuleEvaluation, ...]:
        """All rules for a trainable parameter."""
        won = next((key.rule for key in self._keys if key.find(visit) is not None), None)
        options = list(self._options(visit, None if self._rules.forced else won))
        taken = {value: evaluation.rule for evaluation in options for value in evaluation.decides}
        evaluations = [self._key(visit, pattern, won, taken) for pattern in self._keys] + options
        left = _BOTH.difference(*(evaluation.decides for evaluation in evaluations))
        return (*evaluations, *self.base(left, "no rule speaks about it"))

    def beaten(self, visit: Visit, winner: Provenance, why: str) -> tuple[RuleEvaluation, ...]:
        """A parameter about which no rule is asked; those that would match are named."""
        tried = (*(self._key(visit, pattern, winner) for pattern in self._keys), *self._options(visit, winner))
        lost = tuple(evaluation for evaluation in tried if evaluation.matched)
        if winner.option == "duplicate":
            return (RuleEvaluation(winner, True, why), *lost)
        products = (
            Computation("lr", self._rules.frozen.lr),
            Computation("weight_decay", self._rules.frozen.weight_decay),
        )
        return (RuleEvaluation(winner, True, why, products, _BOTH), *lost)

    def base(self, values: frozenset[Decided], why: str) -> tuple[RuleEvaluation, ...]:
        """The optimizer's own values, for what no rule decided."""
        untouched = self._rules.untouched
        evaluations = []
        if "lr" in values and untouched.lr_rule:
            evaluations.append(
                RuleEvaluation(untouched.lr_rule, True, why, (Computation("lr", untouched.lr),), frozenset({"lr"}))
            )
        if "weight_decay" in values and untouched.weight_decay_rule:
            product = Computation("weight_decay", untouched.weight_decay)
            evaluations.append(
                RuleEvaluation(untouched.weight_decay_rule, True, why, (product,), frozenset({"weight_decay"}))
            )
        return tuple(evaluations)

    def _key(
        self,
        visit: Visit,
        pattern: Pattern,
        won: Provenance | None,
        taken: Mapping[Decided, Provenance] = MappingProxyType({}),
    ) -> RuleEvaluation:
        rule, spans = pattern.rule, pattern.find(visit)
        why, text = pattern.says(visit), searched(visit)
        if spans is None:
            return RuleEvaluation(rule, False, why, text=text)
        products = list(self._of_key(self._rules.custom[rule.key or ""]))
        if rule is won:
            decides = frozenset(product.of for product in products).difference(taken)
            if not decides:
                winner = next(iter(taken.values()))
                why_not = self._dialect.principle(winner, rule)
                return RuleEvaluation(rule, True, why, tuple(products), decides, winner, why_not, text, spans)
            return RuleEvaluation(rule, True, why, tuple(products), decides, text=text, spans=spans)
        assert won is not None
        return RuleEvaluation(
            rule, True, why, tuple(products), frozenset(), won, self._dialect.principle(won, rule), text, spans
        )

    def _of_key(self, stated: Mapping[str, Any]) -> Iterator[Computation]:
        """What a custom key sets. A number that is copied takes the place of a product."""
        values: tuple[tuple[Decided, str, object], ...] = (
            ("lr", "lr_mult", 0.0),
            ("weight_decay", "decay_mult", self._rules.base_wd),
        )
        for of, word, base in values:
            if self._dialect.copies_settings and of in stated:
                note = f"the {word} beside it is lost" if word in stated else None
                yield Computation(of, float(stated[of]), note=note)
            elif base is not None:
                yield self._product(of, stated, word)

    def _options(self, visit: Visit, won: Provenance | None) -> Iterator[RuleEvaluation]:
        chosen = dict(zip(("lr", "weight_decay"), self._dialect.choose(visit, self._rules.given), strict=True))
        for option in self._dialect.options:
            given = option.name in self._rules.given
            if option.of == "weight_decay" and self._rules.base_wd is None:
                continue
            if given or (won is None and chosen[option.of] == option.name and self._is_news(option)):
                yield self._option(visit, option, won, chosen[option.of])

    def _is_news(self, option: Option) -> bool:
        """Whether it matters that an option takes its parameters although it is not given: only if it bars another."""
        options = self._dialect.options
        later = options[options.index(option) + 1 :]
        return any(other.of == option.of and other.name in self._rules.given for other in later)

    def _option(self, visit: Visit, option: Option, won: Provenance | None, chosen: str | None) -> RuleEvaluation:
        rule = self._rule(option.name)
        why = option.says(visit)
        if not option.matches(visit):
            return RuleEvaluation(rule, False, why)
        products = (self._product(option.of, self._rules.options, option.name),)
        if won is not None:
            return RuleEvaluation(rule, True, why, products, frozenset(), won, self._dialect.principle(won, rule))
        if option.name != chosen:
            winner = self._rule(str(chosen))
            return RuleEvaluation(rule, True, why, products, frozenset(), winner, self._dialect.principle(winner, rule))
        if option.name not in self._rules.given:
            return RuleEvaluation(
                rule, True, f"{why}; not given, and takes it all the same: no later option gets its turn"
            )
        return RuleEvaluation(rule, True, why, products, frozenset({option.of}))

    def _rule(self, option: str) -> Provenance:
        return Provenance(option, None, self._config.location("paramwise_cfg", option))

    def _product(self, of: Decided, stated: Any, word: str) -> Computation:
        base = self._rules.base_lr if of == "lr" else self._rules.base_wd
        mult = stated.get(word, 1.0)
        note = None if word in stated else f"no {word} given"
        # A rule that decides has gone through the constructor's own arithmetic, which refuses what is no number.
        return Computation(of, None if base is None else float(base * mult), base, mult, note)
