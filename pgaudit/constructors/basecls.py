"""BaseCls' get_param_groups.

Source of the semantics: BaseCls 2f206e9, ``basecls/solver/weight_decay.py`` and ``basecls/solver/build.py``. BaseCls
runs on MegEngine; for a torch model two choices had to be made, and are documented here. Order: parameters are visited
as torch's ``named_parameters()`` visits them (MegEngine: alphabetically), which decides the order of groups and, for a
tied parameter, the name that is matched. Frozen parameters: get a group like any other, since MegEngine's have no
``requires_grad`` to ask.
"""

from __future__ import annotations

from collections.abc import Mapping

from pgaudit.config import Config
from pgaudit.config.policy import NORM_TYPES, Policy, PolicyRule, read_policy
from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import Assignment, Decision, Facts, OptimizerSpec, Rule, Setting
from pgaudit.inventory import Inventory, ModuleType
from pgaudit.inventory.families import NORMS

DEFAULT_WEIGHT_DECAY = 1e-4
DEFAULT_LR = 0.0125
"""Of ``basecls/configs/base_cfg.py``, which every BaseCls config extends."""

OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "lamb": "timm.optim:Lamb", "lars": "timm.optim:Lars"}
"""BaseCls' names, and the torch classes that stand in for MegEngine's and BaseCls' own."""


class BaseCls:
    """Weight decay by the first matching rule of a policy; one learning rate for all."""

    name = "basecls"
    library = "BaseCls 2f206e9"
    unwraps_module = False

    def optimizer(self, config: Config) -> OptimizerSpec:
        """``DefaultSolver.build_optimizer``: the lr scales with the number of processes, the optimizer's own weight
        decay is 0.
        """
        solver = config.solver or {}
        name = solver.get("optimizer", "sgd")
        if name not in OPTIMIZERS:
            raise config.error(
                f"BaseCls would raise NotImplementedError: Optimizer '{name}' not supported",
                "solver",
                "optimizer",
                hint=f"known: {', '.join(OPTIMIZERS)}",
            )
        lr = times(config, "basic_lr", solver.get("basic_lr", DEFAULT_LR), config.world_size, ("solver", "basic_lr"))
        arguments: dict[str, object] = {"lr": lr, "weight_decay": 0}
        if name in ("sgd", "lars"):
            arguments |= {"momentum": solver.get("momentum", 0.9), "nesterov": solver.get("nesterov", False)}
        else:
            arguments["betas"] = tuple(solver.get("betas", (0.9, 0.999)))
        if name in ("lamb", "lars"):
            arguments["always_adapt"] = solver.get("always_adapt", False)
        return OptimizerSpec(OPTIMIZERS[name], arguments, ("solver",), "optimizer")

    def class_refs(self, config: Config) -> Mapping[str, tuple[str | int, ...]]:
        """The types that rules match on."""
        return {
            ref: ("solver", "weight_decay", index, 1)
            for index, rule in enumerate(_policy(config).rules)
            for ref in rule.types
            if isinstance(ref, str) and ref != NORM_TYPES
        }

    def decide(self, inventory: Inventory, config: Config, facts: Facts) -> Assignment:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        policy = _policy(config)
        settings = _settings(config, policy, facts)
        matchers = [_Matcher(rule, facts) for rule in policy.rules]
        groups: dict[float, int] = {}
        decisions = []
        for parameter in inventory.parameters:
            matched = (i for i, matcher in enumerate(matchers) if matcher.matches(parameter.name, parameter.module))
            setting = settings[next(matched, -1)]
            assert setting.weight_decay is not None
            decisions.append(Decision(setting, groups.setdefault(setting.weight_decay, len(groups))))
        return Assignment(tuple(decisions), settings[-1])


def _policy(config: Config) -> Policy:
    policy, faults = read_policy((config.solver or {}).get("weight_decay", DEFAULT_WEIGHT_DECAY))
    if policy is None:
        raise config.error(faults[0].message, "solver", "weight_decay", *faults[0].at, hint=faults[0].hint)
    return policy


def _settings(config: Config, policy: Policy, facts: Facts) -> list[Setting]:
    """One a rule, and the default's last. A negative value means the default's."""
    lr_given = "basic_lr" in (config.solver or {})
    lr_rule = Rule("default", None, config.position("solver", "basic_lr") if lr_given else None)

    def setting(value: float, rule: Rule) -> Setting:
        decay = float(value if value >= 0 else policy.default)
        return Setting(facts.lr, decay, lr_rule, rule, (("weight_decay", decay),))

    at = ("solver", "weight_decay")
    of_rules = [
        setting(rule.value, Rule("weight_decay", rule.label, config.position(*at, index)))
        for index, rule in enumerate(policy.rules)
    ]
    end = config.position(*at, len(policy.rules)) or config.position(*at)
    return [*of_rules, setting(policy.default, Rule("default", None, end))]


class _Matcher:
    """One rule's pattern, with the classes it names resolved; remembers its answer for each class of module."""

    def __init__(self, rule: PolicyRule, facts: Facts) -> None:
        self._search = rule.regex.search if rule.regex else None
        self._norms = NORM_TYPES in rule.types
        self._bases = frozenset(
            facts.classes.get(ref, ref) if isinstance(ref, str) else f"{ref.__module__}.{ref.__qualname__}"
            for ref in rule.types
        )
        self._known: dict[int, bool] = {}

    def matches(self, name: str, module: ModuleType) -> bool:
        if self._search:
            return self._search(name) is not None
        known = self._known.get(id(module))  # an inventory holds one object a class
        if known is None:
            is_norm = self._norms and not NORMS.isdisjoint(module.families)
            known = self._known[id(module)] = is_norm or not self._bases.isdisjoint(module.bases)
        return known
