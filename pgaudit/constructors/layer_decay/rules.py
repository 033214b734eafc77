"""mmpretrain's layer decay under one config as rule chains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basic import untouched
from pgaudit.constructors.engine import RuleChains, Winners
from pgaudit.constructors.evaluation import Computation
from pgaudit.constructors.layer_decay.options import OPTIONS, RATE
from pgaudit.constructors.layer_decay.shared import layer_rule, layered, no_lr, power
from pgaudit.constructors.openmmlab import custom_keys
from pgaudit.constructors.openmmlab.options import Option
from pgaudit.constructors.rule import Rule, base_value
from pgaudit.core.config import Config
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import Provenance, Setting
from pgaudit.text import quoted

CALL = "mmpretrain's LearningRateDecayOptimWrapperConstructor.add_params"
_STATES = frozenset({"weight_decay"})


class LayerDecayRules:
    """The custom keys and options of one config, for one model."""

    def __init__(self, config: Config, defaults: OptimizerDefaults, inventory: Inventory) -> None:
        self._config = config
        self._defaults = defaults
        self._depths = inventory.hints.layer_depths
        self._model = inventory.model_type.short
        self._options: Mapping[str, Any] = config.paramwise_cfg or {}
        self._custom: Mapping[str, Any] = self._options.get("custom_keys", {})
        self._base_lr = config.optimizer.get("lr")
        self._base_wd = config.optimizer.get("weight_decay")
        self.rate = self._options.get(RATE, 1.0)

    def chains(self) -> RuleChains:
        """Returns custom keys, then options; the layer alone decides the lr."""
        base = untouched(self._config, self._defaults)
        rules = list(self._rules(base)) if self._options else []
        return RuleChains(rules, base, self._setting, principle, varies=self.depth)

    def refuse_shallow(self) -> None:
        """Raises ConfigError for a model that cannot tell the layers of its parameters."""
        if self._depths is None:
            raise self._config.error(
                f"{quoted(self._model)} has no get_layer_depth; {CALL} would raise NotImplementedError",
                "paramwise_cfg",
                hint="mmpretrain's classifiers have one; give the model one: name → (layer, number of layers)",
            )

    def depth(self, visit: Visit) -> tuple[float, float]:
        """Returns a parameter's layer, counted from 0, and how many there are.

        Raises:
            ConfigError: the model's get_layer_depth raises.
        """
        depth = (self._depths or {})[visit.name]
        if isinstance(depth, str):
            what = f"the model's get_layer_depth({quoted(visit.name)}) raises {depth}"
            raise self._config.error(what, "paramwise_cfg")
        return depth

    def _rules(self, base: Setting) -> Iterator[Rule]:
        yield from map(self._of_key, custom_keys.in_order(self._custom))
        for option in OPTIONS:
            if self._options.get(option.name) is not None:
                yield self._of_option(option)
        yield base_value(base, "weight_decay", "no rule speaks about its weight decay")
        yield layer_rule(self._config, RATE, self._layer, self._lr)

    def _of_option(self, option: Option) -> Rule:
        at = ("paramwise_cfg", option.name)
        return Rule(
            Provenance(option.name, None, self._config.location(*at)),
            lambda visit, _: option.matches(visit),
            lambda visit, _: option.says(visit),
            {"weight_decay": partial(self._product, self._options, option.name, at)},
            at=at,
            states=_STATES,
        )

    def _of_key(self, key: str) -> Rule:
        at = ("paramwise_cfg", "custom_keys", key)
        stated = self._custom[key]

        def gives(visit: Visit) -> Computation:
            product = self._product(stated, "decay_mult", at, visit)  # made even where it is lost
            if "weight_decay" not in stated:
                return product
            lost = "the decay_mult beside it is lost" if "decay_mult" in stated else None
            return Computation("weight_decay", float(stated["weight_decay"]), note=lost)

        states = _STATES if {"decay_mult", "weight_decay"} & set(stated) else frozenset[str]()
        return custom_keys.key_rule(self._config, key, {"weight_decay": gives}, states)

    def _product(self, stated: Mapping[str, Any], word: str, at: tuple[str, ...], visit: Visit) -> Computation:
        mult = stated.get(word, 1.0)
        decay = times(self._config, "weight_decay", self._base_wd, mult, at)
        return Computation("weight_decay", decay, self._base_wd, mult, None if word in stated else f"no {word} given")

    def _layer(self, visit: Visit) -> str:
        return layered(*self.depth(visit))

    def _scale(self, visit: Visit) -> float:
        layer, layers = self.depth(visit)
        scale: float = power(self._config, self.rate, layers - layer - 1, ("paramwise_cfg", RATE))
        return scale

    def _lr(self, visit: Visit) -> Computation:
        scale, (layer, layers) = self._scale(visit), self.depth(visit)
        if self._base_lr is None:
            raise no_lr(self._config, CALL, visit.name)
        lr = times(self._config, "lr", self._base_lr, scale, ("paramwise_cfg", RATE))
        note = f"{layered(layer, layers)}: {self.rate:g}^{layers - layer - 1:g}"
        return Computation("lr", lr, self._base_lr, scale, note)

    def _setting(self, won: Winners, visit: Visit) -> Setting:
        lr = won["lr"].gives["lr"](visit)
        if self._base_wd is None:
            raise self._config.error(
                f"there is no weight_decay; {CALL} would raise KeyError: 'weight_decay' when it has made all groups",
                "optimizer",
                hint="give the optimizer a weight_decay; 0.0 is one",
            )
        rule = won["weight_decay"]
        decay = self._base_wd if rule.provenance.is_base else rule.gives["weight_decay"](visit).result
        group = {"weight_decay": decay, **self._copied(rule)}
        group |= {"lr": lr.result, "lr_scale": lr.mult, "layer_id": self.depth(visit)[0]}
        group.pop("param_name", None)  # the library overwrites a custom key's with the parameter's own
        inert = self._defaults.inert(group)  # no scheduler of mmengine's looks for lr_scale
        held = float(group["weight_decay"])
        return Setting.of(lr.result, held, won["lr"].provenance, rule.provenance, group, inert=inert)

    def _copied(self, rule: Rule) -> dict[str, Any]:
        """All that stands under a custom key, but the multiplier."""
        if rule.provenance.option != "custom_keys":
            return {}
        return {word: value for word, value in self._custom[rule.provenance.key or ""].items() if word != "decay_mult"}


def principle(winner: Provenance, loser: Provenance) -> str:
    """Says why one rule beats another."""
    if winner.option == "frozen":
        return "a frozen parameter is passed over before any rule is asked"
    if winner.option == "custom_keys" and loser.option == "custom_keys":
        return custom_keys.why_first(winner, loser)
    if winner.option == "custom_keys":
        return "a custom key leaves the options no turn"
    in_options = "norms are asked for first, then biases, then vectors"
    return in_options if winner.option in {option.name for option in OPTIONS} else "the layer alone decides the lr"
