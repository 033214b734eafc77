"""The options of one config under timm as rule chains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.basic import base_rule
from pgaudit.constructors.engine import RuleChains, Winners
from pgaudit.constructors.evaluation import BOTH, Computation, Decided
from pgaudit.constructors.rule import Gives, Rule, base_value
from pgaudit.constructors.timm.errors import CALL
from pgaudit.constructors.timm.layers import LayerScales
from pgaudit.constructors.timm.names import NameGlobs
from pgaudit.core.config import Config
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import Provenance, Setting
from pgaudit.text import quoted

FILTER, NO_DECAY, LEFT_OUT = "filter_bias_and_bn", "no_weight_decay", "layer_decay_no_opt_scale"
_LAYER_DECAY, _LEAST = "layer_decay", "layer_decay_min_scale"
_LR = frozenset({"lr"})


class TimmRules:
    """The options of one config, for one model."""

    def __init__(self, config: Config, defaults: OptimizerDefaults, inventory: Inventory) -> None:
        self._config = config
        self._defaults = defaults
        self._inventory = inventory
        self._hints = inventory.hints
        self._options: Mapping[str, Any] = config.paramwise_cfg or {}
        given = config.optimizer.get("weight_decay", 0.0)
        self._decay: float = 0.0 if given is None else given
        self._filtering = bool(self._options.get(FILTER, True))
        self.layers = LayerScales.of(config, self._hints)
        if self.layers and given is None:
            raise config.error(
                "weight_decay is null, which layer decay would write into groups; the first step would raise TypeError",
                *("optimizer", "weight_decay"),
                hint="weight_decay: 0.0 is none",
            )
        if "no_weight_decay()" in self._hints.raised:
            raise self._raised("no_weight_decay()", "paramwise_cfg")
        listed = tuple(self._options.get("fallback_list", ()))
        if self._options.get("fallback_no_weight_decay"):
            listed += self._asked_for("fallback_no_weight_decay")
        self._fallback = NameGlobs(listed) if listed else None
        # Layer decay asks the model only about parameters that are not filtered.
        self._exempt = NameGlobs(self._asked_for("paramwise_cfg")) if self._decay and not self.layers else None
        self._default = Provenance("default", None, config.location("optimizer", "weight_decay"))

    def chains(self) -> RuleChains:
        """Returns the rules: what leaves a layer out, what takes the weight decay away, and what scales the lr."""
        base = Setting.of(self._defaults.lr, float(self._decay), base_rule(self._config, "lr"), self._default)
        rules = [*self._leaving_out(), *self._exempting(base), *self._scaling()]
        order = sorted(rules, key=lambda rule: rule.provenance.option == _LAYER_DECAY)  # the least scale beats it
        return RuleChains(
            rules, base, self._setting, principle, varies=self._varies, order=order, why_base="one lr for all"
        )

    def group_key(self, visit: Visit, setting: Setting) -> tuple[int | None, bool, bool]:
        """Returns what parameters of one group have in common: layer, whether they decay, and the fallback."""
        layer = self.layers.of_name(visit.name) if self.layers else None
        decay_rule = setting.weight_decay_rule
        return layer, decay_rule is not None and decay_rule.option == "default", "use_fallback" in setting.extra

    def _varies(self, visit: Visit) -> tuple[int | None, bool]:
        fallback = self._fallback is not None and self._fallback.first(visit.name) is not None
        return self.layers.of_name(visit.name) if self.layers else None, fallback

    def _leaving_out(self) -> Iterator[Rule]:
        layers = self.layers
        if layers is None or not layers.threshold:
            return

        def says(visit: Visit, _: str) -> str:
            return f"{_scale(layers, visit)}, which is under {layers.threshold:g}: left out, and frozen"

        def leaves_out(visit: Visit, _: str) -> bool:
            return layers.leaves_out(layers.of_name(visit.name))

        at = ("paramwise_cfg", LEFT_OUT)
        yield Rule(self._rule(LEFT_OUT), leaves_out, says, also=BOTH, at=at, states=_LR, ends=True)

    def _exempting(self, base: Setting) -> Iterator[Rule]:
        """What takes the weight decay away, and the weight decay itself."""
        why = "nothing takes the weight decay away"
        if not self._decay and not self.layers:
            why = "there is no weight decay to take away"
        else:
            yield from self._taking_decay()
        yield base_value(base, "weight_decay", why)

    def _taking_decay(self) -> Iterator[Rule]:
        """The filter, then the model's own ``no_weight_decay()``: names together, globs one by one."""
        gives: dict[Decided, Gives] = {"weight_decay": lambda visit: Computation("weight_decay", 0.0)}
        yield Rule(self._rule(FILTER), self._filters, self._about_shapes, gives)
        yield Rule(self._rule(NO_DECAY), self._is_named, self._about_names, gives, called=self._naming)

    def _scaling(self) -> Iterator[Rule]:
        layers = self.layers
        if layers is None:
            return
        gives: dict[Decided, Gives] = {
            "lr": lambda visit: Computation("lr", self._defaults.lr, note="timm's schedulers scale it")
        }

        def says(visit: Visit, _: str) -> str:
            return _scale(layers, visit)

        at = ("paramwise_cfg", _LAYER_DECAY)
        yield Rule(self._rule(_LAYER_DECAY), lambda *_: True, says, gives, at=at, states=_LR)
        if _LEAST in self._options and layers.least:
            at = ("paramwise_cfg", _LEAST)

            def holds(visit: Visit, _: str) -> bool:
                return layers.option(layers.of_name(visit.name)) == _LEAST

            yield Rule(self._rule(_LEAST), holds, lambda *_: f"at least {layers.least:g}", gives, at=at, states=_LR)

    def _filters(self, visit: Visit, _: str) -> bool:
        """Whether ``filter_bias_and_bn`` means it: a vector or, without layer decay, anything called ``bias``.

        A lazy module's parameter is a vector to torch until it has a shape.
        """
        return self._filtering and (visit.ndim <= 1 or (not self.layers and visit.name.endswith(".bias")))

    def _key(self, visit: Visit) -> str | None:
        """The name itself, or the glob that means it, if it stands in the model's ``no_weight_decay()``."""
        if self._exempt is None:
            self._exempt = NameGlobs(self._asked_for("paramwise_cfg"))
        return self._exempt.first(visit.name)

    def _is_named(self, visit: Visit, _: str) -> bool:
        return self._key(visit) is not None

    def _naming(self, visit: Visit) -> Provenance:
        """A name tells no more than the parameter's own; a glob does."""
        key = self._key(visit)
        return self._rule(NO_DECAY, None if key == visit.name else key)

    def _about_names(self, visit: Visit, _: str) -> str:
        if self._key(visit) is not None:
            return "the model's no_weight_decay() names it"
        named = len(self._hints.no_weight_decay)
        return f"none of the {named} names in the model's no_weight_decay()" if named else "the model names none"

    def _about_shapes(self, visit: Visit, _: str) -> str:
        if not self._filtering:
            return "it is off"
        dimensions = visit.ndim
        if not dimensions and not self._inventory.parameters[visit.index].numel:
            return "it has no shape yet, which torch takes for a vector"
        if dimensions <= 1:
            return f"it has {dimensions} dimension{'s' if dimensions != 1 else ''}"
        if not visit.name.endswith(".bias"):
            return f"it has {dimensions} dimensions" + ("" if self.layers else f", and is no {quoted('.bias')}")
        return (
            f"it has {dimensions} dimensions; layer decay asks for no name" if self.layers else "its name ends in .bias"
        )

    def _setting(self, won: Winners, visit: Visit) -> Setting:
        if "lr" in won and won["lr"].provenance.option == LEFT_OUT:
            return Setting.left_out(won["lr"].provenance)
        winner = won["weight_decay"]
        decay_rule = winner.called(visit) if winner.called else winner.provenance
        decay: float = self._decay if decay_rule.is_base else 0.0
        layer, fallback = self._varies(visit)
        scales = self.layers.scales if self.layers else ()
        written: dict[str, Any] = {} if layer is None else {"lr_scale": scales[layer]}
        written["weight_decay"] = decay
        if fallback:
            written["use_fallback"] = True
        lr_rule = won["lr"].provenance if "lr" in won else base_rule(self._config, "lr")
        return Setting.of(self._defaults.lr, float(decay), lr_rule, decay_rule, written)

    def _rule(self, option: str, key: str | None = None) -> Provenance:
        """A rule, with its place if the config gives it."""
        at = self._config.location("paramwise_cfg", option) if option in self._options else None
        return Provenance(option, key, at)

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


def principle(winner: Provenance, loser: Provenance) -> str:
    """Says why one rule beats another."""
    if winner.option == "frozen":
        return "a frozen parameter is passed over before any rule is asked"
    if winner.option == LEFT_OUT:
        return "the whole layer is left out"
    if winner.option in (_LAYER_DECAY, _LEAST):
        return "the greater scale holds"
    return "the number of dimensions is asked for first"


def _scale(layers: LayerScales, visit: Visit) -> str:
    layer = layers.of_name(visit.name)
    power = layers.last - layer
    return f"layer {layer} of 0 to {layers.last}: scale {layers.decay:g} ** {power} = {layers.decay**power:.6g}"
