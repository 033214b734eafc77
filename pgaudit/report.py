"""The Report: what renderers, diff and gate read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pgaudit import serialize
from pgaudit.checks import SEVERITIES, Finding
from pgaudit.config import Config
from pgaudit.constructors import Facts, Rule, Setting
from pgaudit.inventory import Inventory, Parameter
from pgaudit.names import Names
from pgaudit.text import counted, did_you_mean, quoted, visible


def deciding_rules(setting: Setting) -> tuple[Rule, ...]:
    """Returns the rules, without repetition, that made a setting what it is: those beside the base, or else the base
    rule itself.
    """
    rules = {rule.name: rule for rule in (setting.lr_rule, setting.weight_decay_rule) if rule}
    special = tuple(rule for rule in rules.values() if not rule.is_base)
    return special or tuple(rules.values())[:1]


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter and what it gets."""

    parameter: Parameter
    setting: Setting
    group: int | None

    def __repr__(self) -> str:
        if self.group is None:
            return f"<Row {visible(self.name)}: in no group>"
        setting = self.setting
        lr, decay = (
            f"{value!r}{f' by {visible(rule.full)}' if rule else ''}"
            for value, rule in ((setting.lr, setting.lr_rule), (setting.weight_decay, setting.weight_decay_rule))
        )
        return f"<Row {visible(self.name)}: lr {lr}, weight_decay {decay}, group {self.group}>"

    @property
    def name(self) -> str:
        """The parameter's first name."""
        return self.parameter.name

    @property
    def lr(self) -> float | None:
        """The learning rate of its group; None where it is in no group."""
        return self.setting.lr

    @property
    def weight_decay(self) -> float | None:
        """The weight decay of its group; None where it is in no group."""
        return self.setting.weight_decay

    @property
    def scheduled_lr(self) -> float | None:
        """What the library's schedulers make of the lr at their full height; None where they take it as it is."""
        return self.setting.scheduled_lr


@dataclass(frozen=True)
class Group:
    """One entry of ``optimizer.param_groups``."""

    index: int
    lr: float | None
    weight_decay: float | None
    parameters: int
    numel: int
    setting: Setting = field(repr=False, compare=False)
    """What its first parameter gets: all others get the same, though not by the same rules."""


@dataclass(frozen=True)
class RuleCount:
    """How many parameters, and how many elements, a rule decided anything for."""

    rule: Rule
    parameters: int
    numel: int


class NoSuchParameter(KeyError):
    """A report holds no parameter of that name. Unlike other KeyErrors, it says so in a sentence."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Report:
    """Which lr and weight decay each parameter really gets, and why: its rows, in order and by name."""

    inventory: Inventory
    config: Config
    constructor: str
    optimizer: Mapping[str, Any]
    """The optimizer's type and arguments, as the constructor calls it."""
    base: Setting
    """What a parameter gets that no rule speaks about."""
    rows: tuple[Row, ...]
    """In the order of ``named_parameters()``."""
    findings: tuple[Finding, ...]
    ignored: tuple[Finding, ...]
    """Findings that the config asks to ignore."""
    facts: Facts
    """What the constructor knew of classes."""

    @cached_property
    def _by_name(self) -> dict[str, Row]:
        named = {alias: row for row in self.rows for alias in row.parameter.aliases}
        return named | {row.name: row for row in self.rows}

    def __getitem__(self, name: str) -> Row:
        """Returns a parameter's row by its name or one of its aliases.

        Raises:
            NoSuchParameter: a KeyError; no parameter is called so.
        """
        row = self._by_name.get(name)
        if row is None:
            near = did_you_mean(str(name), self._by_name)
            raise NoSuchParameter(f"no parameter is called {quoted(name)}{f'; {near}' if near else ''}")
        return row

    def __contains__(self, item: object) -> bool:
        """Whether a parameter has this name or alias, or this is one of the rows."""
        return self._by_name.get(item.name) == item if isinstance(item, Row) else item in self._by_name

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        severities = Counter(finding.severity for finding in self.findings)
        found = [counted(severities[severity], severity) for severity in SEVERITIES if severities[severity]]
        words = [counted(len(self), "tensor"), counted(len(self.groups), "group"), *(found or ["no findings"])]
        optimizer = f"{visible(self.optimizer['type'])} lr {self.base.lr!r}"
        return f"<Report {visible(self.inventory.ref)}, {self.constructor}, {optimizer}: {', '.join(words)}>"

    @cached_property
    def names(self) -> Names:
        """All names of all parameters, to look for globs among them."""
        return Names(self._by_name)

    def called(self, names: Collection[str]) -> list[Row]:
        """Returns the rows that have one of some names, or an alias of them, in the order of the model."""
        return [row for row in self.rows if row.name in names or any(alias in names for alias in row.parameter.aliases)]

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The optimizer's groups."""
        first: dict[int, Setting] = {}
        parameters: dict[int, int] = defaultdict(int)
        numel: dict[int, int] = defaultdict(int)
        for row in self.rows:
            if row.group is not None:
                first.setdefault(row.group, row.setting)
                parameters[row.group] += 1
                numel[row.group] += row.parameter.numel
        return tuple(
            Group(index, first[index].lr, first[index].weight_decay, parameters[index], numel[index], first[index])
            for index in sorted(first)
        )

    @cached_property
    def scheduled(self) -> bool:
        """Whether the library's schedulers multiply any lr that they set."""
        return any(row.setting.lr_scale is not None for row in self.rows)

    def beside(self, setting: Setting) -> dict[str, Any]:
        """Returns what a group holds beside lr and weight decay that changes the training: what somebody reads, and the
        optimizer's own value is another.
        """
        held = setting.effective.items()
        return {key: value for key, value in held if self._own.get(key) != serialize.plain(value)}

    @cached_property
    def _own(self) -> dict[str, Any]:
        """The optimizer's arguments, given or by default."""
        return {key: serialize.plain(value) for key, value in {**self.facts.arguments, **self.optimizer}.items()}

    @cached_property
    def rules(self) -> tuple[RuleCount, ...]:
        """Every rule that decided something, most parameters first; the base rule for parameters that no other one
        touched.
        """
        settings: dict[int, Setting] = {}
        parameters: dict[int, int] = defaultdict(int)
        numel: dict[int, int] = defaultdict(int)
        for row in self.rows:
            which = id(row.setting)
            settings.setdefault(which, row.setting)
            parameters[which] += 1
            numel[which] += row.parameter.numel
        counts: dict[tuple[str, str | None], RuleCount] = {}
        for which, setting in settings.items():
            for rule in deciding_rules(setting):
                before = counts.get(rule.name) or RuleCount(rule, 0, 0)
                more, elements = parameters[which], numel[which]
                counts[rule.name] = RuleCount(before.rule, before.parameters + more, before.numel + elements)
        return tuple(sorted(counts.values(), key=lambda count: -count.parameters))

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as plain data, in the JSON report's schema, version 1."""
        return serialize.report(self)
