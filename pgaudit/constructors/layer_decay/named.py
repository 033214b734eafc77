"""The walk that the layer decays of mmdet, mmseg and mmpose share: layers by names, and a group for each layer, with
and without weight decay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from pgaudit.constructors.arithmetic import times
from pgaudit.constructors.base import Decision, Decisions, OptimizerDefaults, Unread
from pgaudit.constructors.basic import (
    EMPTY,
    base_rule,
    conflicts_of,
    explained_as_one_group,
    one_group,
    refuse_raising,
    untouched,
)
from pgaudit.constructors.engine import RuleChains, Winners
from pgaudit.constructors.evaluation import Computation, Decided, Occurrence
from pgaudit.constructors.known_options import FOREIGN_OPTIONS
from pgaudit.constructors.layer_decay.errors import option_errors
from pgaudit.constructors.layer_decay.shared import (
    FROZEN,
    LayerDecay,
    layer_rule,
    layered,
    left_out,
    no_lr,
    power,
    refuse_without_parameters,
)
from pgaudit.constructors.layer_decay.stages import Layers, Unplaced, layers_of
from pgaudit.constructors.profile import FIRST, IGNORED, INSIDE, LEFT_OUT, Profile
from pgaudit.constructors.rule import Gives, Rule, base_value
from pgaudit.core.config import Config
from pgaudit.core.layout import Layout
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.files.schemas import NON_NEGATIVE, TEXT, Schema, fields, mapping
from pgaudit.files.validation import Invalid
from pgaudit.text import quoted

NO_DECAY = Provenance("no_decay")
"""The library's own rule, by its word for such groups."""

DEPTH = "the layer, base; no key changes it"
"""What decides the lr, in all of them."""

SHARED = Profile(
    names="layers by the names below `backbone.`, which is a ConvNeXt by its class's name",
    lr=DEPTH,
    weight_decay="none for 1-d parameters and for `.bias`, else base; no option changes it",
    frozen=LEFT_OUT,
    tied=FIRST,
    groups="of each layer, with and without decay",
    begins=INSIDE,
    unknown=IGNORED,
)
"""What they have in common."""

COUNTED: Mapping[str, Schema] = {
    "paramwise_cfg": mapping(
        fields("num_layers layer_decay_rate", NON_NEGATIVE), needs=["num_layers", "layer_decay_rate"]
    )
}
"""The options of those that know one way to count layers."""

RATE_IS = "lr of a layer, as a multiple of the next layer's"


class NamedLayerDecay(LayerDecay):
    """Layer decay that reads three options and nothing else."""

    transformers: tuple[str, ...] = ()
    """The parts of backbones' class names by which a transformer is known."""
    rate = "decay_rate"
    """The option that says by what a layer's lr is a multiple of the next."""
    call: str
    """The method that makes the groups."""
    builder: str | None = None
    """The class, in words, where the method is another class's."""
    asks: str | None = None
    """The method of ``paramwise_cfg`` that is called before anybody knows that there is one."""
    needs_rate = False
    """Whether the rate is asked for even where there are no options."""
    schemas: Mapping[str, Schema] = {
        "paramwise_cfg": mapping(
            {**fields("num_layers decay_rate", NON_NEGATIVE), "decay_type": TEXT}, needs=["num_layers", "decay_rate"]
        )
    }
    profile: Profile | None = SHARED
    example: Mapping[str, Any] | None = {"paramwise_cfg": {"num_layers": 12, "decay_rate": 0.5}}
    options: Mapping[str, str] = {
        "num_layers": "layers of the backbone; stem and head are two more",
        "decay_rate": RATE_IS,
        "decay_type": "what a layer is: layer_wise or stage_wise",
    }

    def errors(self, layout: Layout) -> list[Invalid]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        library = self.builder or self.call.removesuffix(".add_params")
        return option_errors(layout, self.schemas["paramwise_cfg"], library, self.asks, needs_rate=self.needs_rate)

    def chains(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> RuleChains:
        """What has no weight decay, and the layer."""
        return _Rules(self, inventory, config, defaults).chains()

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        rules = _Rules(self, inventory, config, defaults)
        chains = rules.chains()
        if not config.paramwise_cfg:
            return one_group(inventory, chains.base, config)
        refuse_raising(config, inventory, ["named_parameters"], self.call, "paramwise_cfg")
        decisions = [Decision(NOT_OPTIMIZED, None)] * len(inventory.parameters)
        depths: list[int | None] = [None] * len(decisions)
        groups: dict[int, int] = {}

        def under(visit: Visit) -> Decision:
            """What a trainable parameter gets by its name."""
            setting = chains.decide(visit)
            return Decision(setting, groups.setdefault(id(setting), len(groups)))

        for index, parameter in enumerate(inventory.parameters):
            if index in inventory.unnamed:
                continue
            if not parameter.trainable:
                decisions[index] = Decision(FROZEN, None)
                continue
            depths[index] = int(rules.layer(parameter.name))
            decisions[index] = under(inventory.first_name(index))
        refuse_without_parameters(config, self.call, decisions)
        again = conflicts_of(inventory, decisions, under)
        return Decisions(tuple(decisions), chains.base, again, tuple(depths) if rules.rate != 1 else None)

    def evaluations(
        self, inventory: Inventory, config: Config, defaults: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """Each parameter is met once, under its first name."""
        parameter, chains = inventory.parameters[index], self.chains(inventory, config, defaults)
        if not config.paramwise_cfg:
            yield from explained_as_one_group(inventory, chains.base, index, EMPTY)
        elif index not in inventory.unnamed:
            visit = inventory.first_name(index)
            yield Occurrence(visit.name, tuple(chains.explain(visit))) if parameter.trainable else left_out(visit.name)

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

    def unread(self, config: Config, defaults: OptimizerDefaults) -> Iterator[Unread]:
        """Custom keys and all multipliers, too: see :class:`pgaudit.constructors.base.Constructor`."""
        read = frozenset(self.options)
        hint = f"this constructor reads {', '.join(sorted(read))}, and nothing else: remove it"
        for option in config.paramwise_cfg or {}:
            if option not in read:
                yield Unread(
                    ("paramwise_cfg", option), read, FOREIGN_OPTIONS, hint=hint if option in FOREIGN_OPTIONS else None
                )


class _Rules:
    """The options of one config, for one model."""

    def __init__(
        self, constructor: NamedLayerDecay, inventory: Inventory, config: Config, defaults: OptimizerDefaults
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
