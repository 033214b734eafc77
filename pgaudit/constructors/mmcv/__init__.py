"""mmcv 1.x' DefaultOptimizerConstructor.

Source of the semantics: mmcv 1.7.2, ``mmcv/runner/optimizer/default_constructor.py`` (unchanged since 1.7.0).
Deformable convolutions are recognised as where mmcv's compiled ops are installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.config import Config
from pgaudit.config.grammars.openmmlab import MMCV
from pgaudit.constructors import custom_keys
from pgaudit.constructors.base import (
    NOT_OPTIMIZED,
    Assignment,
    Conflict,
    Decision,
    Facts,
    Rule,
    Setting,
    Unread,
)
from pgaudit.constructors.basic import Basic
from pgaudit.constructors.mmcv import options, trials
from pgaudit.constructors.mmcv.rules import CALL, Rules
from pgaudit.constructors.patterns import Pattern
from pgaudit.constructors.trials import Meeting
from pgaudit.inventory import Inventory
from pgaudit.text import quoted


class Mmcv(Basic):
    """The constructor that mmcv 1.x, and with it mmcls, mmdet 2 and mmseg 0, use unless told otherwise."""

    grammar = MMCV
    library = "mmcv 1.7.2"
    unwraps_module = True

    def decide(self, inventory: Inventory, config: Config, facts: Facts) -> Assignment:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        rules = Rules(config, facts)
        if not config.paramwise_cfg:
            return _one_group(inventory, rules, config)
        if inventory.circular is not None:
            raise config.error(
                f"the module {quoted(inventory.circular)} contains itself; {CALL} would raise RecursionError",
                "paramwise_cfg",
                hint="only an empty paramwise_cfg works with such a model",
            )
        return _one_group_each(inventory, rules, bypass=bool(config.paramwise_cfg.get("bypass_duplicate", False)))

    def patterns(self, config: Config, facts: Facts) -> Sequence[Pattern]:
        """Custom keys, then the options that are given."""
        rules = Rules(config, facts)
        given = [option for option in options.OPTIONS if option.name in rules.options]
        keys = [options.key_pattern(config, key) for key in rules.keys]
        return [*keys, *(options.option_pattern(config, option) for option in given)]

    def principle(self, winner: Rule, loser: Rule) -> str:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return trials.principle(winner, loser)

    def trials(self, inventory: Inventory, config: Config, facts: Facts, index: int) -> Iterator[Meeting]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return trials.meetings(inventory, config, facts, index)

    def unread(self, config: Config, facts: Facts) -> Iterator[Unread]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return options.unread(config)

    def renamed(self, config: Config, rule: Rule, to: str) -> Config | None:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return custom_keys.renamed(config, rule, to) if rule.option == "custom_keys" else None

    def exempting(self, config: Config, part: str) -> tuple[str, Config] | None:
        """A custom key."""
        return custom_keys.exempting(config, part)


def _one_group(inventory: Inventory, rules: Rules, config: Config) -> Assignment:
    """``model.parameters()``: each parameter once, frozen ones too, and nobody asks which are frozen."""
    if not inventory.whole:
        raise config.error("the model's parameters() yields none; torch would raise ValueError", "optimizer")
    decisions = [Decision(NOT_OPTIMIZED, None)] * len(inventory.parameters)
    for index in inventory.whole:
        decisions[index] = Decision(rules.untouched, 0)
    return Assignment(tuple(decisions), rules.untouched)


def _one_group_each(inventory: Inventory, rules: Rules, *, bypass: bool) -> Assignment:
    trainable = [parameter.trainable for parameter in inventory.parameters]
    decisions: list[Decision | None] = [None] * len(trainable)
    again: dict[int, list[tuple[str, Setting]]] = {}
    groups = 0
    for visit in inventory.visits:
        index = visit.index
        first = decisions[index] is None
        if trainable[index]:
            if bypass and not first:
                continue
            setting = rules.setting(visit)
        else:
            setting = rules.frozen  # appended before anything asks whether it is a duplicate
        if first:
            decisions[index] = Decision(setting, groups)
            groups += 1
        else:
            again.setdefault(index, []).append((visit.name, setting))
    conflicts = tuple(
        Conflict(index, ((inventory.parameters[index].name, decided.setting), *meetings))
        for index, meetings in sorted(again.items())
        if (decided := decisions[index]) is not None
    )
    left = Decision(NOT_OPTIMIZED, None)
    return Assignment(tuple(decided or left for decided in decisions), rules.untouched, conflicts)
