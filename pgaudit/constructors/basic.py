"""What constructors have in common unless they say otherwise. Plug-ins begin here: ``name``, ``title`` and ``decide``
are enough for every command to work; ``chains`` and ``evaluations`` make findings and explanations tell more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pgaudit.constructors.base import Conflict, Decision, Decisions, OptimizerDefaults, OptimizerSpec, Unread
from pgaudit.constructors.engine import RuleChains, no_rules
from pgaudit.constructors.evaluation import BOTH, Computation, Occurrence, RuleEvaluation
from pgaudit.constructors.known_options import FOREIGN_OPTIONS
from pgaudit.constructors.profile import Profile
from pgaudit.core.config import Config
from pgaudit.core.layout import OPTIMIZER_LAYOUTS, Layout
from pgaudit.core.parameters import Inventory, Listing, Visit
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.files.schemas import Schema
from pgaudit.files.validation import Invalid, schema_errors
from pgaudit.text import quoted, visible


class Basic:
    """A constructor that calls the class in ``optimizer`` with what stands there, and reads ``paramwise_cfg``."""

    name: str
    title: str
    aliases: Sequence[str] = ()
    nicknames: Sequence[str] = ()
    layouts = OPTIMIZER_LAYOUTS
    schemas: Mapping[str, Schema] = {}
    scales_lr = False
    profile: Profile | None = None
    example: Mapping[str, Any] | None = None
    library = "a plug-in"
    unwraps_module = False
    lists: Listing = "named_parameters"
    options: Mapping[str, str] = {}
    """What it reads in ``paramwise_cfg``, and what each option does, in a few words."""

    def errors(self, layout: Layout) -> list[Invalid]:
        """What the schemas have against their sections."""
        given = {"paramwise_cfg": layout.paramwise_cfg, "solver": layout.solver}
        return [
            error
            for section, schema in self.schemas.items()
            if given[section] is not None
            for error in schema_errors(schema, given[section], layout.sections[section])
        ]

    def optimizer(self, config: Config) -> OptimizerSpec:
        """``type`` names the class, all else are its arguments."""
        arguments = {key: value for key, value in config.optimizer.items() if key != "type"}
        return OptimizerSpec(config.optimizer["type"], arguments)

    def class_refs(self, config: Config) -> Mapping[str, tuple[str | int, ...]]:
        """No classes."""
        return {}

    def function_refs(self, config: Config) -> Mapping[str, tuple[str | int, ...]]:
        """No functions."""
        return {}

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        raise NotImplementedError

    def chains(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> RuleChains:
        """None that checks could ask."""
        return no_rules(untouched(config, defaults))

    def evaluations(
        self, inventory: Inventory, config: Config, defaults: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """What was decided, without what else was tried."""
        yield occurrence_of(
            inventory.parameters[index].name, self.decide(inventory, config, defaults).params[index].setting
        )

    def unread(self, config: Config, defaults: OptimizerDefaults) -> Iterator[Unread]:
        """Every option of ``paramwise_cfg`` that is not among :attr:`options`."""
        for option in config.paramwise_cfg or {}:
            if option not in self.options:
                yield Unread(("paramwise_cfg", option), frozenset(self.options), FOREIGN_OPTIONS)

    def renamed(self, config: Config, rule: Provenance, to: str) -> Config | None:
        """No rule has a key that could be written otherwise."""
        return None

    def exempting(self, config: Config, part: str) -> tuple[str, Config] | None:
        """No rule could say so."""
        return None


def occurrence_of(name: str, setting: Setting) -> Occurrence:
    """Returns the rules that decided a setting, without what else was tried."""
    values: tuple[tuple[Provenance | None, tuple[Computation, ...]], ...] = (
        (setting.lr_rule, (Computation("lr", setting.lr), *scheduled(setting))),
        (setting.weight_decay_rule, (Computation("weight_decay", setting.weight_decay),)),
    )
    evaluations = (
        RuleEvaluation(rule, True, "it decides", products, frozenset(product.of for product in products))
        for rule, products in values
        if rule is not None
    )
    return Occurrence(name, tuple(evaluations))


def scheduled(setting: Setting) -> tuple[Computation, ...]:
    """Returns what a schedule makes of a group's lr, as a product; none where it makes nothing of it."""
    if setting.lr_scale is None:
        return ()
    return (Computation("scheduled_lr", setting.peak_lr, setting.lr, setting.lr_scale),)


