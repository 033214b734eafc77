"""The walk that the layer decays of mmdet, mmseg and mmpose share: layers by names, and a group for each layer, with
and without weight decay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgaudit.constructors.base import Decision, Decisions, OptimizerDefaults, Unread
from pgaudit.constructors.basic import (
    EMPTY,
    conflicts_of,
    explained_as_one_group,
    one_group,
    refuse_raising,
)
from pgaudit.constructors.engine import RuleChains
from pgaudit.constructors.evaluation import Occurrence
from pgaudit.constructors.known_options import FOREIGN_OPTIONS
from pgaudit.constructors.layer_decay.errors import option_errors
from pgaudit.constructors.layer_decay.named_rules import NamedRules
from pgaudit.constructors.layer_decay.shared import (
    FROZEN,
    LayerDecay,
    left_out,
    refuse_without_parameters,
)
from pgaudit.constructors.layer_decay.stages import Layers, layers_of
from pgaudit.constructors.profile import FIRST, IGNORED, INSIDE, LEFT_OUT, Profile
from pgaudit.core.config import Config
from pgaudit.core.layout import Layout
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import NOT_OPTIMIZED
from pgaudit.files.schemas import NON_NEGATIVE, TEXT, Schema, fields, mapping, unless_empty
from pgaudit.files.validation import Invalid

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
        "paramwise_cfg": unless_empty(
            mapping(
                {**fields("num_layers decay_rate", NON_NEGATIVE), "decay_type": TEXT},
                needs=["num_layers", "decay_rate"],
            )
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
        return NamedRules(self, inventory, config, defaults).chains()

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        rules = NamedRules(self, inventory, config, defaults)
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
