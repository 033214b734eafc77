"""The walk that the layer decays of mmdet, mmseg and mmpose share: layers by names, and a group for each layer, with
and without weight decay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pgaudit.config import Config
from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import Decision, Decisions, OptimizerDefaults, Unread
from pgaudit.constructors.basic import base_rule, conflicts_of, one_group, refuse_raising, untouched
from pgaudit.constructors.evaluation import Computation, Decided, Occurrence, RuleEvaluation
from pgaudit.constructors.known_options import FOREIGN_OPTIONS
from pgaudit.constructors.layer_decay.options import rate_pattern
from pgaudit.constructors.layer_decay.shared import (
    FROZEN,
    FROZEN_RULE,
    LayerDecay,
    layered,
    no_lr,
    power,
    refuse_without_parameters,
)
from pgaudit.constructors.layer_decay.stages import Layers, Unplaced, layers_of
from pgaudit.constructors.patterns import Pattern
from pgaudit.core.parameters import Inventory, Parameter
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.text import quoted

NO_DECAY = Provenance("no_decay")
"""The library's own rule, by its word for such groups."""

_BOTH: frozenset[Decided] = frozenset({"lr", "weight_decay"})


RATE_IS = "lr of a layer, as a multiple of the next layer's"


class NamedLayerDecay(LayerDecay):
    """Layer decay that reads three options and nothing else."""

    transformers: tuple[str, ...] = ()
    """The parts of backbones' class names by which a transformer is known."""
    rate = "decay_rate"
    """The option that says by what a layer's lr is a multiple of the next."""
    call: str
    """The method that makes the groups."""
    options: Mapping[str, str] = {
        "num_layers": "layers of the backbone; stem and head are two more",
        "decay_rate": RATE_IS,
        "decay_type": "what a layer is: layer_wise or stage_wise",
    }

    def decide(self, inventory: Inventory, config: Config, facts: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        base = untouched(config, facts)
        if not config.paramwise_cfg:
            return one_group(inventory, base, config)
        refuse_raising(config, inventory, ["named_parameters"], self.call, "paramwise_cfg")
        decisions = [Decision(NOT_OPTIMIZED, None)] * len(inventory.parameters)
        depths: list[int | None] = [None] * len(decisions)
        made: dict[tuple[str, bool], Decision] = {}
        layers: Layers | None = None

        def under(parameter: Parameter) -> tuple[Decision, Any]:
            """What a trainable parameter gets by its name, and its layer."""
            nonlocal layers
            layers = layers or self.layers(inventory, config)
            layer, decays = self._layer(config, layers, parameter.name), self._exempt(config, parameter) is None
            key = self.group_of(layer), decays
            if key not in made:
                setting = self._setting(config, layers, layer, decays, parameter.name)
                inert = facts.inert(dict(setting.written))  # no scheduler of mmengine's looks for lr_scale
                made[key] = Decision(replace(setting, inert=inert), len(made))
            return made[key], layer

        for index, parameter in enumerate(inventory.parameters):
            if index in inventory.unnamed:
                continue
            if not parameter.trainable:
                decisions[index] = Decision(FROZEN, None)
                continue
            decisions[index], layer = under(parameter)
            depths[index] = int(layer)
        refuse_without_parameters(config, self.call, decisions)
        again = conflicts_of(
            inventory, decisions, lambda visit: under(inventory.parameters[visit.index]._replace(name=visit.name))[0]
        )
        return Decisions(tuple(decisions), base, again, tuple(depths) if self._given(config) != 1 else None)

    def layers(self, inventory: Inventory, config: Config) -> Layers:
        """Returns how this model's layers are told."""
        return layers_of(config, inventory.hints, self.decay_type(config), self.transformers, self.call)

    def decay_type(self, config: Config) -> str:
        """Returns which way is chosen."""
        chosen: str = (config.paramwise_cfg or {}).get("decay_type", "layer_wise")
        return chosen

    def group_of(self, layer: Any) -> str:
        """Returns how a layer's groups are named: two layers of one name share them."""
        return f"layer_{layer}"  # of which 4.0 is another than 4

    def spared(self, name: str) -> str | None:
        """Returns why the name alone spares a parameter the weight decay; None where it does not."""
        return "that is its whole name" if name in ("pos_embed", "cls_token") else None

    def deciding(self, inventory: Inventory, config: Config, layers: Layers, parameter: Parameter) -> Any:
        """Returns the layer by which a parameter gets its lr: its own."""
        return self._layer(config, layers, parameter.name)

    def patterns(self, config: Config, facts: OptimizerDefaults) -> Sequence[Pattern]:
        """Layer decay alone."""
        return [rate_pattern(config, self.rate)] if config.paramwise_cfg else []

    def principle(self, winner: Provenance, loser: Provenance) -> str:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return "the layer alone decides the lr"

    def evaluations(
        self, inventory: Inventory, config: Config, facts: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """Each parameter is met once, under its first name."""
        parameter = inventory.parameters[index]
        if not config.paramwise_cfg:
            yield from super().evaluations(inventory, config, facts, index)
        elif index in inventory.unnamed:
            return
        elif parameter.trainable:
            yield Occurrence(parameter.name, tuple(self._asked(inventory, config, parameter)))
        else:
            yield Occurrence(parameter.name, (RuleEvaluation(FROZEN_RULE, True, "it is frozen: left out", (), _BOTH),))

    def unread(self, config: Config, facts: OptimizerDefaults) -> Iterator[Unread]:
        """Custom keys and all multipliers, too: see :class:`pgaudit.constructors.base.Constructor`."""
        read = frozenset(self.options)
        hint = f"this constructor reads {', '.join(sorted(read))}, and nothing else: remove it"
        for option in config.paramwise_cfg or {}:
            if option not in read:
                yield Unread(
                    ("paramwise_cfg", option), read, FOREIGN_OPTIONS, hint=hint if option in FOREIGN_OPTIONS else None
                )

    def _layer(self, config: Config, layers: Layers, name: str) -> Any:
        try:
            return layers.of(name)
        except Unplaced as error:
            raise config.error(f"{self.call} would raise {error}, at {quoted(name)}", "paramwise_cfg") from error

    def _exempt(self, config: Config, parameter: Parameter) -> str | None:
        """Why a parameter has no weight decay; None where it has."""
        if parameter.shape == () and not parameter.numel:
            raise config.error(
                f"{quoted(parameter.name)} has no shape yet; {self.call} would raise RuntimeError", "paramwise_cfg"
            )
        if len(parameter.shape) == 1:
            return "it has one dimension"
        if parameter.name.endswith(".bias"):
            return f"its name ends in {quoted('.bias')}"
        return self.spared(parameter.name)

    def _setting(self, config: Config, layers: Layers, layer: Any, decays: bool, name: str) -> Setting:
        scale, decay = self._scale(config, layers, layer), config.optimizer.get("weight_decay") if decays else 0.0
        base_lr = config.optimizer.get("lr")
        if base_lr is None:
            raise no_lr(config, self.call, name)
        if decay is None:
            raise config.error(
                f"there is no weight_decay; {self.call} writes None into groups, and the first step raises TypeError",
                "optimizer",
                hint="give the optimizer a weight_decay; 0.0 is one",
            )
        lr = times(config, "lr", base_lr, scale, ("paramwise_cfg", self.rate))
        group = {
            "weight_decay": decay,
            "lr_scale": scale,
            "group_name": f"{self.group_of(layer)}_{'decay' if decays else 'no_decay'}",
            "lr": lr,
        }
        rule = base_rule(config, "weight_decay") if decays else NO_DECAY
        return Setting.of(lr, float(decay), self._rule(config), rule, group)

    def _rule(self, config: Config) -> Provenance:
        return Provenance(self.rate, None, config.location("paramwise_cfg", self.rate))

    def _scale(self, config: Config, layers: Layers, layer: Any) -> float:
        scale: float = power(config, self._given(config), layers.count - layer - 1, ("paramwise_cfg", self.rate))
        return scale

    def _given(self, config: Config) -> Any:
        rate = (config.paramwise_cfg or {}).get(self.rate)
        if rate is None:  # not in a config that was read, but in one that a check makes
            raise config.error(f"{quoted(self.rate)} is missing; {self.call} would raise TypeError", "paramwise_cfg")
        return rate

    def _asked(self, inventory: Inventory, config: Config, parameter: Parameter) -> Iterator[RuleEvaluation]:
        layers = self.layers(inventory, config)
        layer, why = self.deciding(inventory, config, layers, parameter), self._exempt(config, parameter)
        setting = self._setting(config, layers, layer, why is None, parameter.name)
        decay = (Computation("weight_decay", setting.weight_decay),)
        if why is None:
            why_not = f"it has {len(parameter.shape)} dimensions, and its name does not end in {quoted('.bias')}"
            yield RuleEvaluation(NO_DECAY, False, why_not)
            assert setting.weight_decay_rule is not None
            yield RuleEvaluation(
                setting.weight_decay_rule, True, "all others decay", decay, frozenset({"weight_decay"})
            )
        else:
            yield RuleEvaluation(NO_DECAY, True, why, decay, frozenset({"weight_decay"}))
        scale, where = self._scale(config, layers, layer), layered(layer, layers.count)
        text = f"{where}: {self._given(config):g}^{layers.count - layer - 1:g}"
        product = Computation("lr", setting.lr, config.optimizer.get("lr"), scale, text)
        yield RuleEvaluation(self._rule(config), True, where, (product,), frozenset({"lr"}))
