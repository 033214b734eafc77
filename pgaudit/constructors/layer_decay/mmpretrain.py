"""mmpretrain's LearningRateDecayOptimWrapperConstructor.

Source of the semantics: mmpretrain 1.2.0, ``mmpretrain/engine/optimizers/layer_decay_optim_wrapper_constructor.py``.
The layers are what the model's own ``get_layer_depth`` says, mistakes included: it is asked when the model is walked.
Where the optimizer has no weight decay, the library fails in the text of a debug message, after all its work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgaudit.constructors.base import Conflict, Decision, Decisions, OptimizerDefaults, Unread
from pgaudit.constructors.basic import (
    EMPTY,
    ONLY_EMPTY,
    explained_as_one_group,
    note_of_second_group,
    one_group,
    refuse_circular,
    refuse_raising,
)
from pgaudit.constructors.engine import RuleChains
from pgaudit.constructors.evaluation import Occurrence
from pgaudit.constructors.layer_decay.named import DEPTH, RATE_IS
from pgaudit.constructors.layer_decay.options import OPTIONS
from pgaudit.constructors.layer_decay.rules import CALL, LayerDecayRules
from pgaudit.constructors.layer_decay.shared import FROZEN, LayerDecay, left_out, refuse_without_parameters
from pgaudit.constructors.layer_decay.unread import unread
from pgaudit.constructors.openmmlab import custom_keys
from pgaudit.constructors.openmmlab.errors import copying_errors
from pgaudit.constructors.profile import INSIDE, LEFT_OUT, Profile
from pgaudit.core.config import Config
from pgaudit.core.layout import Layout
from pgaudit.core.parameters import Inventory, Listing
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.files.schemas import NON_NEGATIVE, Schema, each, fields, mapping, optional
from pgaudit.files.validation import Invalid


class MmpretrainLayerDecay(LayerDecay):
    """The lr by the model's own layers, the weight decay by custom keys and mmengine's options."""

    name = "mmpretrain_layer_decay"
    title = "mmpretrain LearningRateDecayOptimWrapperConstructor"
    aliases = ("LearningRateDecayOptimWrapperConstructor", "mmpretrain.LearningRateDecayOptimWrapperConstructor")
    nicknames = ("mmpretrain",)
    schemas: Mapping[str, Schema] = {
        "paramwise_cfg": mapping(
            {
                "layer_decay_rate": NON_NEGATIVE,
                "custom_keys": each(mapping(fields("lr_mult decay_mult lr weight_decay", NON_NEGATIVE))),
                **fields("bias_decay_mult norm_decay_mult flat_decay_mult", optional(NON_NEGATIVE)),
            }
        )
    }
    profile = Profile(
        names="a key is a part of the name; the longest key wins. Layers by the model's own get_layer_depth()",
        lr=DEPTH,
        weight_decay="custom key (its weight_decay, then its decay_mult), norm, bias, 1-d, base; unset options are "
        "passed over",
        frozen=LEFT_OUT,
        tied="torch refuses them",
        groups="one a parameter; without options one for all",
        begins=INSIDE,
        unknown="ignored; in a custom key copied into the group",
    )
    example: Mapping[str, Any] | None = {
        "paramwise_cfg": {"layer_decay_rate": 0.5, "norm_decay_mult": 0.0, "bias_decay_mult": 0.0}
    }
    lists: Listing = "named_children"
    library = "mmpretrain 1.2.0"
    options: Mapping[str, str] = {
        "layer_decay_rate": RATE_IS,
        "custom_keys": "weight decay of the parameters whose name holds a key, in place of the other options",
        **{option.name: option.about for option in OPTIONS},
    }

    def errors(self, layout: Layout) -> list[Invalid]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return copying_errors(layout, self.schemas["paramwise_cfg"], CALL.removesuffix(".add_params"))

    def chains(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> RuleChains:
        """Custom keys, the options that are given, and the layer."""
        return LayerDecayRules(config, defaults, inventory).chains()

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        rules = LayerDecayRules(config, defaults, inventory)
        if not config.paramwise_cfg:
            return one_group(inventory, rules.chains().base, config)
        rules.refuse_shallow()
        refuse_circular(config, inventory, CALL, "paramwise_cfg", hint=ONLY_EMPTY)
        refuse_raising(config, inventory, ["named_children"], CALL, "paramwise_cfg")
        return _one_group_each(inventory, rules, config)

    def evaluations(
        self, inventory: Inventory, config: Config, defaults: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        chains = self.chains(inventory, config, defaults)
        if not config.paramwise_cfg:
            yield from explained_as_one_group(inventory, chains.base, index, EMPTY)
            return
        first: str | None = None
        for visit in inventory.visits_of.get(index, ()):
            note = first and note_of_second_group(first)
            trains = inventory.parameters[index].trainable
            yield Occurrence(visit.name, tuple(chains.explain(visit)), note) if trains else left_out(visit.name)
            first = first or visit.name

    def unread(self, config: Config, defaults: OptimizerDefaults) -> Iterator[Unread]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return unread(config, defaults, self.optimizer(config).name)

    def renamed(self, config: Config, rule: Provenance, to: str) -> Config | None:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return custom_keys.renamed(config, rule, to)

    def exempting(self, config: Config, part: str) -> tuple[str, Config] | None:
        """A custom key."""
        return custom_keys.exempting(config, part)


def _one_group_each(inventory: Inventory, rules: LayerDecayRules, config: Config) -> Decisions:
    trainable = [parameter.trainable for parameter in inventory.parameters]
    decisions = [Decision(NOT_OPTIMIZED, None)] * len(trainable)
    depths: list[int | None] = [None] * len(trainable)
    again: dict[int, list[tuple[str, Setting]]] = {}
    groups = 0
    chains = rules.chains()
    for visit in inventory.visits:
        index = visit.index
        if not trainable[index]:
            decisions[index] = Decision(FROZEN, None)
            continue
        setting = chains.decide(visit)
        if decisions[index].group is None:
            decisions[index] = Decision(setting, groups)
            depths[index] = int(rules.depth(visit)[0])
            groups += 1
        else:
            again.setdefault(index, []).append((visit.name, setting))
    refuse_without_parameters(config, CALL, decisions)
    conflicts = tuple(
        Conflict(index, ((inventory.parameters[index].name, decisions[index].setting), *occurrences))
        for index, occurrences in sorted(again.items())
    )
    layered = tuple(depths) if rules.rate != 1 else None
    return Decisions(tuple(decisions), chains.base, conflicts, layered)
