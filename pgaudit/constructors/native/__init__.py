"""pgaudit's own policy: a list of rules, of which none works by accident.

No library's semantics, so what the others leave to chance is decided here. A name is matched from end to end; a word
that is not known is an error; multipliers multiply the optimizer's own values, never each other. A parameter that does
not require a gradient is left out. A tensor with several names must get the same under each, or the config is refused.
Equal settings share a group, in the order in which parameters first have them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pgaudit.constructors.base import Decision, Decisions, OptimizerDefaults
from pgaudit.constructors.basic import FROZEN, Basic, explained, refuse_raising
from pgaudit.constructors.engine import RuleChains
from pgaudit.constructors.evaluation import BOTH, Occurrence, RuleEvaluation
from pgaudit.constructors.native.errors import PARAMWISE, RULE, errors, rules_of
from pgaudit.constructors.native.match import class_path
from pgaudit.constructors.native.rules import chains_of
from pgaudit.constructors.native.selectors import NORM
from pgaudit.constructors.profile import AS_GIVEN, LEFT_OUT, Profile
from pgaudit.core.config import Config
from pgaudit.core.layout import Layout
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import NOT_OPTIMIZED, Setting
from pgaudit.files.schemas import Schema, array
from pgaudit.files.validation import Invalid
from pgaudit.text import visible


class Native(Basic):
    """What we would recommend to a new project."""

    name = "rules"
    title = "pgaudit's own list of rules"
    aliases = ("plain",)
    schemas: Mapping[str, Schema] = {
        "paramwise_cfg": {**PARAMWISE, "properties": {**PARAMWISE["properties"], "rules": array(RULE)}}
    }
    profile = Profile(
        names="a glob or an expression matches the whole name; also classes and numbers of dimensions",
        lr="the last rule that states it, base; with mode: first, the first rule",
        weight_decay="the last rule that states it, base; with mode: first, the first rule",
        frozen=LEFT_OUT,
        tied="must get the same under each name",
        groups="one for each set of equal settings",
        begins=AS_GIVEN,
        unknown="an error",
    )
    example: Mapping[str, Any] | None = {"paramwise_cfg": {"rules": [{"match": {"ndim": [0, 1]}, "weight_decay": 0}]}}
    library = "pgaudit"
    options: Mapping[str, str] = {
        "rules": "what to do with which parameters, in order",
        "mode": "whether later rules override (layered) or the first one wins (first)",
        "unmatched": "what becomes of parameters without a rule: base values, freeze, or error",
    }

    def errors(self, layout: Layout) -> list[Invalid]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return errors(layout)

    def class_refs(self, config: Config) -> Mapping[str, tuple[str | int, ...]]:
        """The types that rules match on."""
        return {
            class_path(ref): ("paramwise_cfg", "rules", index, "match")
            for index, rule in enumerate(rules_of(config.paramwise_cfg))
            for conditions in rule.match.alternatives
            for ref in conditions.types or ()
            if ref != NORM
        }

    def chains(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> RuleChains:
        """The rules, in the order of the list."""
        return chains_of(config, defaults)

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        chains = self.chains(inventory, config, defaults)
        refuse_raising(config, inventory, ["named_parameters"], "this constructor", "constructor")
        frozen, groups = Setting.left_out(FROZEN), dict[object, int]()
        decisions = [Decision(NOT_OPTIMIZED, None)] * len(inventory.parameters)
        for index, parameter in enumerate(inventory.parameters):
            if index not in inventory.unnamed:
                setting = _of_all_names(inventory, config, chains, index) if parameter.trainable else frozen
                group = None if setting.excluded else groups.setdefault(setting.merging, len(groups))
                decisions[index] = Decision(setting, group)
        if not groups:
            raise config.error("no parameter is left for the optimizer: all are frozen", "paramwise_cfg")
        return Decisions(tuple(decisions), chains.base)

    def evaluations(
        self, inventory: Inventory, config: Config, defaults: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """Once for each name."""
        chains, note = self.chains(inventory, config, defaults), None
        for view in views_of(inventory, index):
            trainable = inventory.parameters[index].trainable
            yield Occurrence(view.name, tuple(_explained(chains, view, trainable=trainable)), note)
            note = "another name of the same tensor, which must come to the same"

    def exempting(self, config: Config, part: str) -> tuple[str, Config] | None:
        """A last rule; where the first one wins, it would take the lr as well."""
        options = config.paramwise_cfg or {}
        glob = f"*{part}*"
        rules = [*(options.get("rules") or []), {"match": glob, "weight_decay": 0.0}]
        if options.get("mode") == "first":
            rules = [rules[-1], *rules[:-1]]
        if any(rule["match"] == glob for rule in options.get("rules") or []):
            return None
        return glob, replace(config, paramwise_cfg={"mode": "layered", **options, "rules": rules})


def _of_all_names(inventory: Inventory, config: Config, chains: RuleChains, index: int) -> Setting:
    """What a parameter gets, under each of its names; raises ConfigError where they differ."""
    first, *others = views_of(inventory, index)
    setting = chains.decide(first)
    for other in others:
        again = chains.decide(other)
        if again.merging != setting.merging:
            both = f"{visible(first.name)} ({_words(setting)}) and {visible(other.name)} ({_words(again)})"
            provenances = {setting.lr_rule, setting.weight_decay_rule, again.lr_rule, again.weight_decay_rule}
            at = next((rule.at for rule in chains.rules if rule.provenance in provenances), ("paramwise_cfg",))
            message = f"one tensor has two names, and the rules give them two settings: {both}"
            raise config.error(message, *at, hint="let the same rules match both names")
    return setting


def _words(setting: Setting) -> str:
    if setting.excluded:
        return "left out"
    extra = "".join(f", {visible(key)} {visible(value)}" for key, value in setting.extra.items())
    return f"lr {setting.lr:g}, weight decay {setting.weight_decay:g}{extra}"


def views_of(inventory: Inventory, index: int) -> Sequence[Visit]:
    """Returns a parameter as it is under each of its names, the first one first."""
    visits, names = inventory.visits_of[index], inventory.parameters[index].names
    # Where the model has names of its own, it is under those, and no others.
    if inventory.listings is not None or (len(visits) == 1 and len(names) == 1):
        return visits
    known, views = {visit.name: visit.module for visit in visits}, []
    # A name that a walk passes over is a second one in the same parent, of a module that it has met there.
    module = visits[0].module
    for name in names:
        module = known.get(name, module)
        views.append(Visit("", name, index, module, (), ndim=visits[0].ndim))
    return views


def _explained(chains: RuleChains, visit: Visit, *, trainable: bool) -> Iterator[RuleEvaluation]:
    """How the rules are tried; what leaves a parameter out beats all others that match."""
    yield from explained(chains, visit, trainable=trainable, why="it does not require a gradient, and is left out")
    unmatched = chains.decide(visit).excluded if trainable else None
    if unmatched and unmatched.option == "unmatched":
        yield RuleEvaluation(unmatched, True, "no rule is about it, and it is left out", (), BOTH)