def refuse_raising(config: Config, inventory: Inventory, ways: Sequence[str], call: str, *at: str | int) -> None:
    """Raises ConfigError where a method by which the library lists parameters raises, for the library would as well.

    Args:
        config: the config.
        inventory: which says what was raised.
        ways: the methods, see :data:`pgaudit.core.parameters.Listing`; ``parameters`` is one.
        call: what of the library asks for them.
        at: the place in the config that leads there.
    """
    for way in ways:
        if way in inventory.hints.raised:
            method = _METHODS.get(way, f"the model's {way}()")
            what = f"{call} lists parameters by {method}, and would raise {visible(inventory.hints.raised[way])}"
            raise config.error(what, *at, hint=_RAISING)


def refuse_circular(config: Config, inventory: Inventory, call: str, *at: str, hint: str | None = None) -> None:
    """Raises ConfigError for a model with a module that contains itself, which a library walks for ever."""
    if inventory.circular is not None:
        name = quoted(inventory.circular)
        raise config.error(f"the module {name} contains itself; {call} would raise RecursionError", *at, hint=hint)


ONLY_EMPTY = "only an empty paramwise_cfg works with such a model"


def conflicts_of(
    inventory: Inventory, decisions: Sequence[Decision], decide: Callable[[Visit], Decision]
) -> tuple[Conflict, ...]:
    """Returns the parameters that the model's own ``named_parameters()`` yields again, for another group; within one
    group torch only warns.
    """
    found: dict[int, list[tuple[str, Setting]]] = {}
    for visit in inventory.named_again:
        first, again = decisions[visit.index], decide(visit)
        if first.group is not None and again.group != first.group:
            found.setdefault(visit.index, []).append((visit.name, again.setting))
    return tuple(
        Conflict(index, ((inventory.parameters[index].name, decisions[index].setting), *others))
        for index, others in found.items()
    )


_RAISING = "correct that method; or name the model as it is before it is compiled or wrapped"
_METHODS = {
    "named_children": "each module's named_parameters(recurse=False) and named_children()",
    "named_modules": "the model's named_modules(), and named_parameters(recurse=False) of each",
    "_parameters": "each module's named_children() and _parameters",
}


def base_rule(config: Config, value: str, section: str = "optimizer") -> Provenance:
    """Returns the rule by which the optimizer's own lr or weight decay holds: the config's, or that of the class."""
    if (getattr(config, section) or {}).get(value) is None:
        return Provenance("optimizer_default")
    return Provenance("default", None, config.location(section, value))


def untouched(config: Config, defaults: OptimizerDefaults) -> Setting:
    """Returns what a group gets into which the library writes nothing but parameters."""
    return Setting.of(defaults.lr, defaults.weight_decay, base_rule(config, "lr"), base_rule(config, "weight_decay"))


FROZEN = Provenance("frozen")
"""What leaves out a parameter that does not require a gradient."""


def explained(chains: RuleChains, visit: Visit, *, trainable: bool, why: str) -> Iterator[RuleEvaluation]:
    """Yields how rules are tried, where a frozen parameter is left out whatever they say.

    Args:
        chains: the rules.
        visit: the occurrence with the parameter.
        trainable: whether it requires a gradient.
        why: what becomes of one that does not.
    """
    if not trainable:
        yield RuleEvaluation(FROZEN, True, why, (), BOTH)
    yield from chains.explain(visit, None if trainable else FROZEN)


def note_of_second_group(first: str) -> str:
    """Returns what is special about a further name of a tied parameter, where each name makes a group."""
    return f"the same tensor as {first}: a second group for it, which torch refuses"


EMPTY = "paramwise_cfg is empty: one group of all parameters"


def explained_as_one_group(inventory: Inventory, base: Setting, index: int, why: str) -> Iterator[Occurrence]:
    """Yields how a parameter comes into the one group of all that ``parameters()`` yields."""
    if index in inventory.whole:
        visit = inventory.first_name(index)
        yield Occurrence(visit.name, tuple(no_rules(base, why).explain(visit)))


def one_group(inventory: Inventory, untouched: Setting, config: Config) -> Decisions:
    """``model.parameters()``: each parameter once, frozen ones too, and nobody asks which are frozen."""
    refuse_raising(config, inventory, ["parameters"], "who builds the optimizer", "optimizer")
    if not inventory.whole:
        raise config.error("the model's parameters() yields none; torch would raise ValueError", "optimizer")
    decisions = [Decision(NOT_OPTIMIZED, None)] * len(inventory.parameters)
    for index in inventory.whole:
        decisions[index] = Decision(untouched, 0)
    return Decisions(tuple(decisions), untouched)
