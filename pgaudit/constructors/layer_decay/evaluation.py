"""How mmpretrain's layer decay tries its rules for one parameter, step by step."""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.config import Config
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.evaluation import Computation, Decided, Occurrence, RuleEvaluation
from pgaudit.constructors.layer_decay.options import OPTIONS, key_pattern, matches, says
from pgaudit.constructors.layer_decay.rules import LayerDecayRules, LayerRole
from pgaudit.constructors.layer_decay.shared import FROZEN_RULE, layered
from pgaudit.constructors.patterns import Pattern
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import Provenance

_DECAY: frozenset[Decided] = frozenset({"weight_decay"})
_BOTH: frozenset[Decided] = frozenset({"lr", "weight_decay"})
_LOST = "the decay_mult beside it is lost"
_ORDER = "norms are asked for first, then biases, then vectors"


def principle(winner: Provenance, loser: Provenance) -> str:
    """Says why one rule beats another."""
    if winner.option == "frozen":
        return "a frozen parameter is passed over before any rule is asked"
    if winner.option == "custom_keys" and loser.option == "custom_keys":
        if len(winner.key or "") != len(loser.key or ""):
            return "the longer key wins"
        return "of equally long keys the first in the alphabet wins"
    if winner.option == "custom_keys":
        return "a custom key leaves the options no turn"
    return _ORDER if winner.option in OPTIONS else "the layer alone decides the lr"


def occurrences(inventory: Inventory, config: Config, facts: OptimizerDefaults, index: int) -> Iterator[Occurrence]:
    """Yields each occurrence with a parameter; none where the constructor never meets it."""
    parameter = inventory.parameters[index]
    tried = _Tried(config, facts, inventory)
    if not config.paramwise_cfg:
        if index in inventory.whole:
            yield Occurrence(parameter.name, tried.base())
        return
    first: str | None = None
    for visit in inventory.visits_of.get(index, ()):
        note = None if first is None else f"the same tensor as {first}: a second group for it, which torch refuses"
        if parameter.trainable:
            yield Occurrence(visit.name, tuple(tried.asked(visit)), note)
        else:
            yield Occurrence(visit.name, (RuleEvaluation(FROZEN_RULE, True, "it is frozen: left out", (), _BOTH),))
        first = first or visit.name


class _Tried:
    def __init__(self, config: Config, facts: OptimizerDefaults, inventory: Inventory) -> None:
        self._rules = LayerDecayRules(config, facts, inventory)
        self._keys = [key_pattern(config, key) for key in self._rules.keys]

    def base(self) -> tuple[RuleEvaluation, ...]:
        """The optimizer's own values."""
        why, untouched = "paramwise_cfg is empty: one group of all parameters", self._rules.untouched
        assert untouched.lr_rule is not None
        assert untouched.weight_decay_rule is not None
        decay = (Computation("weight_decay", untouched.weight_decay),)
        return (
            RuleEvaluation(untouched.lr_rule, True, why, (Computation("lr", untouched.lr),), frozenset({"lr"})),
            RuleEvaluation(untouched.weight_decay_rule, True, why, decay, _DECAY),
        )

    def asked(self, visit: Visit) -> Iterator[RuleEvaluation]:
        """All rules for a trainable parameter."""
        rules = self._rules
        role = rules.role(visit)
        setting = rules.setting(role, visit)
        won = setting.weight_decay_rule
        assert won is not None
        for pattern in self._keys:
            yield self._key(visit, pattern, won)
        for option in rules.given:
            yield self._option(visit, option, won)
        if role.key is None and role.option is None:
            product = Computation("weight_decay", setting.weight_decay)
            yield RuleEvaluation(won, True, "no rule speaks about its weight decay", (product,), _DECAY)
        yield self._layer(role, setting.lr)

    def _key(self, visit: Visit, pattern: Pattern, won: Provenance) -> RuleEvaluation:
        rule, spans, why, text = pattern.rule, pattern.find(visit), pattern.says(visit), visit.name
        if spans is None:
            return RuleEvaluation(rule, False, why, text=text)
        stated = self._rules.custom[rule.key or ""]
        if "weight_decay" in stated:
            product = Computation(
                "weight_decay", stated["weight_decay"], note=_LOST if "decay_mult" in stated else None
            )
        else:
            product = self._product(stated.get("decay_mult", 1.0), "decay_mult" in stated)
        if rule == won:
            return RuleEvaluation(rule, True, why, (product,), _DECAY, text=text, spans=spans)
        return RuleEvaluation(rule, True, why, (product,), frozenset(), won, principle(won, rule), text, spans)

    def _option(self, visit: Visit, option: str, won: Provenance) -> RuleEvaluation:
        rule, why = self._rules.rule(option), says(option, visit)
        if not matches(option, visit):
            return RuleEvaluation(rule, False, why)
        product = self._product(self._rules.options[option], True)
        if rule == won:
            return RuleEvaluation(rule, True, why, (product,), _DECAY)
        return RuleEvaluation(rule, True, why, (product,), frozenset(), won, principle(won, rule))

    def _product(self, mult: float, stated: bool) -> Computation:
        base = self._rules.base_wd
        assert base is not None  # else there is no setting to explain
        return Computation("weight_decay", float(base * mult), base, mult, None if stated else "no decay_mult given")

    def _layer(self, role: LayerRole, lr: float | None) -> RuleEvaluation:
        rules = self._rules
        power = f"{rules.rate:g}^{role.exponent:g}"
        why = layered(role.layer, role.layers)
        product = Computation("lr", lr, rules.base_lr, rules.scale(role), f"{why}: {power}")
        return RuleEvaluation(rules.lr_rule, True, why, (product,), frozenset({"lr"}))
