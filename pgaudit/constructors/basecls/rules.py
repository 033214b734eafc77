"""The weight decay policy of one BaseCls config, ready to be asked once a parameter."""

from __future__ import annotations

from pgaudit.config import Config
from pgaudit.config.policy import NORM_TYPES, Policy, PolicyRule, read_policy
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.core.parameters import ModuleType
from pgaudit.core.setting import Provenance, Setting
from pgaudit.models.walk.families import NORMS

DEFAULT_WEIGHT_DECAY = 1e-4
"""Of ``basecls/configs/base_cfg.py``, which every BaseCls config extends."""


def policy_of(config: Config) -> Policy:
    """Returns the policy; ConfigError where BaseCls would raise."""
    policy, errors = read_policy((config.solver or {}).get("weight_decay", DEFAULT_WEIGHT_DECAY))
    if policy is None:
        raise config.error(errors[0].message, "solver", "weight_decay", *errors[0].at, hint=errors[0].hint)
    return policy


def settings_of(config: Config, policy: Policy, facts: OptimizerDefaults) -> list[Setting]:
    """Returns one a rule, and the default's last. A negative value means the default's."""
    lr_given = "basic_lr" in (config.solver or {})
    lr_rule = Provenance("default", None, config.location("solver", "basic_lr") if lr_given else None)

    def setting(value: float, rule: Provenance) -> Setting:
        decay = float(value if value >= 0 else policy.default)
        return Setting.of(facts.lr, decay, lr_rule, rule, {"weight_decay": decay})

    at = ("solver", "weight_decay")
    of_rules = [
        setting(rule.value, Provenance("weight_decay", rule.label, config.location(*at, index)))
        for index, rule in enumerate(policy.rules)
    ]
    end = config.location(*at, len(policy.rules)) or config.location(*at)
    return [*of_rules, setting(policy.default, Provenance("default", None, end))]


class Matcher:
    """One rule's pattern, with the classes it names resolved; remembers its answer for each class of module."""

    def __init__(self, rule: PolicyRule, facts: OptimizerDefaults) -> None:
        self._search = rule.regex.search if rule.regex else None
        self._norms = NORM_TYPES in rule.types
        self._bases = frozenset(
            facts.classes.get(ref, ref) if isinstance(ref, str) else f"{ref.__module__}.{ref.__qualname__}"
            for ref in rule.types
        )
        self._known: dict[int, bool] = {}

    def matches(self, name: str, module: ModuleType) -> bool:
        """Whether the rule takes a parameter of this name, in a module of this class."""
        if self._search:
            return bool(self._search(name))
        known = self._known.get(id(module))  # an inventory holds one object a class
        if known is None:
            is_norm = self._norms and not NORMS.isdisjoint(module.families)
            known = self._known[id(module)] = is_norm or not self._bases.isdisjoint(module.bases)
        return known
