"""What a check sees and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from pgaudit.checks.heights import Height, Heights
from pgaudit.checks.hits import Hits, hits_of
from pgaudit.checks.segments import Cut, cut
from pgaudit.checks.what_if import narrowed, without
from pgaudit.constructors import Constructor, Decisions, OptimizerDefaults
from pgaudit.constructors.engine import RuleChains
from pgaudit.constructors.rule import Rule
from pgaudit.core.config import Config
from pgaudit.core.errors import ConfigError
from pgaudit.core.findings import Finding, Hint, Severity
from pgaudit.core.location import Location, Path, location_order, whole_file
from pgaudit.core.parameters import Inventory, ModuleType, Visit
from pgaudit.core.schedule import LrOverTime
from pgaudit.core.setting import Provenance, Setting

_SAMPLE = 16
"""Parameters that are asked about first; most rules change one of them."""


@dataclass(frozen=True)
class Kind:
    """What findings of one code have in common. A code never changes its meaning."""

    code: str
    name: str
    severity: Severity


@dataclass(frozen=True)
class Audited:
    """All that a check may look at."""

    inventory: Inventory
    config: Config
    constructor: Constructor
    defaults: OptimizerDefaults
    assignment: Decisions
    decided: Decisions
    """The assignment before the optimizer's class had its say, to compare other decisions with."""
    over_time: LrOverTime | None = None
    """What the config's schedule makes of the lrs; None where it has none."""

    @cached_property
    def hits(self) -> tuple[Hits, ...]:
        """What each rule of the config matches and decides, in the order in which rules are tried.

        The library's own rules are not among them: nobody can fix those.
        """
        rules = [rule for rule in self.chains.rules if rule.at]
        return hits_of(self.inventory, rules, self.chains.text, self.assignment)

    @cached_property
    def chains(self) -> RuleChains:
        """The rules of the config for this model."""
        return self.constructor.chains(self.inventory, self.config, self.defaults)

    @cached_property
    def past_frozen(self) -> tuple[Hits, ...]:
        """The rules that match frozen parameters alone, and so change nothing, in the order of the config."""
        parameters = self.inventory.parameters
        found = [
            hits
            for hits in self.hits
            if hits.matched
            and not any(parameters[visit.index].trainable for visit in hits.matched)
            and self.is_inert(hits)
        ]
        return tuple(sorted(found, key=lambda hits: location_order(hits.rule.provenance.location)))

    @cached_property
    def first_visits(self) -> tuple[Visit | None, ...]:
        """The visit that decides each parameter; None for one that is never met."""
        first: list[Visit | None] = [None] * len(self.inventory.parameters)
        for visit in self.inventory.visits:
            if first[visit.index] is None:
                first[visit.index] = visit
        return tuple(first)

    def effect(self, setting: Setting) -> tuple[object, ...]:
        """All that a setting comes to, so that equal effects are equal: what else the library writes into a group has
        one only where somebody looks for it.
        """
        read = {**self.defaults.filled_in, **setting.unscaled}
        return setting.lr, setting.peak_lr, setting.weight_decay, repr(sorted(read.items()))

    def settings_if(
        self,
        indices: Iterable[int],
        *,
        config: Config | None = None,
        change: Callable[[Visit], Visit] = lambda visit: visit,
    ) -> dict[int, tuple[Setting, Setting]]:
        """Returns, for each of some parameters, what it gets and what it would get. The constructor itself is asked
        again, so that no check has semantics of its own.

        Args:
            indices: the parameters; each is decided by its first visit.
            config: takes the place of the config.
            change: changes a visit, such as its module's class.

        Returns:
            Nothing at all where the library would refuse the changed config.
        """
        before, chosen = self.decided.params, []
        for index in indices:
            visit = self.first_visits[index]
            if visit is not None and before[index].group is not None:
                chosen.append((index, change(visit)))
        if not chosen:
            return {}
        try:
            after = self.constructor.decide(narrowed(self.inventory, chosen), config or self.config, self.defaults)
        except ConfigError:
            return {}
        return {
            index: (before[index].setting, now.setting) for (index, _), now in zip(chosen, after.params, strict=True)
        }

    def is_inert(self, hits: Hits) -> bool:
        """Returns whether everything would be as it is, were a rule taken out of the config."""
        fewer = without(self.config, hits.rule.at)
        sample = self.settings_if(hits.decided[:_SAMPLE], config=fewer).values()
        if any(self.effect(now) != self.effect(then) for now, then in sample):
            return False
        try:
            # The whole model: without any option, the library may go another way with what no rule is about, too.
            after = self.constructor.decide(self.inventory, fewer, self.defaults).params
        except ConfigError:
            return False  # it would refuse the config without it
        pairs = zip(self.decided.params, after, strict=True)
        unlike = {
            (id(now.setting), id(then.setting), now.group is None, then.group is None): (now, then)
            for now, then in pairs
        }
        return all(
            self.effect(now.setting) == self.effect(then.setting) and (now.group is None) == (then.group is None)
            for now, then in unlike.values()
        )

    @cached_property
    def owners(self) -> Mapping[str, frozenset[ModuleType]]:
        """The classes of the modules in each module that own parameters, by its name."""
        found: dict[str, dict[int, ModuleType]] = {}
        for visit in self.inventory.visits:
            prefix, module = visit.prefix, visit.module
            # What is known of a module is known of all around it.
            while prefix and id(module) not in (inside := found.setdefault(prefix, {})):
                inside[id(module)] = module
                prefix = prefix.rpartition(".")[0]
        return {prefix: frozenset(modules.values()) for prefix, modules in found.items()}

    @cached_property
    def heights(self) -> list[Height]:
        """How high the lrs of all parameters come that train, in the model's order."""
        rows = zip(self.inventory.parameters, self.assignment.params, strict=True)
        return Heights(built=False).of(
            (index, parameter.name, decision.setting, decision.setting.get("initial_lr"))
            for index, (parameter, decision) in enumerate(rows)
            if parameter.trainable and decision.group is not None
        )

    def lr_location(self, index: int) -> Location | None:
        """Returns where the rule stands that decided a parameter's lr."""
        rule = self.assignment.params[index].setting.lr_rule
        return rule.location if rule is not None else None

    def cut(self, rule: Rule, visit: Visit) -> Cut | None:
        """Returns on what of a name a rule matches: see :func:`pgaudit.checks.segments.cut`."""
        text = self.chains.text(visit)
        return cut(text, rule.found(visit, text))

    def rule_at(self, rule: Provenance) -> Path | None:
        """Where a rule stands in the config, if it is one that the config gives."""
        return next((hits.rule.at for hits in self.hits if hits.rule.provenance == rule), None)

    def finding(
        self,
        kind: Kind,
        message: str,
        hint: Hint | None = None,
        *,
        at: Path = (),
        location: Location | None = None,
        key: str | None = None,
        indices: Sequence[int] = (),
        keys: Sequence[str] = (),
    ) -> Finding:
        """Returns a finding at a place in the config, about some parameters."""
        params = tuple(self.inventory.parameters[index].name for index in indices)
        location = (self.config.location(*at) if at else location) or whole_file(self.config.path)
        found = Finding(kind.code, kind.name, kind.severity, message, None, location, params, key, tuple(keys))
        return found.hinted(hint)


class Check(Protocol):
    """One finding code: a module whose docstring is its documentation."""

    KIND: Kind

    def check(self, audited: Audited, /) -> Iterator[Finding]:
        """Yields what it finds, in the config's order."""
