"""detectron2's get_default_optimizer_params, and the reduce_param_groups that it ends in.

Source of the semantics: detectron2 02b5c4e, ``detectron2/solver/build.py`` (and ``detectron2/config/defaults.py`` for
configs with a ``SOLVER``, which ``build_optimizer`` reads: always SGD, and the weight decay goes to the optimizer
alone).

Under ``paramwise_cfg`` stand the function's arguments. As there, ``base_lr`` is not taken from the optimizer: without
it, groups hold no lr, and nothing can multiply it. detectron2 writes what ``bias_lr_factor`` and ``weight_decay_bias``
come to into the caller's own ``overrides``, so that a second call with the same dict raises; pgaudit does not touch it.
``REFERENCE_WORLD_SIZE``, by which DefaultTrainer rescales a config, is not followed: values are for the number of
processes that the config was written for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgaudit.constructors.base import Decision, Decisions, OptimizerDefaults, OptimizerSpec, Unread
from pgaudit.constructors.basic import Basic, refuse_raising
from pgaudit.constructors.detectron2.arguments import OPTIONS, arguments_of, solver_value
from pgaudit.constructors.detectron2.errors import PARAMWISE, errors
from pgaudit.constructors.detectron2.rules import DUPLICATE, chains_of
from pgaudit.constructors.engine import RuleChains
from pgaudit.constructors.evaluation import Occurrence, RuleEvaluation
from pgaudit.constructors.profile import AS_GIVEN, FIRST, LEFT_OUT, Profile
from pgaudit.core.config import Config
from pgaudit.core.layout import OPTIMIZER_LAYOUTS, Layout
from pgaudit.core.parameters import Inventory, Listing
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.files.schemas import Schema
from pgaudit.files.validation import Invalid


class Detectron2(Basic):
    """Absolute hyperparameters by a parameter's own name, and a weight decay for norms; equal groups merged."""

    name = "detectron2"
    title = "detectron2 get_default_optimizer_params"
    aliases = ("get_default_optimizer_params",)
    nicknames = ("d2", "detectron")
    layouts = OPTIMIZER_LAYOUTS | {"detectron2"}
    schemas: Mapping[str, Schema] = {"paramwise_cfg": PARAMWISE}
    profile = Profile(
        names="an override is the parameter's own name, without its module's",
        lr="override, lr_factor_func, base",
        weight_decay="override (biases are one), norm, base",
        frozen=LEFT_OUT,
        tied=FIRST,
        groups="one for each set of equal settings",
        begins=AS_GIVEN,
        unknown="TypeError",
    )
    example: Mapping[str, Any] | None = {"paramwise_cfg": {"weight_decay_norm": 0.0, "weight_decay_bias": 0.0}}
    lists: Listing = "named_modules"
    library = "detectron2 02b5c4e"
    options = OPTIONS

    def errors(self, layout: Layout) -> list[Invalid]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return errors(layout)

    def optimizer(self, config: Config) -> OptimizerSpec:
        """``build_optimizer`` for a ``SOLVER``; otherwise what stands in ``optimizer``."""
        if config.layout != "detectron2":
            return super().optimizer(config)
        words = {"lr": "BASE_LR", "momentum": "MOMENTUM", "nesterov": "NESTEROV", "weight_decay": "WEIGHT_DECAY"}
        arguments = {argument: solver_value(config, key) for argument, key in words.items()}
        return OptimizerSpec("SGD", {**arguments, "foreach": True}, ("solver",), "type", words)

    def function_refs(self, config: Config) -> Mapping[str, tuple[str | int, ...]]:
        """The ``lr_factor_func``, unless a config from Python holds the function itself."""
        given = arguments_of(config).lr_factor_func
        return {given.value: given.at} if isinstance(given.value, str) else {}

    def chains(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> RuleChains:
        """In the order of writing: what comes later wins."""
        return chains_of(config, defaults)

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        refuse_raising(config, inventory, ["named_modules"], "detectron2's get_default_optimizer_params", "constructor")
        chains, groups = self.chains(inventory, config, defaults), _Groups()
        decisions = [Decision(NOT_OPTIMIZED, None)] * len(inventory.parameters)
        for visit in inventory.visits:  # the first occurrence decides
            if decisions[visit.index].group is None and inventory.parameters[visit.index].trainable:
                decisions[visit.index] = groups.decision(chains.decide(visit))
        return Decisions(tuple(decisions), chains.base)

    def evaluations(
        self, inventory: Inventory, config: Config, defaults: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """All names but the first are passed over: what they match is told, and the config's function never asked."""
        chains, first = self.chains(inventory, config, defaults), ""
        named = [replace(rule, gives={}) for rule in chains.rules if rule.spans]
        again = RuleChains(named, chains.base, lambda won, visit: chains.base, chains.principle, text=chains.text)
        for visit in inventory.visits_of.get(index, ()):
            if first:
                met = RuleEvaluation(DUPLICATE, True, f"already in a group as {first}")
                yield Occurrence(visit.name, (met, *again.explain(visit, DUPLICATE)))
            else:
                yield Occurrence(visit.name, tuple(chains.explain(visit)))
            first = first or visit.name

    def unread(self, config: Config, defaults: OptimizerDefaults) -> Iterator[Unread]:
        """What overrides write into groups, and no optimizer of the class looks for. Unknown options raise."""
        if config.layout == "detectron2":
            return
        read = defaults.looked_for | {"lr", "weight_decay"}
        for leaf, settings in arguments_of(config).overrides.items():
            for word in settings:
                if word not in read:
                    why = f"has no effect: the group holds it, and {self.optimizer(config).name} does not look for it"
                    hint = _ABSOLUTE.get(word)
                    yield Unread(("paramwise_cfg", "overrides", leaf, word), read, why=why, hint=hint)

    def renamed(self, config: Config, rule: Provenance, to: str) -> Config | None:
        """The name that an override is for."""
        if rule.option != "overrides":
            return None
        given = arguments_of(config).overrides
        return _with(config, {to if leaf == rule.key else leaf: settings for leaf, settings in given.items()})

    def exempting(self, config: Config, part: str) -> tuple[str, Config] | None:
        """An override, where the whole of a parameter's own name is meant."""
        given = arguments_of(config)
        of_biases = given.scales_biases or given.weight_decay_bias.value is not None
        if config.layout == "detectron2" or part in given.overrides or (part == "bias" and of_biases):
            return None
        return part, _with(config, {**given.overrides, part: {"weight_decay": 0.0}})


_ABSOLUTE = {
    "lr_mult": "overrides are absolute: lr",
    "decay_mult": "overrides are absolute: weight_decay",
}


class _Groups:
    """The groups so far. Their key is what stands in them, and in which order; 1, 1.0 and True are one."""

    def __init__(self) -> None:
        self._by_items: dict[tuple[tuple[str, Any], ...], tuple[int, Setting]] = {}
        self._by_setting: dict[int, Decision] = {}

    def decision(self, setting: Setting) -> Decision:
        known = self._by_setting.get(id(setting))
        if known is None:
            group, first = self._by_items.setdefault(setting.written, (len(self._by_items), setting))
            # The group holds what its first member wrote: True, say, though the second wrote 1.
            if first is not setting:
                setting = replace(setting.holding(**first.extra), written=first.written)
            known = Decision(setting, group)
            self._by_setting[id(setting)] = known
        return known


def _with(config: Config, overrides: Mapping[str, Any]) -> Config:
    return replace(config, paramwise_cfg={**(config.paramwise_cfg or {}), "overrides": overrides})
