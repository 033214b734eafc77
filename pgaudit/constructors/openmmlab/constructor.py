"""The walk over a model that OpenMMLab's default constructors share: a group each parameter, by its own rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pgaudit.config import Config
from pgaudit.constructors.base import Conflict, Decision, Decisions, OptimizerDefaults
from pgaudit.constructors.basic import Basic, one_group, refuse_raising
from pgaudit.constructors.openmmlab import custom_keys
from pgaudit.constructors.openmmlab.dialect import Dialect
from pgaudit.constructors.openmmlab.options import key_pattern, option_pattern
from pgaudit.constructors.openmmlab.rules import OpenMMLabRules
from pgaudit.constructors.patterns import Pattern
from pgaudit.core.parameters import Inventory, Listing
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.text import quoted

if TYPE_CHECKING:
    from pgaudit.constructors.evaluation import Occurrence


class OpenMMLab(Basic):
    """A default constructor of OpenMMLab's."""

    unwraps_module = True
    lists: Listing = "named_children"
    dialect: Dialect

    @property
    def options(self) -> Mapping[str, str]:  # type: ignore[override]
        """The options of ``paramwise_cfg`` that are read, and what each is for."""
        return {
            "custom_keys": "settings for the parameters whose name holds a key, in place of all other options",
            **{option.name: option.about for option in self.dialect.options},
            "bypass_duplicate": "a tied parameter is taken once, under its first name",
        }

    def decide(self, inventory: Inventory, config: Config, facts: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        rules = OpenMMLabRules(config, facts, self.dialect)
        if not config.paramwise_cfg:
            return one_group(inventory, rules.untouched, config)
        if inventory.circular is not None:
            raise config.error(
                f"the module {quoted(inventory.circular)} contains itself; {rules.call} would raise RecursionError",
                "paramwise_cfg",
                hint="only an empty paramwise_cfg works with such a model",
            )
        refuse_raising(config, inventory, ["named_children"], rules.call, "paramwise_cfg")
        return _one_group_each(inventory, rules, config)

    def patterns(self, config: Config, facts: OptimizerDefaults) -> Sequence[Pattern]:
        """Custom keys, then the options that are given."""
        rules = OpenMMLabRules(config, facts, self.dialect)
        keys = [key_pattern(config, key, copied=self.dialect.copies_settings) for key in rules.keys]
        given = [option for option in self.dialect.options if option.name in rules.given]
        return [*keys, *(option_pattern(config, option) for option in given)]

    def principle(self, winner: Provenance, loser: Provenance) -> str:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return self.dialect.principle(winner, loser)

    def evaluations(
        self, inventory: Inventory, config: Config, facts: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        from pgaudit.constructors.openmmlab import evaluation

        return evaluation.occurrences(self.dialect, inventory, config, facts, index)

    def renamed(self, config: Config, rule: Provenance, to: str) -> Config | None:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return custom_keys.renamed(config, rule, to) if rule.option == "custom_keys" else None

    def exempting(self, config: Config, part: str) -> tuple[str, Config] | None:
        """A custom key."""
        return custom_keys.exempting(config, part)


def _one_group_each(inventory: Inventory, rules: OpenMMLabRules, config: Config) -> Decisions:
    bypass = bool(rules.options.get("bypass_duplicate", False))
    trainable = [parameter.trainable for parameter in inventory.parameters]
    decisions: list[Decision | None] = [None] * len(trainable)
    again: dict[int, list[tuple[str, Setting]]] = {}
    warned: dict[int, None] = {}
    groups = 0
    for visit in inventory.visits:
        if visit.conv is not None:
            rules.refuse_without_channels(visit)
        index = visit.index
        first = decisions[index] is None
        if bypass and not first and (trainable[index] or rules.bypasses_frozen):
            continue
        if trainable[index]:
            setting = rules.setting(visit)
        elif rules.keeps_frozen:
            setting = rules.frozen  # appended before anything asks whether it is a duplicate
        else:
            decisions[index] = Decision(rules.frozen, None)
            warned[index] = None
            continue
        if first:
            decisions[index] = Decision(setting, groups)
            groups += 1
        else:
            again.setdefault(index, []).append((visit.name, setting))
    if not groups and warned:
        raise config.error(
            f"every parameter is frozen, and {rules.call} skips them; "
            "torch would raise ValueError: optimizer got an empty parameter list",
            "paramwise_cfg",
        )
    conflicts = tuple(
        Conflict(index, ((inventory.parameters[index].name, decided.setting), *occurrences))
        for index, occurrences in sorted(again.items())
        if (decided := decisions[index]) is not None
    )
    left = Decision(NOT_OPTIMIZED, None)
    decided_all = tuple(decided or left for decided in decisions)
    return Decisions(decided_all, rules.untouched, conflicts, warned=tuple(sorted(warned)))
