"""mmpretrain's options of one config, ready to be asked once a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pgaudit.config import Config
from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basic import base_rule, untouched
from pgaudit.constructors.layer_decay.options import OPTIONS, RATE, matches
from pgaudit.constructors.layer_decay.shared import no_lr, power
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import Provenance, Setting
from pgaudit.text import quoted

CALL = "mmpretrain's LearningRateDecayOptimWrapperConstructor.add_params"


class LayerRole(NamedTuple):
    """What decides a parameter: equal roles have equal settings."""

    key: str | None
    option: str | None
    """What decides the weight decay: a custom key, else an option, else neither."""
    layer: float
    layers: float

    @property
    def exponent(self) -> float:
        """Of the rate: 0 for the last layer."""
        return self.layers - self.layer - 1


class LayerDecayRules:
    """The custom keys and options of one config, for one model."""

    def __init__(self, config: Config, facts: OptimizerDefaults, inventory: Inventory) -> None:
        self._config = config
        self._facts = facts
        self._depths = inventory.hints.layer_depths
        self._model = inventory.model_type.short
        self.options: Mapping[str, Any] = config.paramwise_cfg or {}
        self.given = tuple(option for option in OPTIONS if self.options.get(option) is not None)
        self.base_lr = config.optimizer.get("lr")
        self.base_wd = config.optimizer.get("weight_decay")
        self.rate = self.options.get(RATE, 1.0)
        self.custom: Mapping[str, Any] = self.options.get("custom_keys", {})
        # The longest key wins; among equally long ones the first in the alphabet.
        self.keys = sorted(sorted(self.custom), key=len, reverse=True)
        self.untouched = untouched(config, facts)
        self._facts = facts
        self.lr_rule = self.rule(RATE) if RATE in self.options else base_rule(config, "lr")
        self._settings: dict[LayerRole, Setting] = {}

    def refuse_shallow(self) -> None:
        """Raises ConfigError for a model that cannot tell the layers of its parameters."""
        if self._depths is None:
            raise self._config.error(
                f"{quoted(self._model)} has no get_layer_depth; {CALL} would raise NotImplementedError",
                "paramwise_cfg",
                hint="mmpretrain's classifiers have one; give the model one: name → (layer, number of layers)",
            )

    def role(self, visit: Visit) -> LayerRole:
        """Returns what decides a trainable parameter.

        Raises:
            ConfigError: the model's get_layer_depth raises.
        """
        name = visit.name
        depth = (self._depths or {})[name]
        if isinstance(depth, str):
            raise self._config.error(f"the model's get_layer_depth({quoted(name)}) raises {depth}", "paramwise_cfg")
        for key in self.keys:
            if key in name:
                return LayerRole(key, None, *depth)
        for option in self.given:
            if matches(option, visit):
                return LayerRole(None, option, *depth)
        return LayerRole(None, None, *depth)

    def setting(self, role: LayerRole, visit: Visit) -> Setting:
        """Returns what a parameter gets."""
        found = self._settings.get(role)
        if found is None:
            found = self._settings[role] = self._made(role, visit)
        return found

    def rule(self, option: str, key: str | None = None) -> Provenance:
        """Returns an option, or a custom key, as a rule."""
        at = (option,) if key is None else (option, key)
        return Provenance(option, key, self._config.location("paramwise_cfg", *at))

    def scale(self, role: LayerRole) -> float:
        """Returns by what the lr of a layer is multiplied."""
        scale: float = power(self._config, self.rate, role.exponent, ("paramwise_cfg", RATE))
        return scale

    def _made(self, role: LayerRole, visit: Visit) -> Setting:
        scale = self.scale(role)
        if self.base_lr is None:
            raise no_lr(self._config, CALL, visit.name)
        if self.base_wd is None:
            raise self._config.error(
                f"there is no weight_decay; {CALL} would raise KeyError: 'weight_decay' when it has made all groups",
                "optimizer",
                hint="give the optimizer a weight_decay; 0.0 is one",
            )
        lr = times(self._config, "lr", self.base_lr, scale, ("paramwise_cfg", RATE))
        group, rule = self._decay(role)
        group |= {"lr": lr, "lr_scale": scale, "layer_id": role.layer}
        group.pop("param_name", None)  # the library overwrites a custom key's with the parameter's own
        inert = self._facts.inert(group)  # no scheduler of mmengine's looks for lr_scale
        return Setting.of(lr, float(group["weight_decay"]), self.lr_rule, rule, group, inert=inert)

    def _decay(self, role: LayerRole) -> tuple[dict[str, Any], Provenance]:
        if role.key is not None:
            at = ("paramwise_cfg", "custom_keys", role.key)
            stated = dict(self.custom[role.key])
            decay = times(self._config, "weight_decay", self.base_wd, stated.pop("decay_mult", 1.0), at)
            return {"weight_decay": decay, **stated}, self.rule("custom_keys", role.key)
        if role.option is not None:
            mult, at_option = self.options[role.option], ("paramwise_cfg", role.option)
            decay = times(self._config, "weight_decay", self.base_wd, mult, at_option)
            return {"weight_decay": decay}, self.rule(role.option)
        return {"weight_decay": self.base_wd}, base_rule(self._config, "weight_decay")
