"""RT-DETR's get_optim_params, which D-FINE and DEIM have taken over.

Source of the semantics: D-FINE 4a1f73a, ``src/core/yaml_config.py``, ``YAMLConfig.get_optim_params``; the same in
RT-DETR 068dfde (``rtdetr_pytorch`` and ``rtdetrv2_pytorch``) and in DEIM a9aa4ad (``engine/core``). Each entry of
``params`` is a group: the trainable parameters in whose name ``re.findall`` finds its pattern, and its other keys, as
they are. What no entry claims is a last group, at the optimizer's values. A group without parameters stays. Entries do
not exclude each other, and every overlap ends in an exception. Without ``params`` there is one group of all parameters,
frozen ones too.

Their YAML is read as it is (see :mod:`pgaudit.config.dialects.rtdetr`); in a config of ours, ``params`` stands in
``paramwise_cfg``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgaudit.constructors.base import Decision, Decisions, OptimizerDefaults, Unread
from pgaudit.constructors.basic import (
    FROZEN,
    Basic,
    conflicts_of,
    explained,
    explained_as_one_group,
    one_group,
    refuse_raising,
    untouched,
)
from pgaudit.constructors.engine import RuleChains
from pgaudit.constructors.evaluation import Occurrence
from pgaudit.constructors.profile import AS_GIVEN, FIRST, LEFT_OUT, Profile
from pgaudit.constructors.rtdetr.entries import AT, CALL, PATTERN, SCHEMA, entries_of, pattern_errors, worded
from pgaudit.constructors.rtdetr.rules import chains_of, overlap
from pgaudit.core.config import Config
from pgaudit.core.layout import Layout
from pgaudit.core.parameters import Inventory, Visit
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.files.schemas import Schema
from pgaudit.files.validation import Invalid
from pgaudit.text import visible


class RtDetr(Basic):
    """A group for each pattern, and one for the rest."""

    name = "rtdetr"
    title = "RT-DETR's, D-FINE's and DEIM's get_optim_params"
    nicknames = ("rt-detr", "rtdetrv2", "d-fine", "dfine", "deim")
    schemas: Mapping[str, Schema] = {AT: SCHEMA}
    profile = Profile(
        names="a pattern is an expression, searched in the name; two that claim one parameter are refused",
        lr="the entry's lr, base",
        weight_decay="the entry's weight_decay, base",
        frozen=LEFT_OUT,
        tied=FIRST,
        groups="one for each entry, empty or not, and one for the rest; without `params` one for all, frozen or not",
        begins=AS_GIVEN,
        unknown="ignored; in an entry copied into the group",
    )
    example: Mapping[str, Any] | None = {AT: {PATTERN: [{PATTERN: "norm|bn|bias", "weight_decay": 0.0}]}}
    library = "D-FINE 4a1f73a"
    options: Mapping[str, str] = {PATTERN: "patterns, each with what stands in the group of its parameters"}

    def errors(self, layout: Layout) -> list[Invalid]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        given, at = layout.paramwise_cfg, layout.sections[AT]
        return [*worded(super().errors(layout), given, at), *pattern_errors(given, at)]

    def chains(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> RuleChains:
        """The entries, in the order of the list."""
        return chains_of(config, defaults)[0]

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        if entries_of(config) is None:
            return one_group(inventory, untouched(config, defaults), config)
        refuse_raising(config, inventory, ["named_parameters"], CALL, "constructor")
        chains, held = chains_of(config, defaults)
        groups = [*held, chains.base]

        def claimed_by(visit: Visit) -> list[int]:
            return [group for group, rule in enumerate(chains.rules) if rule.matches(visit, visit.name)]

        def decided(claimed: list[int]) -> Decision:
            group = claimed[0] if claimed else len(held)
            return Decision(groups[group], group)

        parameters, frozen = inventory.parameters, Decision(Setting.left_out(FROZEN), None)
        decisions = [Decision(NOT_OPTIMIZED, None)] * len(parameters)
        claims: list[tuple[Visit, list[int]]] = []
        for index, parameter in enumerate(parameters):
            if index not in inventory.unnamed:
                visit = inventory.first_name(index)
                claimed = claimed_by(visit) if parameter.trainable else []
                decisions[index] = decided(claimed) if parameter.trainable else frozen
                claims += [(visit, claimed)] if parameter.trainable else []
        claims += [(again, claimed_by(again)) for again in inventory.named_again if parameters[again.index].trainable]
        if error := overlap(config, chains.rules, claims):
            raise error
        if not held and not claims:
            message = "all parameters are frozen, and no entry makes a group; torch would raise ValueError"
            raise config.error(message, AT, PATTERN)
        conflicts = conflicts_of(inventory, decisions, lambda visit: decided(claimed_by(visit)))
        filled = {decision.group for decision in decisions}
        empty = {group: setting for group, setting in enumerate(held) if group not in filled}
        return Decisions(tuple(decisions), chains.base, conflicts, empty=empty)

    def evaluations(
        self, inventory: Inventory, config: Config, defaults: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """Each parameter is met once, under its first name."""
        if entries_of(config) is None:
            why = "there are no `params`: one group of all parameters"
            yield from explained_as_one_group(inventory, untouched(config, defaults), index, why)
        elif index not in inventory.unnamed:
            visit, trainable = inventory.first_name(index), inventory.parameters[index].trainable
            chains = self.chains(inventory, config, defaults)
            tried = explained(chains, visit, trainable=trainable, why="it is frozen, and left out")
            yield Occurrence(visit.name, tuple(tried))

    def unread(self, config: Config, defaults: OptimizerDefaults) -> Iterator[Unread]:
        """What is copied into a group has an effect only where somebody looks for it."""
        yield from super().unread(config, defaults)
        kind = visible(self.optimizer(config).name.rpartition(":")[2])
        for index, entry in enumerate(entries_of(config) or ()):
            for key in entry:
                if key != PATTERN and key not in defaults.looked_for:
                    why = f"is copied into the group, where {kind} does not look for it"
                    known = frozenset(defaults.filled_in)
                    yield Unread((AT, PATTERN, index, key), known, why=why, hint=f"an argument of {kind}")

    def renamed(self, config: Config, rule: Provenance, to: str) -> Config | None:
        """Returns the config with a pattern written otherwise."""
        entries = entries_of(config)
        if entries is None or rule.option != PATTERN:
            return None
        written = [{**entry, PATTERN: to} if entry[PATTERN] == rule.key else entry for entry in entries]
        return _with(config, written)

    def exempting(self, config: Config, part: str) -> tuple[str, Config] | None:
        """An entry of its own, which nobody may have claimed before."""
        return part, _with(config, [*(entries_of(config) or []), {PATTERN: part, "weight_decay": 0.0}])


def _with(config: Config, entries: list[Mapping[str, Any]]) -> Config:
    return replace(config, paramwise_cfg={**(config.paramwise_cfg or {}), PATTERN: entries})
