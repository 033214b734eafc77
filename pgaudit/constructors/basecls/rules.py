"""The weight decay policy of one BaseCls config as rules."""

from __future__ import annotations

from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basecls.policy import NORM_TYPES, Policy, PolicyRule, read_policy
from pgaudit.constructors.engine import RuleChains, Winners
from pgaudit.constructors.evaluation import Computation, Spans
from pgaudit.constructors.rule import Rule, for_all
from pgaudit.core.config import Config
from pgaudit.core.parameters import Visit
from pgaudit.core.setting import Provenance, Setting
from pgaudit.models.walk.families import NORMS
from pgaudit.text import visible

DEFAULT_LR, DEFAULT_WEIGHT_DECAY = 0.0125, 1e-4
"""Of ``basecls/configs/base_cfg.py``, which every BaseCls config extends."""

_AT = ("solver", "weight_decay")


def policy_of(config: Config) -> Policy:
    """Returns the policy; ConfigError where BaseCls would raise."""
    policy, errors = read_policy((config.solver or {}).get("weight_decay", DEFAULT_WEIGHT_DECAY))
    if policy is None:
        raise config.error(errors[0].message, *_AT, *errors[0].at, hint=errors[0].hint)
    return policy


def chains_of(config: Config, defaults: OptimizerDefaults) -> RuleChains:
    """Returns the rules of the policy, the first of which wins, then the lr that all get; the default is the base."""
    policy, lr = policy_of(config), _of_lr(config, defaults)

    def holding(decay: float | None, by: Provenance) -> Setting:
        return Setting.of(defaults.lr, decay, lr.provenance, by, {"weight_decay": decay})

    def setting(won: Winners, visit: Visit) -> Setting:
        rule = won.get("weight_decay")
        return holding(rule.gives["weight_decay"](visit).result, rule.provenance) if rule else base

    end = config.location(*_AT, len(policy.rules)) or config.location(*_AT)
    base = holding(float(policy.default), Provenance("default", None, end))
    rules = [_of_policy(config, defaults, rule, index, policy.default) for index, rule in enumerate(policy.rules)]
    return RuleChains(
        [*rules, lr],
        base,
        setting,
        why_base="no rule matched",
    )


def _of_lr(config: Config, defaults: OptimizerDefaults) -> Rule:
    given, processes = config.solver or {}, config.world_size
    base = given.get("basic_lr", DEFAULT_LR)
    lr = Computation("lr", defaults.lr, *((base, processes, f"{processes} processes") if processes > 1 else ()))
    at = config.location("solver", "basic_lr") if "basic_lr" in given else None
    return for_all(Provenance("default", None, at), lr, "one lr for all parameters")


def _of_policy(config: Config, defaults: OptimizerDefaults, rule: PolicyRule, index: int, default: float) -> Rule:
    """Returns one ``[value, pattern]`` as a rule: it searches names, or asks for classes."""
    note = "a negative value means the default" if rule.value < 0 else None
    decay = Computation("weight_decay", float(default if rule.value < 0 else rule.value), note=note)
    regex, label, takes_norms = rule.regex, visible(rule.label), NORM_TYPES in rule.types
    types = frozenset(
        defaults.classes.get(ref, ref) if isinstance(ref, str) else f"{ref.__module__}.{ref.__qualname__}"
        for ref in rule.types
    )

    def matches(visit: Visit, text: str) -> object:
        if regex is not None:
            return regex.search(text)
        module = visit.module
        return not types.isdisjoint(module.bases) or (takes_norms and not NORMS.isdisjoint(module.families))

    def says(visit: Visit, text: str) -> str:
        found = bool(matches(visit, text))
        if regex is not None:
            return "found in the name" if found else "not found in the name"
        return f"{visible(visit.module.short)} {'is' if found else 'is not'} among {label}"

    def spans(text: str) -> Spans:  # an empty match is a match, but of nothing in particular
        return tuple((start, end) for start, end in regex.spans(text) if start < end) if regex is not None else ()

    return Rule(
        Provenance("weight_decay", rule.label, config.location(*_AT, index)),
        matches,
        says,
        {"weight_decay": lambda visit: decay},
        at=(*_AT, index),
        states=frozenset({"weight_decay"}),
        spans=None if regex is None else spans,
        regex=regex is not None,
    )
