"""The walk over a model that OpenMMLab's default constructors share: a group each parameter, by its own rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgaudit.constructors.base import Conflict, Decision, Decisions, OptimizerDefaults
from pgaudit.constructors.basic import (
    EMPTY,
    ONLY_EMPTY,
    Basic,
    explained_as_one_group,
    note_of_second_group,
    one_group,
    refuse_circular,
    refuse_raising,
)
from pgaudit.constructors.engine import RuleChains
from pgaudit.constructors.evaluation import BOTH, Computation, Occurrence, RuleEvaluation
from pgaudit.constructors.openmmlab import custom_keys
from pgaudit.constructors.openmmlab.dialect import Dialect
from pgaudit.constructors.openmmlab.rules import chains_of
from pgaudit.constructors.openmmlab.schema import EXAMPLE
from pgaudit.core.config import Config
from pgaudit.core.parameters import Inventory, Listing, Visit
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.text import quoted

_FROZEN = Provenance("frozen")


class OpenMMLab(Basic):
    """A default constructor of OpenMMLab's."""

    unwraps_module = True
    lists: Listing = "named_children"
    dialect: Dialect
    example: Mapping[str, Any] | None = {"paramwise_cfg": EXAMPLE}

    @property
    def options(self) -> Mapping[str, str]:  # type: ignore[override]
        """The options of ``paramwise_cfg`` that are read, and what each is for."""
        return {
            "custom_keys": "settings for the parameters whose name holds a key, in place of all other options",
            **{option.name: option.about for option in self.dialect.options},
            "bypass_duplicate": "a tied parameter is taken once, under its first name",
        }

    def chains(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> RuleChains:
        """Custom keys, then options."""
        return chains_of(config, defaults, self.dialect)

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        chains, call = self.chains(inventory, config, defaults), self.dialect.call
        if not config.paramwise_cfg:
            return one_group(inventory, chains.base, config)
        refuse_circular(config, inventory, call, "paramwise_cfg", hint=ONLY_EMPTY)
        refuse_raising(config, inventory, ["named_children"], call, "paramwise_cfg")
        return _one_group_each(inventory, chains, config, self.dialect)

    def evaluations(
        self, inventory: Inventory, config: Config, defaults: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        chains, parameter, dialect = self.chains(inventory, config, defaults), inventory.parameters[index], self.dialect
        if not config.paramwise_cfg:
            yield from explained_as_one_group(inventory, chains.base, index, EMPTY)
            return
        bypass = bool(config.paramwise_cfg.get("bypass_duplicate", False))
        first: str | None = None
        for visit in inventory.visits_of.get(index, ()):
            note = first and note_of_second_group(first)
            if first is not None and bypass and (parameter.trainable or dialect.bypasses_frozen):
                rule = Provenance("duplicate", None, config.location("paramwise_cfg", "bypass_duplicate"))
                met = RuleEvaluation(rule, True, f"already in a group as {first}")
                yield Occurrence(visit.name, (met, *chains.explain(visit, rule)))
            elif parameter.trainable:
                yield Occurrence(visit.name, tuple(chains.explain(visit)), note)
            else:
                tried = (self._frozen(chains), *chains.explain(visit, _FROZEN))
                yield Occurrence(visit.name, tried, note if dialect.keeps_frozen else None)
            first = first or visit.name

    def _frozen(self, chains: RuleChains) -> RuleEvaluation:
        if not self.dialect.keeps_frozen:
            return RuleEvaluation(_FROZEN, True, "it is frozen: skipped, with a warning", (), BOTH)
        values = (Computation("lr", chains.base.lr), Computation("weight_decay", chains.base.weight_decay))
        return RuleEvaluation(_FROZEN, True, "it is frozen", values, BOTH)

    def renamed(self, config: Config, rule: Provenance, to: str) -> Config | None:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return custom_keys.renamed(config, rule, to)

    def exempting(self, config: Config, part: str) -> tuple[str, Config] | None:
        """A custom key."""
        return custom_keys.exempting(config, part)


def _one_group_each(inventory: Inventory, chains: RuleChains, config: Config, dialect: Dialect) -> Decisions:
    bypass = bool((config.paramwise_cfg or {}).get("bypass_duplicate", False))
    kept = Setting.of(chains.base.lr, chains.base.weight_decay, _FROZEN, _FROZEN)
    skipped = Decision(Setting.left_out(_FROZEN), None)
    trainable = [parameter.trainable for parameter in inventory.parameters]
    decisions: list[Decision | None] = [None] * len(trainable)
    again: dict[int, list[tuple[str, Setting]]] = {}
    warned: dict[int, None] = {}
    groups = 0
    for visit in inventory.visits:
        if visit.conv is not None:
            _refuse_without_channels(visit, config, dialect)
        index = visit.index
        first = decisions[index] is None
        if bypass and not first and (trainable[index] or dialect.bypasses_frozen):
            continue
        if trainable[index]:
            setting = chains.decide(visit)
        elif dialect.keeps_frozen:
            setting = kept  # appended before anything asks whether it is a duplicate
        else:
            decisions[index] = skipped
            warned[index] = None
            continue
        if first:
            decisions[index] = Decision(setting, groups)
            groups += 1
        else:
            again.setdefault(index, []).append((visit.name, setting))
    if not groups and warned:
        raise config.error(
            f"every parameter is frozen, and {dialect.call} skips them; "
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
    return Decisions(decided_all, chains.base, conflicts, warned=tuple(sorted(warned)))


def _refuse_without_channels(visit: Visit, config: Config, dialect: Dialect) -> None:
    """Raises ConfigError for a Conv2d that the library cannot ask for its channels, whoever owns it."""
    if visit.conv is not None and (visit.conv.in_channels is None or visit.conv.groups is None):
        raise config.error(
            f"a Conv2d without channels owns {quoted(visit.name)}; {dialect.call} would raise AttributeError",
            "paramwise_cfg",
        )
