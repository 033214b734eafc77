"""How BaseCls' rules are tried for one parameter, step by step."""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.config import Config
from pgaudit.config.policy import PolicyRule
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basecls.rules import Matcher, policy_of, settings_of
from pgaudit.constructors.evaluation import Computation, Occurrence, RuleEvaluation, Spans
from pgaudit.constructors.patterns import Pattern
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import Provenance, Setting
from pgaudit.text import visible

DEFAULT_LR = 0.0125
"""Of ``basecls/configs/base_cfg.py``."""

PRINCIPLE = "the first rule that matches wins"


def patterns_of(config: Config, facts: OptimizerDefaults) -> list[Pattern]:
    """Returns the rules of the policy, without its default."""
    return [_pattern(config, rule, Matcher(rule, facts), index) for index, rule in enumerate(policy_of(config).rules)]


def occurrence(inventory: Inventory, config: Config, facts: OptimizerDefaults, index: int) -> Occurrence:
    """Returns how the rules are tried for a parameter, under its first name."""
    parameter = inventory.parameters[index]
    visit = Visit("", parameter.name, index, parameter.module, ())
    policy = policy_of(config)
    *of_rules, default = settings_of(config, policy, facts)
    won = None
    evaluations = []
    for pattern, rule, setting in zip(patterns_of(config, facts), policy.rules, of_rules, strict=True):
        note = "a negative value means the default" if rule.value < 0 else None
        evaluations.append(
            _evaluation(pattern, visit, Computation("weight_decay", setting.weight_decay, note=note), won)
        )
        if won is None and evaluations[-1].matched:
            won = pattern.rule
    return Occurrence(parameter.name, (*evaluations, *_last(config, default, decided=won is not None)))


def _pattern(config: Config, rule: PolicyRule, matcher: Matcher, index: int) -> Pattern:
    at = ("solver", "weight_decay", index)
    regex = rule.regex

    def find(visit: Visit) -> Spans | None:
        if regex is None:
            return () if matcher.matches(visit.name, visit.module) else None
        if not regex.search(visit.name):
            return None
        # An empty match is a match, but of nothing in particular.
        return tuple((start, end) for start, end in regex.spans(visit.name) if start < end)

    def says(visit: Visit) -> str:
        if regex is None:
            is_one = "is" if matcher.matches(visit.name, visit.module) else "is not"
            return f"{visible(visit.module.short)} {is_one} among {visible(rule.label)}"
        return "found in the name" if regex.search(visit.name) else "not found in the name"

    return Pattern(
        Provenance("weight_decay", rule.label, config.location(*at)),
        at,
        frozenset({"weight_decay"}),
        find,
        says,
        None if regex is None else lambda visit: visit.name,
        regex is not None,
    )


def _evaluation(pattern: Pattern, visit: Visit, product: Computation, won: Provenance | None) -> RuleEvaluation:
    spans, why = pattern.find(visit), pattern.says(visit)
    text = pattern.searched(visit) if pattern.searched else None
    if spans is None:
        return RuleEvaluation(pattern.rule, False, why, text=text)
    if won is None:
        return RuleEvaluation(pattern.rule, True, why, (product,), frozenset({"weight_decay"}), text=text, spans=spans)
    return RuleEvaluation(pattern.rule, True, why, (product,), frozenset(), won, PRINCIPLE, text, spans)


def _last(config: Config, default: Setting, *, decided: bool) -> Iterator[RuleEvaluation]:
    """The lr, which is one for all, and the policy's default where no rule matched."""
    base = (config.solver or {}).get("basic_lr", DEFAULT_LR)
    assert default.lr_rule is not None
    assert default.weight_decay_rule is not None
    processes = config.world_size
    lr = Computation("lr", default.lr, *((base, processes, f"{processes} processes") if processes > 1 else ()))
    yield RuleEvaluation(default.lr_rule, True, "one lr for all parameters", (lr,), frozenset({"lr"}))
    if not decided:
        decay = Computation("weight_decay", default.weight_decay)
        yield RuleEvaluation(default.weight_decay_rule, True, "no rule matched", (decay,), frozenset({"weight_decay"}))
