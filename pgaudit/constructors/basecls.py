"""BaseCls' get_param_groups.

Source of the semantics: BaseCls 2f206e9, ``basecls/solver/weight_decay.py`` and ``basecls/solver/build.py``. BaseCls
runs on MegEngine; for a torch model two choices had to be made, and are documented here. Order: parameters are visited
as torch's ``named_parameters()`` visits them (MegEngine: alphabetically), which decides the order of groups and, for a
tied parameter, the name that is matched. Frozen parameters: get a group like any other, since MegEngine's have no
``requires_grad`` to ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pgaudit.config import Config
from pgaudit.config.policy import NORM_TYPES, Policy, PolicyRule, read_policy
from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import Assignment, Decision, Facts, OptimizerSpec, Rule, Setting, Unread
from pgaudit.constructors.patterns import Pattern, Spans
from pgaudit.constructors.sisters import SISTERS
from pgaudit.constructors.trials import Meeting, Product, Trial
from pgaudit.inventory import Inventory, ModuleType, Visit
from pgaudit.inventory.families import NORMS
from pgaudit.text import visible

DEFAULT_WEIGHT_DECAY = 1e-4
DEFAULT_LR = 0.0125
"""Of ``basecls/configs/base_cfg.py``, which every BaseCls config extends."""

OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "lamb": "timm.optim:Lamb", "lars": "timm.optim:Lars"}
"""BaseCls' names, and the torch classes that stand in for MegEngine's and BaseCls' own."""

READ = frozenset(
    """
    name optimizer basic_lr lr_min_factor momentum weight_decay nesterov betas always_adapt max_epoch warmup_epochs
    warmup_factor lr_schedule lr_decay_factor lr_decay_steps grad_clip accumulation_steps
    """.split()
)
"""The keys of ``solver``, of ``basecls/configs/base_cfg.py``."""


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

    def patterns(self, config: Config, facts: Facts) -> Sequence[Pattern]:
        """The rules of the policy, without its default."""
        return [
            _pattern(config, rule, _Matcher(rule, facts), index) for index, rule in enumerate(_policy(config).rules)
        ]

    def principle(self, winner: Rule, loser: Rule) -> str:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return "the first rule that matches wins"

    def trials(self, inventory: Inventory, config: Config, facts: Facts, index: int) -> Iterator[Meeting]:
        """Each parameter is met once, under its first name."""
        parameter = inventory.parameters[index]
        visit = Visit("", parameter.name, index, parameter.module, None)
        settings = _settings(config, _policy(config), facts)
        won = None
        trials = []
        for pattern, rule, setting in zip(
            self.patterns(config, facts), _policy(config).rules, settings[:-1], strict=True
        ):
            note = "a negative value means the default" if rule.value < 0 else None
            product = Product("weight_decay", setting.weight_decay, note=note)
            trials.append(_trial(pattern, visit, product, won))
            if won is None and trials[-1].matched:
                won = pattern.rule
        yield Meeting(parameter.name, (*trials, *_last(config, settings[-1], decided=won is not None)))

    def unread(self, config: Config) -> Iterator[Unread]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        for option in config.solver or {}:
            if option not in READ:
                yield Unread(("solver", option), READ, SISTERS)
        if config.paramwise_cfg is not None:
            yield Unread(("paramwise_cfg",), frozenset(), SISTERS)


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


def _pattern(config: Config, rule: PolicyRule, matcher: _Matcher, index: int) -> Pattern:
    at = ("solver", "weight_decay", index)
    regex = rule.regex

    def find(visit: Visit) -> Spans | None:
        if regex is None:
            return () if matcher.matches(visit.name, visit.module) else None
        return tuple(found.span() for found in regex.finditer(visit.name)) or None

    def says(visit: Visit) -> str:
        if regex is None:
            is_one = "is" if matcher.matches(visit.name, visit.module) else "is not"
            return f"{visible(visit.module.short)} {is_one} among {visible(rule.label)}"
        return "found in the name" if regex.search(visit.name) else "not found in the name"

    return Pattern(
        Rule("weight_decay", rule.label, config.position(*at)),
        at,
        frozenset({"weight_decay"}),
        find,
        says,
        None if regex is None else lambda visit: visit.name,
        regex is not None,
    )


def _trial(pattern: Pattern, visit: Visit, product: Product, won: Rule | None) -> Trial:
    spans, why = pattern.find(visit), pattern.says(visit)
    text = pattern.searched(visit) if pattern.searched else None
    if spans is None:
        return Trial(pattern.rule, False, why, text=text)
    if won is None:
        return Trial(pattern.rule, True, why, (product,), frozenset({"weight_decay"}), text=text, spans=spans)
    principle = "the first rule that matches wins"
    return Trial(pattern.rule, True, why, (product,), frozenset(), won, principle, text, spans)


def _last(config: Config, default: Setting, *, decided: bool) -> Iterator[Trial]:
    """The lr, which is one for all, and the policy's default where no rule matched."""
    base = (config.solver or {}).get("basic_lr", DEFAULT_LR)
    assert default.lr_rule is not None
    assert default.weight_decay_rule is not None
    lr = Product("lr", default.lr, base, config.world_size, "processes")
    yield Trial(default.lr_rule, True, "one lr for all parameters", (lr,), frozenset({"lr"}))
    if not decided:
        decay = Product("weight_decay", default.weight_decay)
        yield Trial(
            default.weight_decay_rule, True, "no rule matched", (decay,), frozenset({"weight_decay"})
        )


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
