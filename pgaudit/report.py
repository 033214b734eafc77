"""The Report: an assignment, what it was decided from, and what was found. Renderers, diff and gate read it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from pgaudit import serialize
from pgaudit.config import Config
from pgaudit.constructors import Facts
from pgaudit.core.assignment import Assignment, OptimizerInfo, ParamAssignment, Provenance, Setting
from pgaudit.core.errors import UsageError
from pgaudit.core.findings import SEVERITIES, Finding
from pgaudit.core.parameters import Inventory
from pgaudit.names import Names, spelled_like_globs
from pgaudit.text import counted, did_you_mean, quoted, visible


def deciding_rules(setting: Setting) -> tuple[Provenance, ...]:
    """Returns the rules, without repetition, that made a setting what it is: those beside the base, or else the base
    rule itself.
    """
    rules = {rule.name: rule for rule in (setting.lr_rule, setting.weight_decay_rule) if rule}
    special = tuple(rule for rule in rules.values() if not rule.is_base)
    return special or tuple(rules.values())[:1]


@dataclass(frozen=True)
class Group:
    """One entry of an optimizer's ``param_groups``."""

    optimizer: int
    index: int
    lr: float | None
    weight_decay: float | None
    parameters: int
    numel: int | None
    """Elements of its parameters; None where they are not known."""
    setting: Setting = field(repr=False, compare=False)
    """What its first parameter gets: all others get the same, though not by the same rules."""


@dataclass(frozen=True)
class RuleCount:
    """How many parameters, and how many elements, a rule decided anything for."""

    rule: Provenance
    parameters: int
    numel: int | None
    """None where it is not known."""


