"""The options of one config under timm, ready to be asked once a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pgaudit.config import Config
from pgaudit.config.grammars.timm import CALL
from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basic import base_rule
from pgaudit.constructors.timm.layers import LayerScales
from pgaudit.constructors.timm.names import NameGlobs
from pgaudit.core.parameters import Hints, Parameter
from pgaudit.core.setting import Provenance, Setting

LEFT_OUT = "layer_decay_no_opt_scale"


class TimmRole(NamedTuple):
    """What decides a parameter: equal roles have equal settings, and stand in one group unless a layer is between."""

    layer: int | None
    """None without layer decay."""
    decays: bool
    fallback: bool
    option: str
    """What decides the weight decay."""
    key: str | None = None


class TimmRules:
    """The options of one config."""

    def __init__(self, config: Config, facts: OptimizerDefaults, hints: Hints) -> None:
        self._config = config
        self._facts = facts
        self._hints = hints
        self.options: Mapping[str, Any] = config.paramwise_cfg or {}
        given = config.optimizer.get("weight_decay", 0.0)
        self.decay: float = 0.0 if given is None else given
        self.filters = bool(self.options.get("filter_bias_and_bn", True))
        self.layers = LayerScales.of(config, hints)
        if self.layers and given is None:
            raise config.error(
                "weight_decay is null, which layer decay would write into groups; the first step would raise TypeError",
                *("optimizer", "weight_decay"),
                hint="weight_decay: 0.0 is none",
            )
        if "no_weight_decay()" in hints.raised:
            raise self._raised("no_weight_decay()", "paramwise_cfg")
        listed = tuple(self.options.get("fallback_list", ()))
        if self.options.get("fallback_no_weight_decay"):
            listed += self._asked_for("fallback_no_weight_decay")
        self._fallback = NameGlobs(listed) if listed else None
        # Layer decay asks the model only about parameters that are not filtered.
        asks = self.decay and not self.layers
        self._exempt = NameGlobs(self._asked_for("paramwise_cfg")) if asks else None
        self._settings: dict[TimmRole, Setting] = {}
        self.lr_rule = base_rule(config, "lr")
        self.base = Setting.of(facts.lr, float(self.decay), self.lr_rule, self.rule("default"))

    def role(self, parameter: Parameter) -> TimmRole:
        """Returns what decides a trainable parameter."""
        name = parameter.name
        fallback = self._fallback is not None and self._fallback.first(name) is not None
        layer = self.layers.of_name(name) if self.layers else None
        if layer is None and not self.decay:
            return TimmRole(None, False, fallback, "default")
        if self.filters and self.filtered(parameter):
            return TimmRole(layer, False, fallback, "filter_bias_and_bn")
        key = self.exempt(name)
        if key is not None:
            # A name tells no more than the parameter's own; a glob does.
            return TimmRole(layer, False, fallback, "no_weight_decay", None if key == name else key)
        return TimmRole(layer, True, fallback, "default")

    def filtered(self, parameter: Parameter) -> bool:
        """Whether ``filter_bias_and_bn`` means it: a vector or, without layer decay, anything called ``bias``.

        A lazy module's parameter is a vector to torch until it has a shape.
        """
        return len(parameter.shape) <= 1 or (not self.layers and parameter.name.endswith(".bias"))

    def exempt(self, name: str) -> str | None:
        """Returns the name itself, or the glob that means it, if it stands in the model's ``no_weight_decay()``."""
        if self._exempt is None:
            self._exempt = NameGlobs(self._asked_for("paramwise_cfg"))
        return self._exempt.first(name)

    def leaves_out(self, role: TimmRole) -> bool:
        """Whether ``layer_decay_no_opt_scale`` leaves a parameter out of the optimizer."""
        return self.layers is not None and role.layer is not None and self.layers.leaves_out(role.layer)

    def setting(self, role: TimmRole) -> Setting:
        """Returns what a parameter gets; one object for all under the same rules."""
        found = self._settings.get(role)
        if found is None:
            found = self._settings[role] = self._made(role)
        return found

    def rule(self, option: str, key: str | None = None) -> Provenance:
        """Returns a rule, with its place if the config gives it."""
        if option == "default":
            return Provenance("default", None, self._config.location("optimizer", "weight_decay"))
        return Provenance(
            option, key, self._config.location("paramwise_cfg", option) if option in self.options else None
        )

    def _made(self, role: TimmRole) -> Setting:
        decay = self.decay if role.decays else 0.0
        decay_rule = self.rule(role.option, role.key)
        written: dict[str, Any] = {"weight_decay": decay}
        lr_rule = self.lr_rule
        if role.layer is not None:
            assert self.layers is not None
            if self.layers.leaves_out(role.layer):
                return Setting.left_out(self.rule(LEFT_OUT))
            written = {"lr_scale": self.layers.scales[role.layer], **written}
            lr_rule = self.rule(self.layers.option(role.layer))
        if role.fallback:
            written["use_fallback"] = True
        return Setting.of(self._facts.lr, float(decay), lr_rule, decay_rule, written)

    def _asked_for(self, option: str) -> tuple[str, ...]:
        if "no_weight_decay" in self._hints.raised:
            raise self._raised("no_weight_decay", option)
        return self._hints.no_weight_decay

    def _raised(self, what: str, option: str) -> Exception:
        at = () if option == "paramwise_cfg" else (option,)
        said = self._hints.raised[what]
        return self._config.error(
            f"{CALL} asks the model for no_weight_decay(), and would raise {said}", "paramwise_cfg", *at
        )
