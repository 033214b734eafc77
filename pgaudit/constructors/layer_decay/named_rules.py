"""The layer decays that go by names, under one config and for one model, as rule chains."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol

from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basic import (
    base_rule,
    untouched,
)
from pgaudit.constructors.engine import RuleChains, Winners
from pgaudit.constructors.evaluation import Computation, Decided
from pgaudit.constructors.layer_decay.shared import (
    layer_rule,
    layered,
    no_lr,
    power,
)
from pgaudit.constructors.layer_decay.stages import Layers, Unplaced
from pgaudit.constructors.rule import Gives, Rule, base_value
from pgaudit.core.config import Config
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import Provenance, Setting
from pgaudit.text import quoted

NO_DECAY = Provenance("no_decay")
"""The library's own rule, by its word for such groups."""


class LayersByName(Protocol):
    """What one of the libraries does in its own way."""

    call: str
    """The method that makes the groups."""
    rate: str
    """The option that says by what a layer's lr is a multiple of the next."""

    def layers(self, inventory: Inventory, config: Config) -> Layers:
        """Returns how layers are told."""

    def group_of(self, layer: Any) -> str:
        """Returns the name of a layer's groups."""

    def spared(self, name: str) -> str | None:
        """Returns why a name has no weight decay; None where it has."""


class NamedRules:
    """The options of one config, for one model."""

    def __init__(
        self, constructor: LayersByName, inventory: Inventory, config: Config, defaults: OptimizerDefaults
    ) -> None:
        self._constructor = constructor
        self._inventory = inventory
        self._config = config
        self._defaults = defaults
        self._call = constructor.call

    def chains(self) -> RuleChains:
        """Returns what has no weight decay, which is the library's own rule, and the layer, which decides the lr."""
        base = untouched(self._config, self._defaults)

        rules = []
        if self._config.paramwise_cfg:
            gives: dict[Decided, Gives] = {"weight_decay": lambda visit: Computation("weight_decay", 0.0)}
            exempts = Rule(NO_DECAY, lambda visit, _: self._exempt(visit) is not None, self._says, gives)
            layer = layer_rule(self._config, self._constructor.rate, self._layer_in_words, self._lr)
            rules = [exempts, base_value(base, "weight_decay", "all others decay"), layer]
        return RuleChains(rules, base, self._setting, varies=self._group)

    @cached_property
    def _layers(self) -> Layers:
        return self._constructor.layers(self._inventory, self._config)

    @cached_property
    def rate(self) -> Any:
        """By what a layer's lr is a multiple of the next layer's."""
        rate = (self._config.paramwise_cfg or {}).get(self._constructor.rate)
        if rate is None:  # not in a config that was read, but in one that a check makes
            what = f"{quoted(self._constructor.rate)} is missing; {self._call} would raise TypeError"
            raise self._config.error(what, "paramwise_cfg")
        return rate

    def layer(self, name: str) -> Any:
        """Returns a parameter's layer; raises ConfigError where the library fails on the name."""
        try:
            return self._layers.of(name)
        except Unplaced as error:
            raise self._config.error(f"{self._call} would raise {error}, at {quoted(name)}", "paramwise_cfg") from error

    def _group(self, visit: Visit) -> str:
        return self._constructor.group_of(self.layer(visit.name))

    def _deciding_layer(self, visit: Visit) -> Any:
        """The layer by which a parameter gets its lr: its own. Where layers are no whole numbers, two may have one
        name, and the first parameter of the group decides.
        """
        if float(self._layers.count).is_integer():
            return self.layer(visit.name)
        group = self._group(visit), self._exempt(visit) is None
        trained = (
            self._inventory.first_name(index)
            for index, each in enumerate(self._inventory.parameters)
            if each.reachable and each.trainable
        )
        same = (each for each in trained if (self._group(each), self._exempt(each) is None) == group)
        return self.layer(next(same, visit).name)

    def _exempt(self, visit: Visit) -> str | None:
        """Why a parameter has no weight decay; None where it has."""
        parameter, name = self._inventory.parameters[visit.index], visit.name
        if parameter.shape == () and not parameter.numel:
            raise self._config.error(
                f"{quoted(name)} has no shape yet; {self._call} would raise RuntimeError", "paramwise_cfg"
            )
        if len(parameter.shape) == 1:
            return "it has one dimension"
        return f"its name ends in {quoted('.bias')}" if name.endswith(".bias") else self._constructor.spared(name)

    def _says(self, visit: Visit, _: str) -> str:
        dimensions = len(self._inventory.parameters[visit.index].shape)
        return self._exempt(visit) or f"it has {dimensions} dimensions, and its name does not end in {quoted('.bias')}"

    def _layer_in_words(self, visit: Visit) -> str:
        return layered(self._deciding_layer(visit), self._layers.count)

    def _lr(self, visit: Visit) -> Computation:
        base_lr, at = self._config.optimizer.get("lr"), ("paramwise_cfg", self._constructor.rate)
        exponent = self._layers.count - self._deciding_layer(visit) - 1
        scale = power(self._config, self.rate, exponent, at)
        if base_lr is None:
            raise no_lr(self._config, self._call, visit.name)
        note = f"{self._layer_in_words(visit)}: {self.rate:g}^{exponent:g}"
        return Computation("lr", times(self._config, "lr", base_lr, scale, at), base_lr, scale, note)

    def _setting(self, won: Winners, visit: Visit) -> Setting:
        decays = won["weight_decay"].provenance != NO_DECAY
        lr = won["lr"].gives["lr"](visit)
        decay = self._config.optimizer.get("weight_decay") if decays else 0.0
        if decay is None:
            raise self._config.error(
                f"there is no weight_decay; {self._call} writes None into groups, and the first step raises TypeError",
                "optimizer",
                hint="give the optimizer a weight_decay; 0.0 is one",
            )
        group = {
            "weight_decay": decay,
            "lr_scale": lr.mult,
            "group_name": f"{self._group(visit)}_{'decay' if decays else 'no_decay'}",
            "lr": lr.result,
        }
        inert = self._defaults.inert(group)  # no scheduler of mmengine's looks for lr_scale
        decay_rule = base_rule(self._config, "weight_decay") if decays else NO_DECAY
        return Setting.of(lr.result, float(decay), won["lr"].provenance, decay_rule, group, inert=inert)