class NoSuchParameter(KeyError):
    """A report holds no parameter of that name. Unlike other KeyErrors, it says so in a sentence."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Basis:
    """What an assignment was decided from."""

    inventory: Inventory
    config: Config
    facts: Facts
    """What the constructor knew of classes."""


@dataclass(frozen=True)
class Report:
    """What each parameter really trains with, and why: its parameters, in order and by name, and what was found."""

    assignment: Assignment
    constructor: str | None
    """None where no constructor decided, or nothing says which."""
    path: str | None = None
    """The file that the user named; None for what was given as an object."""
    config_path: str | None = None
    """The config in which the rules stand."""
    findings: tuple[Finding, ...] = ()
    ignored: tuple[Finding, ...] = ()
    """Findings that the config asks to ignore."""
    basis: Basis | None = None
    """What it was decided from; None for a report that was read back from a file."""

    def __getitem__(self, name: str) -> ParamAssignment:
        """Returns what a parameter gets, by its name or one of its aliases.

        Raises:
            NoSuchParameter: a KeyError; no parameter is called so.
        """
        found = self.assignment.by_name.get(name)
        if found is None:
            near = did_you_mean(str(name), self.assignment.by_name)
            raise NoSuchParameter(f"no parameter is called {quoted(name)}{f'; {near}' if near else ''}")
        return found

    def __contains__(self, item: object) -> bool:
        """Whether a parameter has this name or alias, or this is one of the parameters."""
        by_name = self.assignment.by_name
        return by_name.get(item.name) == item if isinstance(item, ParamAssignment) else item in by_name

    def __iter__(self) -> Iterator[ParamAssignment]:
        return iter(self.params)

    def __len__(self) -> int:
        return len(self.params)

    def __repr__(self) -> str:
        severities = Counter(finding.severity for finding in self.findings)
        found = [counted(severities[severity], severity) for severity in SEVERITIES if severities[severity]]
        words = [counted(len(self), "tensor"), counted(len(self.groups), "group"), *(found or ["no findings"])]
        optimizers = [f"{visible(each.type)} lr {each.base.lr!r}" for each in self.assignment.optimizers]
        about = [visible(self.assignment.model.ref), *([self.constructor] if self.constructor else []), *optimizers]
        return f"<Report {', '.join(about)}: {', '.join(words)}>"

    @property
    def params(self) -> tuple[ParamAssignment, ...]:
        """All parameters, in the order of ``named_parameters()``."""
        return self.assignment.params

    @property
    def decided_from(self) -> Basis:
        """What it was decided from.

        Raises:
            UsageError: it was read back from a file, which does not hold that.
        """
        if self.basis is None:
            raise UsageError("this needs the model and the config, and a saved report holds neither", "name them")
        return self.basis

    @property
    def inventory(self) -> Inventory:
        """The model's parameters and modules; see :attr:`decided_from`."""
        return self.decided_from.inventory

    @property
    def config(self) -> Config:
        """The config; see :attr:`decided_from`."""
        return self.decided_from.config

    @property
    def facts(self) -> Facts:
        """What the constructor knew of classes; see :attr:`decided_from`."""
        return self.decided_from.facts

    @property
    def notes(self) -> tuple[str, ...]:
        """What its user should know about how the model was built."""
        return self.basis.inventory.notes if self.basis else ()

    @cached_property
    def taken(self) -> Collection[str]:
        """Names of parameters that look like globs: no folded name may look like them."""
        return self.basis.facts.named if self.basis else spelled_like_globs(self.assignment.by_name)

    @property
    def optimizer(self) -> OptimizerInfo:
        """The first optimizer: the only one that a config leads to."""
        return self.assignment.optimizers[0]

    def optimizer_of(self, param: ParamAssignment) -> OptimizerInfo:
        """Returns the optimizer that a parameter is in, or would be in."""
        return self.assignment.optimizers[param.optimizer or 0]

    @property
    def base(self) -> Setting:
        """What a parameter of the first optimizer gets that no rule speaks about."""
        return self.optimizer.base

    def shown_base(self, optimizer: int = 0) -> tuple[float | None, float | None]:
        """Returns an optimizer's base lr and base weight decay, as far as its parameters show them: what one gets under
        the default rule; where none stands under it, the optimizer's argument.

        A JSON report does not hold the base values, and a report must mean the same in memory and in a file. BaseCls
        calls its optimizer with a weight decay that no group uses, so that there it is unknown.
        """
        return self._shown("lr", optimizer), self._shown("weight_decay", optimizer)

    def _shown(self, name: str, optimizer: int) -> float | None:
        for setting in {id(each.setting): each.setting for each in self.params if each.optimizer == optimizer}.values():
            rule = setting.provenance(name)
            if rule and rule.is_base:
                found: float | None = setting.get(name)
                return found
        given = self.assignment.optimizers[optimizer].arguments.get(name)
        if isinstance(given, bool) or not isinstance(given, (int, float)) or self.constructor == "basecls":
            return None
        return given

    def with_bases(self) -> Report:
        """Returns the report with base settings as its parameters show them, for one that was read from a file."""
        rule = Provenance("default")
        optimizers = tuple(
            replace(each, base=Setting.of(*self.shown_base(index), rule, rule))
            for index, each in enumerate(self.assignment.optimizers)
        )
        return replace(self, assignment=replace(self.assignment, optimizers=optimizers))

    @cached_property
    def names(self) -> Names:
        """All names of all parameters, to look for globs among them."""
        return Names(self.assignment.by_name)

    def called(self, names: Collection[str]) -> list[ParamAssignment]:
        """Returns the parameters that have one of some names, or an alias of them, in the order of the model."""
        return [each for each in self.params if any(name in names for name in each.names)]

    @cached_property
    def numel(self) -> int | None:
        """Elements of all parameters; None where that is not known."""
        counts = [each.param.numel for each in self.params]
        return None if None in counts else sum(count for count in counts if count is not None)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The groups of all optimizers."""
        first: dict[tuple[int, int], Setting] = {}
        parameters: dict[tuple[int, int], int] = defaultdict(int)
        numel: dict[tuple[int, int], int] = defaultdict(int)
        for each in self.params:
            if each.group is not None and each.optimizer is not None:
                which = each.optimizer, each.group
                first.setdefault(which, each.setting)
                parameters[which] += 1
                numel[which] += each.param.numel or 0
        return tuple(
            Group(*which, setting.lr, setting.weight_decay, parameters[which], self._if_known(numel[which]), setting)
            for which, setting in sorted(first.items(), key=lambda item: item[0])
        )

    @cached_property
    def scheduled(self) -> bool:
        """Whether the library's schedulers multiply any lr that they set."""
        return any(each.setting.lr_scale is not None for each in self.params)

    def beside(self, setting: Setting, optimizer: int | None = 0) -> dict[str, Any]:
        """Returns what a group holds beside lr and weight decay that changes the training: what somebody reads, and the
        optimizer's own value is another.
        """
        held = setting.unscaled
        own = self._own[optimizer or 0] if held else {}
        return {key: value for key, value in held.items() if own.get(key) != serialize.plain(value)}

    @cached_property
    def _own(self) -> list[dict[str, Any]]:
        """The arguments of each optimizer, given or by default."""
        return [
            {key: serialize.plain(value) for key, value in {**each.defaults, **each.arguments}.items()}
            for each in self.assignment.optimizers
        ]

    @cached_property
    def rules(self) -> tuple[RuleCount, ...]:
        """Every rule that decided something, most parameters first; the base rule for parameters that no other one
        touched.
        """
        settings: dict[int, Setting] = {}
        parameters: dict[int, int] = defaultdict(int)
        numel: dict[int, int] = defaultdict(int)
        for each in self.params:
            which = id(each.setting)
            settings.setdefault(which, each.setting)
            parameters[which] += 1
            numel[which] += each.param.numel or 0
        decided: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        first: dict[tuple[str, str | None], Provenance] = {}
        for which, setting in settings.items():
            for rule in deciding_rules(setting):
                first.setdefault(rule.name, rule)
                decided[rule.name].append(which)
        counts = [
            RuleCount(first[name], sum(parameters[w] for w in of), self._if_known(sum(numel[w] for w in of)))
            for name, of in decided.items()
        ]
        return tuple(sorted(counts, key=lambda count: -count.parameters))

    def _if_known(self, numel: int) -> int | None:
        return None if self.numel is None else numel

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as plain data, in the JSON report's schema, version 1."""
        return serialize.report(self)
