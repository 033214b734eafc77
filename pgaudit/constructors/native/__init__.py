"""pgaudit's own policy: a list of rules, of which none works by accident.

No library's semantics, so what the others leave to chance is decided here. A name is matched from end to end; a word
that is not known is an error; multipliers multiply the optimizer's own values, never each other. A parameter that does
not require a gradient is left out. A tensor with several names must get the same under each, or the config is refused.
Equal settings share a group, in the order in which parameters first have them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pgaudit.config import Config
from pgaudit.config.grammars.rules import RULES, rules_of
from pgaudit.config.selectors import NORM
from pgaudit.constructors.base import Decision, Decisions, OptimizerDefaults
from pgaudit.constructors.basic import Basic, refuse_raising
from pgaudit.constructors.evaluation import Occurrence
from pgaudit.constructors.native.decide import RuleList
from pgaudit.constructors.native.evaluation import occurrences, patterns_of, principle
from pgaudit.constructors.native.match import class_path
from pgaudit.constructors.patterns import Pattern
from pgaudit.core.parameters import Inventory
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance


class Native(Basic):
    """What we would recommend to a new project."""

    grammar = RULES
    library = "pgaudit"
    options: Mapping[str, str] = {
        "rules": "what to do with which parameters, in order",
        "mode": "whether later rules override (layered) or the first one wins (first)",
        "unmatched": "what becomes of parameters without a rule: base values, freeze, or error",
    }

    def class_refs(self, config: Config) -> Mapping[str, tuple[str | int, ...]]:
        """The types that rules match on."""
        return {
            class_path(ref): ("paramwise_cfg", "rules", index, "match")
            for index, rule in enumerate(rules_of(config.paramwise_cfg))
            for conditions in rule.match.alternatives
            for ref in conditions.types or ()
            if ref != NORM
        }

    def decide(self, inventory: Inventory, config: Config, facts: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        policy = RuleList(config, facts)
        groups: dict[object, int] = {}
        decisions = []
        refuse_raising(config, inventory, ["named_parameters"], "this constructor", "constructor")
        for index, parameter in enumerate(inventory.parameters):
            if index in inventory.unnamed:
                decisions.append(Decision(NOT_OPTIMIZED, None))
                continue
            setting = policy.frozen
            if parameter.trainable:
                setting = policy.setting(inventory, index)
            if setting.excluded:
                decisions.append(Decision(setting, None))
            else:
                decisions.append(Decision(setting, groups.setdefault(policy.effect(setting), len(groups))))
        if not groups:
            raise config.error("no parameter is left for the optimizer: all are frozen", "paramwise_cfg")
        return Decisions(tuple(decisions), policy.base)

    def patterns(self, config: Config, facts: OptimizerDefaults) -> Sequence[Pattern]:
        """The rules, in the order in which they are tried."""
        return patterns_of(config, facts)

    def principle(self, winner: Provenance, loser: Provenance) -> str:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return principle(winner)

    def evaluations(
        self, inventory: Inventory, config: Config, facts: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """Once for each name."""
        return occurrences(inventory, config, facts, index)

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
