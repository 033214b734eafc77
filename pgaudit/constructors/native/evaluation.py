"""How the rules are tried for one parameter, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from pgaudit.config import Config
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.evaluation import Computation, Decided, Occurrence, RuleEvaluation, Spans
from pgaudit.constructors.native.decide import RuleList, View, views_of
from pgaudit.constructors.native.match import Selector
from pgaudit.constructors.patterns import Pattern
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import Provenance, Setting

_FIRST = "the first rule that matches wins"
_LATER = "later rules override what they state"
_VALUES: Mapping[Decided, tuple[str, str]] = {"lr": ("lr", "lr_mult"), "weight_decay": ("weight_decay", "decay_mult")}


def principle(winner: Provenance) -> str:
    """Says why one rule beats another."""
    if winner.option == "frozen":
        return "what does not require a gradient is left out"
    return "rules are asked in the order of the list"


def patterns_of(config: Config, facts: OptimizerDefaults) -> list[Pattern]:
    """Returns the rules as things to ask."""
    policy = RuleList(config, facts)
    return [_pattern(policy, index) for index in range(len(policy.rules))]


def _pattern(policy: RuleList, index: int) -> Pattern:
    rule, matcher = policy.rules[index], policy.matchers[index]
    by_name = rule.match.by_name
    says = rule.says
    states = frozenset(of for of, words in _VALUES.items() if says.get("freeze") or any(word in says for word in words))

    def find(visit: Visit) -> Spans | None:
        if not matcher.matches(visit.name, visit.module, visit.ndim):
            return None
        return ((0, len(visit.name)),) if by_name else ()

    at = ("paramwise_cfg", "rules", index)
    searched = _name if by_name else None
    return Pattern(policy.names[index], at, states, find, partial(_says, matcher), searched, whole=True)


def _name(visit: Visit) -> str:
    return visit.name


def _says(matcher: Selector, visit: Visit) -> str:
    return matcher.says(visit.name, visit.module, visit.ndim)


def occurrences(inventory: Inventory, config: Config, facts: OptimizerDefaults, index: int) -> Iterator[Occurrence]:
    """Yields how the rules are tried for a parameter, once for each name."""
    policy = RuleList(config, facts)
    for number, view in enumerate(views_of(inventory, index)):
        note = None if number == 0 else "another name of the same tensor, which must come to the same"
        setting = policy.of(view) if inventory.parameters[index].trainable else policy.frozen
        yield Occurrence(view[0], tuple(_tried(policy, view, setting)), note)


def _tried(policy: RuleList, view: View, setting: Setting) -> Iterator[RuleEvaluation]:
    lost_to = policy.frozen.lr_rule if setting is policy.frozen else None
    if lost_to is not None:
        yield RuleEvaluation(lost_to, True, "it does not require a gradient, and is left out")
    for index in range(len(policy.rules)):
        yield _evaluation(policy, index, view, setting)
    if lost_to is None:
        yield from _last(policy, setting)


def _evaluation(policy: RuleList, index: int, view: View, setting: Setting) -> RuleEvaluation:
    rule, match = policy.names[index], policy.rules[index].match
    matched = policy.matchers[index].matches(*view)
    why = policy.matchers[index].says(*view)
    text = view[0] if match.by_name else None
    if not matched:
        return RuleEvaluation(rule, False, why, text=text)
    spans = ((0, len(view[0])),) if match.by_name else ()
    products = tuple(_products(policy, index))
    of_values: Mapping[Decided, Provenance | None] = {"lr": setting.lr_rule, "weight_decay": setting.weight_decay_rule}
    decides = frozenset(of for of, winner in of_values.items() if winner is rule)
    if decides or rule in setting.rules or not products:
        return RuleEvaluation(rule, True, why, products, decides, text=text, spans=spans)
    winner = of_values[products[0].of]
    beaten = _FIRST if policy.first_wins else _LATER
    return RuleEvaluation(rule, True, why, products, frozenset(), winner, beaten, text, spans)


def _products(policy: RuleList, index: int) -> Iterator[Computation]:
    """What a rule states, and where the first one wins, what it thereby leaves at the base."""
    says = policy.rules[index].says
    if says.get("freeze"):
        return
    for of, (value, mult) in _VALUES.items():
        base = policy.base.lr if of == "lr" else policy.base.weight_decay
        if mult in says:
            yield Computation(of, policy.value(index, of), base, says[mult])
        elif value in says:
            yield Computation(of, policy.value(index, of))
        elif policy.first_wins:
            yield Computation(of, base, note="the rule does not state it, and no other one is asked")


def _last(policy: RuleList, setting: Setting) -> Iterator[RuleEvaluation]:
    """The optimizer's own values, for what no rule decided."""
    rule = setting.lr_rule
    if rule is not None and rule.option == "unmatched":
        yield RuleEvaluation(rule, True, "no rule is about it, and it is left out")
        return
    values: Mapping[Decided, tuple[Provenance | None, float | None]] = {
        "lr": (setting.lr_rule, setting.lr),
        "weight_decay": (setting.weight_decay_rule, setting.weight_decay),
    }
    for of, (winner, value) in values.items():
        if winner is not None and winner.is_base:
            yield RuleEvaluation(winner, True, "no rule speaks about it", (Computation(of, value),), frozenset({of}))
