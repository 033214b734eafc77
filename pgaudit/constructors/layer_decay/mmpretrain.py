"""mmpretrain's LearningRateDecayOptimWrapperConstructor.

Source of the semantics: mmpretrain 1.2.0, ``mmpretrain/engine/optimizers/layer_decay_optim_wrapper_constructor.py``.
The layers are what the model's own ``get_layer_depth`` says, mistakes included: it is asked when the model is walked.
Where the optimizer has no weight decay, the library fails in the text of a debug message, after all its work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pgaudit.config import Config
from pgaudit.config.grammars.layer_decay import MMPRETRAIN_LAYER_DECAY
from pgaudit.constructors.base import Conflict, Decision, Decisions, OptimizerDefaults, Unread
from pgaudit.constructors.basic import one_group, refuse_raising
from pgaudit.constructors.evaluation import Occurrence
from pgaudit.constructors.layer_decay import evaluation
from pgaudit.constructors.layer_decay.named import RATE_IS
from pgaudit.constructors.layer_decay.options import OPTIONS, RATE, key_pattern, option_pattern, rate_pattern
from pgaudit.constructors.layer_decay.rules import CALL, LayerDecayRules
from pgaudit.constructors.layer_decay.shared import FROZEN, LayerDecay, refuse_without_parameters
from pgaudit.constructors.layer_decay.unread import unread
from pgaudit.constructors.openmmlab import custom_keys
from pgaudit.constructors.patterns import Pattern
from pgaudit.core.parameters import Inventory, Listing
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.text import quoted


class MmpretrainLayerDecay(LayerDecay):
    """The lr by the model's own layers, the weight decay by custom keys and mmengine's options."""

    grammar = MMPRETRAIN_LAYER_DECAY
    lists: Listing = "named_children"
    library = "mmpretrain 1.2.0"
    options: Mapping[str, str] = {
        "layer_decay_rate": RATE_IS,
        "custom_keys": "weight decay of the parameters whose name holds a key, in place of the other options",
        "norm_decay_mult": "weight decay of norms that are known by class",
        "bias_decay_mult": "weight decay of biases",
        "flat_decay_mult": "weight decay of vectors",
    }

    def decide(self, inventory: Inventory, config: Config, facts: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        rules = LayerDecayRules(config, facts, inventory)
        if not config.paramwise_cfg:
            return one_group(inventory, rules.untouched, config)
        rules.refuse_shallow()
        if inventory.circular is not None:
            raise config.error(
                f"the module {quoted(inventory.circular)} contains itself; {CALL} would raise RecursionError",
                "paramwise_cfg",
                hint="only an empty paramwise_cfg works with such a model",
            )
        refuse_raising(config, inventory, ["named_children"], CALL, "paramwise_cfg")
        return _one_group_each(inventory, rules, config)

    def patterns(self, config: Config, facts: OptimizerDefaults) -> Sequence[Pattern]:
        """Custom keys, the options that are given, and layer decay."""
        options = config.paramwise_cfg or {}
        keys = sorted(sorted(options.get("custom_keys", {})), key=len, reverse=True)
        given = [option for option in OPTIONS if options.get(option) is not None]
        layered = [rate_pattern(config)] if RATE in options else []
        return [
            *(key_pattern(config, key) for key in keys),
            *(option_pattern(config, option) for option in given),
            *layered,
        ]

    def principle(self, winner: Provenance, loser: Provenance) -> str:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return evaluation.principle(winner, loser)

    def evaluations(
        self, inventory: Inventory, config: Config, facts: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return evaluation.occurrences(inventory, config, facts, index)

    def unread(self, config: Config, facts: OptimizerDefaults) -> Iterator[Unread]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return unread(config, facts, self.optimizer(config).name)

    def renamed(self, config: Config, rule: Provenance, to: str) -> Config | None:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return custom_keys.renamed(config, rule, to) if rule.option == "custom_keys" else None

    def exempting(self, config: Config, part: str) -> tuple[str, Config] | None:
        """A custom key."""
        return custom_keys.exempting(config, part)


def _one_group_each(inventory: Inventory, rules: LayerDecayRules, config: Config) -> Decisions:
    trainable = [parameter.trainable for parameter in inventory.parameters]
    decisions = [Decision(NOT_OPTIMIZED, None)] * len(trainable)
    depths: list[int | None] = [None] * len(trainable)
    again: dict[int, list[tuple[str, Setting]]] = {}
    groups = 0
    for visit in inventory.visits:
        index = visit.index
        if not trainable[index]:
            decisions[index] = Decision(FROZEN, None)
            continue
        role = rules.role(visit)
        setting = rules.setting(role, visit)
        if decisions[index].group is None:
            decisions[index] = Decision(setting, groups)
            depths[index] = int(role.layer)
            groups += 1
        else:
            again.setdefault(index, []).append((visit.name, setting))
    refuse_without_parameters(config, CALL, decisions)
    conflicts = tuple(
        Conflict(index, ((inventory.parameters[index].name, decisions[index].setting), *occurrences))
        for index, occurrences in sorted(again.items())
    )
    layered = tuple(depths) if rules.rate != 1 else None
    return Decisions(tuple(decisions), rules.untouched, conflicts, layered)
