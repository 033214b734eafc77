"""timm's create_optimizer_v2.

Source of the semantics: timm 1.0.31, ``timm/optim/_param_groups.py`` and ``timm/optim/_optim_factory.py``. The config's
``optimizer`` holds what create_optimizer_v2 hands to the optimizer's class, ``paramwise_cfg`` what it makes groups by,
each under the name of its argument.

``type`` is its ``opt``: a name of timm's registry, in any case, with or without ``lookahead_`` before it. timm takes
nothing else, so classes and ``module:Class`` are refused here as there. The registry has arguments of its own: ``sgd``
(and so ``SGD``) is torch's class with nesterov momentum of 0.9. timm itself is asked for class and arguments.

timm's layer decay leaves the lr as it is, and writes a factor beside it that only timm's own schedulers read: see
``Setting.lr_scale``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgaudit.constructors.base import Decision, Decisions, OptimizerDefaults, OptimizerSpec
from pgaudit.constructors.basic import Basic, conflicts_of, refuse_raising
from pgaudit.constructors.engine import RuleChains
from pgaudit.constructors.evaluation import BOTH, Occurrence, RuleEvaluation
from pgaudit.constructors.profile import AS_GIVEN, FIRST, LEFT_OUT, Profile
from pgaudit.constructors.timm.errors import CALL, PARAMWISE, errors
from pgaudit.constructors.timm.rules import TimmRules
from pgaudit.core.config import Config
from pgaudit.core.layout import Layout
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.files.schemas import Schema
from pgaudit.files.validation import Invalid


def _shown(tried: RuleEvaluation) -> RuleEvaluation:
    """Returns it without the lr where another scale holds: the lr is the same."""
    return replace(tried, products=()) if tried.beaten_by and tried.rule.option == "layer_decay" else tried


_UNNAMED = Decision(NOT_OPTIMIZED, None)
_FROZEN = Decision(Setting.left_out(Provenance("frozen")), None)


class Timm(Basic):
    """Groups by number of dimensions and by the model's own no_weight_decay() and group_matcher()."""

    name = "timm"
    title = "timm create_optimizer_v2"
    aliases = ("create_optimizer_v2",)
    schemas: Mapping[str, Schema] = {"paramwise_cfg": PARAMWISE}
    profile = Profile(
        names="the model's own no_weight_decay(), by fnmatch on the whole name",
        lr="base; layer_decay is for timm's schedulers, as lr_scale",
        weight_decay="none for 1-d parameters, biases and no_weight_decay(), else base",
        frozen=LEFT_OUT,
        tied=FIRST,
        groups="with and without decay; with layer_decay, of each layer",
        begins=AS_GIVEN,
        unknown="refused here; in `optimizer` they are arguments of the class",
    )
    example: Mapping[str, Any] | None = {"optimizer": {"type": "sgd"}}
    library = "timm 1.0.31"
    options: Mapping[str, str] = {
        "filter_bias_and_bn": "no weight decay for vectors and biases (on unless told otherwise)",
        "layer_decay": "scales the scheduled lr by its power, layer by layer from the head",
        "layer_decay_min_scale": "the least scale of a layer",
        "layer_decay_no_opt_scale": "leaves out and freezes the layers of a lesser scale",
        "fallback_list": "globs of the parameters that a hybrid optimizer gives to its fallback",
        "fallback_no_weight_decay": "adds the model's no_weight_decay() to fallback_list",
    }

    def errors(self, layout: Layout) -> list[Invalid]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return errors(layout)

    def optimizer(self, config: Config) -> OptimizerSpec:
        """The optimizer's own weight decay is 0: groups have it."""
        given = {key: value for key, value in config.optimizer.items() if key != "type"}
        decay = given.get("weight_decay", 0.0)
        return OptimizerSpec(
            config.optimizer["type"], {**given, "weight_decay": 0.0}, factory="timm", grouped={"weight_decay": decay}
        )

    def chains(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> RuleChains:
        """Layer decay and its bounds, and what takes the weight decay away."""
        return TimmRules(config, defaults, inventory).chains()

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        refuse_raising(config, inventory, ["named_parameters"], CALL, "constructor")
        rules = TimmRules(config, defaults, inventory)
        chains = rules.chains()
        met = {
            index: inventory.first_name(index)
            for index, parameter in enumerate(inventory.parameters)
            if parameter.trainable and index not in inventory.unnamed
        }
        settings = {index: chains.decide(visit) for index, visit in met.items()}
        keys: dict[int, tuple[int | None, bool, bool]] = {}  # by setting, of which there are few
        for index, setting in settings.items():
            if id(setting) not in keys and setting.excluded is None:
                keys[id(setting)] = rules.group_key(met[index], setting)
        # Without layer decay, groups have an order of their own.
        order = dict.fromkeys(keys.values()) if rules.layers else sorted({*keys.values()}, key=lambda key: key[:0:-1])
        groups = {key: place for place, key in enumerate(order)}
        decisions = [_UNNAMED if index in inventory.unnamed else _FROZEN for index in range(len(inventory.parameters))]
        for index, setting in settings.items():
            decisions[index] = Decision(setting, groups[keys[id(setting)]] if id(setting) in keys else None)

        def under(visit: Visit) -> Decision:
            setting = chains.decide(visit)
            return Decision(setting, groups.get(rules.group_key(visit, setting)))

        conflicts = conflicts_of(inventory, decisions, under)
        if rules.layers is None:
            return Decisions(tuple(decisions), chains.base, conflicts)
        layers = rules.layers
        depths = [layers.of_name(met[index].name) if index in met else None for index in range(len(decisions))]
        return Decisions(tuple(decisions), chains.base, conflicts, tuple(depths), layers.told_by)

    def evaluations(
        self, inventory: Inventory, config: Config, defaults: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """Each parameter is met once, under its first name."""
        if index in inventory.unnamed:
            return
        visit = inventory.first_name(index)
        if inventory.parameters[index].trainable:
            yield Occurrence(visit.name, tuple(map(_shown, self.chains(inventory, config, defaults).explain(visit))))
        else:
            frozen = RuleEvaluation(Provenance("frozen"), True, "it is frozen: left out, without a word", (), BOTH)
            yield Occurrence(visit.name, (frozen,))
