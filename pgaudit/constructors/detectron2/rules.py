"""The arguments of one config as rules, in the order in which they write into a group; what is written last wins."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from numbers import Real
from operator import attrgetter
from typing import Any

from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basic import base_rule
from pgaudit.constructors.detectron2.arguments import Arguments, GivenArgument, arguments_of
from pgaudit.constructors.engine import RuleChains, Winners
from pgaudit.constructors.evaluation import Computation, Decided
from pgaudit.constructors.rule import Gives, Rule
from pgaudit.core.config import Config
from pgaudit.core.location import Path
from pgaudit.core.parameters import Visit
from pgaudit.core.setting import Provenance, Setting, Value
from pgaudit.models.walk.families import NORM_LIKE, NORMS
from pgaudit.text import format_exception, quoted, visible

_NORM_CLASSES = frozenset(
    f"torch.nn.modules.{name}"
    for name in (
        *(f"batchnorm.BatchNorm{dimensions}d" for dimensions in (1, 2, 3)),
        *(f"instancenorm.InstanceNorm{dimensions}d" for dimensions in (1, 2, 3)),
        "batchnorm.SyncBatchNorm",
        "normalization.GroupNorm",
        "normalization.LayerNorm",
        "normalization.LocalResponseNorm",
    )
)
_BOTH: tuple[Decided, ...] = ("lr", "weight_decay")
_NORM, _FACTOR, _OVERRIDE = "of norms", "of the function", "of an override"
"""What a rule decides beside lr and weight decay, so that it is among the winners wherever it writes: what is written
over keeps its place, and that tells groups apart.
"""
_NONE: frozenset[str] = frozenset()
DUPLICATE = Provenance("duplicate")


def principle(winner: Provenance, loser: Provenance) -> str:
    """Says why one rule beats another."""
    if winner == DUPLICATE:
        return "the first name of a tied parameter decides"
    if winner.option == "overrides":
        return "an override is written last"
    return "what is said of biases is an override, which is written last"


def chains_of(config: Config, defaults: OptimizerDefaults) -> RuleChains:
    """Returns the rules of a config; ConfigError where the lr of biases is no number."""
    rules = _Rules(config, defaults)
    found, varies = rules.in_order, rules.factor if rules.function else None
    text: Callable[[Visit], str] = attrgetter("own")
    return RuleChains(found, rules.base, rules.setting, principle, text=text, varies=varies, order=found[::-1])


class _Rules:
    """What makes the rules of one config, and settings of those that win."""

    def __init__(self, config: Config, defaults: OptimizerDefaults) -> None:
        self._config = config
        self._defaults = defaults
        self._given = given = arguments_of(config)
        self.base = _base(config, defaults, given)
        function = given.function(defaults)
        self.function = None if function is None else lru_cache(1)(function)  # the last is wanted twice
        self.in_order = [*self._of_all(), *map(self._of_override, given.overrides), *self._of_biases()]

    def _of_all(self) -> Iterator[Rule]:
        norms, function = self._given.weight_decay_norm, self._given.lr_factor_func
        if norms.value is not None:
            gives, at = _stated({"weight_decay": norms.value}), norms.at if norms.given else ()
            yield Rule(norms.rule, _is_norm, _about_norms, gives, frozenset({_NORM}), at, frozenset(gives))
        if self.function:
            gives = {"lr": self._by_function}
            yield Rule(function.rule, _always, _about_calls, gives, frozenset({_FACTOR}), function.at, frozenset(gives))

    def _of_override(self, leaf: str) -> Rule:
        stated, at = self._given.overrides[leaf], ("paramwise_cfg", "overrides", leaf)
        rule, gives = Provenance("overrides", leaf, self._config.location(*at)), _stated(stated)
        others = "" if gives else f"; it sets {', '.join(map(visible, stated)) or 'nothing'}"
        return _named(leaf, rule, at, gives, others, frozenset({_OVERRIDE}))

    def _of_biases(self) -> Iterator[Rule]:
        """The override that the options for biases come to; the grammar refuses them beside one of the same name."""
        lr, decay = self._given.bias_lr_factor, self._given.weight_decay_bias
        if self._given.scales_biases:
            product = self._scaled(lr.value, lr)
            yield _named("bias", lr.rule, lr.at, {"lr": lambda visit: product})
        if decay.value is not None:
            yield _named("bias", decay.rule, decay.at, _stated({"weight_decay": decay.value}))

    def factor(self, visit: Visit) -> float:
        """Returns what the config's function makes of a parameter's name."""
        assert self.function is not None
        at, name = self._given.lr_factor_func.at, _searched(visit)
        try:
            factor = self.function(name)
        except Exception as error:  # foreign code
            message = f"the function raises {format_exception(error)}, for {quoted(name)}"
            raise self._config.error(message, *at) from error
        if not isinstance(factor, Real) or not math.isfinite(factor) or factor < 0:
            message = f"the function returns {quoted(str(factor))} for {quoted(name)}, which is no number from 0 up"
            raise self._config.error(message, *at)
        return factor  # type: ignore[return-value]  # a Real behaves as a float does

    def _by_function(self, visit: Visit) -> Computation:
        product = self._scaled(self.factor(visit), self._given.lr_factor_func)
        return replace(product, note="base_lr times what the function returns")

    def _scaled(self, factor: Any, by: GivenArgument) -> Computation:
        base = self._given.base_lr.value
        return Computation("lr", times(self._config, "base_lr", base, factor, by.at), base, factor)

    def setting(self, won: Winners, visit: Visit) -> Setting:
        """What each rule writes, in detectron2's order: a group's key is its items, in the order of their writing."""
        held, winners = dict(self.base.written), set(won.values())
        for rule in self.in_order:
            if rule in winners:
                held.update(self._writes(rule, visit))
        lr, decay = (held.get(of, self.base.get(of)) for of in _BOTH)
        lr_rule, decay_rule = (won[of].provenance if of in won else self.base.provenance(of) for of in _BOTH)
        override = won[_OVERRIDE].provenance if _OVERRIDE in won else None
        more = {word: Value(value, override) for word, value in held.items() if word not in _BOTH}
        silent = None if override is None or self._given.overrides[visit.own] else override
        inert = self._defaults.inert(held)
        return Setting.of(lr, decay, lr_rule, decay_rule, held, inert=inert, more=more, silent=silent)

    def _writes(self, rule: Rule, visit: Visit) -> Iterator[tuple[str, Any]]:
        given: Mapping[Any, Gives] = rule.gives
        for word, value in (self._given.overrides[visit.own] if _OVERRIDE in rule.also else given).items():
            try:
                hash(value)
            except TypeError as error:
                message = f"parameters are grouped by it; reduce_param_groups would raise {format_exception(error)}"
                raise self._config.error(message, *rule.at, word, hint="from Python, give a tuple") from error
            yield word, given[word](visit).result if word in given else value


def _base(config: Config, defaults: OptimizerDefaults, given: Arguments) -> Setting:
    """Returns what every group begins with, and what the optimizer makes of it."""
    lr, decay = given.base_lr, given.weight_decay
    lr_rule, decay_rule = (
        base_rule(config, of) if each.value is None else Provenance("default", None, config.location(*each.at))
        for of, each in zip(_BOTH, (lr, decay), strict=True)
    )
    if config.layout == "detectron2":  # which gives it to the optimizer alone
        decay_rule = Provenance("default", None, config.location("solver", "WEIGHT_DECAY"))
    return Setting.of(
        defaults.lr if lr.value is None else float(lr.value),
        defaults.weight_decay if decay.value is None else float(decay.value),
        lr_rule,
        decay_rule,
        [(of, float(each.value)) for of, each in zip(_BOTH, (lr, decay), strict=True) if each.value is not None],
    )


def _stated(stated: Mapping[str, Any]) -> dict[Decided, Gives]:
    """Returns the lr and the weight decay among what is stated, as what a rule gives."""
    return {of: partial(_number, of, stated[of]) for of in _BOTH if of in stated}


def _number(of: Decided, value: Any, visit: Visit) -> Computation:
    return Computation(of, float(value))


def _named(
    leaf: str,
    rule: Provenance,
    at: Path,
    gives: Mapping[Decided, Gives],
    others: str = "",
    also: frozenset[str] = _NONE,
) -> Rule:
    """Returns a rule about all parameters of one own name."""
    return Rule(
        rule,
        lambda visit, text: text == leaf,
        lambda visit, text: f"its own name{others}" if text == leaf else f"its own name is {quoted(text)}",
        gives,
        also,
        at,
        frozenset(gives),
        lambda text: ((0, len(text)),) if text == leaf else (),
    )


def _is_norm(visit: Visit, text: str) -> bool:
    """Whether detectron2's isinstance test takes the class of the module for a norm."""
    return not _NORM_CLASSES.isdisjoint(visit.module.bases)


def _about_norms(visit: Visit, text: str) -> str:
    kind, known = visible(visit.module.short), not visit.module.families.isdisjoint({NORM_LIKE, *NORMS})
    if _is_norm(visit, text):
        return f"{kind} is a norm"
    return f"{kind} is a norm, but none that detectron2 knows" if known else f"{kind} is no norm"


def _always(visit: Visit, text: str) -> bool:
    return True


def _about_calls(visit: Visit, text: str) -> str:
    return f"called with {quoted(_searched(visit))}"


def _searched(visit: Visit) -> str:
    """Returns the name that the config's function is given: with a leading dot at the root."""
    return f"{visit.prefix}.{visit.own}"
