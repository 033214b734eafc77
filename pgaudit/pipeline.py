"""audit(): model and config in, Report out. Load the policy, open the model, decide, check, report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cache as once
from os import PathLike
from typing import TYPE_CHECKING, Any

from pgaudit import user_code
from pgaudit.checks import Audited, refuse_unknown_codes, run_checks
from pgaudit.config import load_config
from pgaudit.constructors import Constructor, Decision, Decisions, OptimizerDefaults, OptimizerSpec, constructor_named
from pgaudit.core.assignment import Assignment, Group, ModelInfo, OptimizerInfo, ParamAssignment
from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.core.parameters import Inventory
from pgaudit.core.schedule import NO_REQUEST, LrOverTime, ScheduleRequest
from pgaudit.expressions import SlowExpression
from pgaudit.memory import gc_disabled
from pgaudit.models.cache import Cache
from pgaudit.models.references import arguments_for, resolved
from pgaudit.models.source import ModelSource, model_source
from pgaudit.names import spelled_like_globs
from pgaudit.optimizers.dry_run import changed_settings
from pgaudit.optimizers.groups import settings_in
from pgaudit.optimizers.library import Library
from pgaudit.report import Basis, Report
from pgaudit.text import quoted
from pgaudit.user_code.imports import import_attribute

if TYPE_CHECKING:
    from pgaudit.models.source import Model
    from pgaudit.optimizers.calls import OptimizerCall

    ConfigSource = str | PathLike[str] | Mapping[str, Any] | Config


def audit(
    model: Model,
    config: ConfigSource,
    *,
    model_args: Mapping[str, Any] | None = None,
    constructor: str | None = None,
    cache: Cache | None = None,
    request: ScheduleRequest = NO_REQUEST,
) -> Report:
    """Decides which lr and weight decay each parameter of a model gets.

    Args:
        model: a live module (which is not changed), an Inventory, or a reference such as ``resnet50``,
            ``train.py:make_model`` or ``resnet50.inventory.json``; None for the model that the config names.
        config: a path, a mapping of the same shape, or a Config.
        model_args: keyword arguments for the model's factory; they take precedence over the config's.
        constructor: takes the place of the one that the config names.
        cache: where saved inventories of timm's models are kept; None for nowhere.
        request: what is asked about the lr over time.

    Raises:
        ConfigError: the config is wrong, or the real library would refuse it.
        ModelError: the model cannot be built or has no parameters.
    """
    policy = load_config(config, constructor=constructor)
    return audit_source(model_source(model, policy, model_args, cache), policy, request)


def audit_many(
    model: str, configs: Iterable[Config], *, model_args: Mapping[str, Any] | None = None, cache: Cache | None = None
) -> Iterator[Report | Exception | SystemExit]:
    """Audits a model under several configs, each as :func:`audit` would, and builds it but once.

    Yields a report, or what was raised instead, for each config. ``SystemExit`` is what foreign code may raise.
    """
    sources: dict[str, ModelSource] = {}
    for config in configs:
        args = repr(arguments_for(model, config, model_args))
        found: Report | Exception | SystemExit
        try:
            if args not in sources:
                sources[args] = model_source(model, config, model_args, cache)
            found = audit_source(sources[args], config)
        except (Exception, SystemExit) as error:
            found = error
        yield found


def audit_source(source: ModelSource, config: Config, request: ScheduleRequest = NO_REQUEST) -> Report:
    """Returns the report about a model, wherever its inventory comes from; see :func:`audit`."""
    policy = _resolved(config, source.library)  # before a model is built, so that a typo answers at once
    inventory = source.inventory(unwrap=policy.constructor.unwraps_module)
    if inventory is None:
        begins = "inside" if policy.constructor.unwraps_module else "outside"
        raise UsageError(
            f"{policy.constructor.name} begins {begins} the attribute `module`, and this inventory does not"
        )
    return _report(policy, inventory, request)


def audit_with_tensors(source: ModelSource, config: Config) -> tuple[Report, Sequence[Any], OptimizerCall]:
    """Returns the report, the tensor of each parameter in its order (or what stands for it, see
    :meth:`pgaudit.models.source.ModelSource.identities`), and how the optimizer is called.
    """
    policy = _resolved(config, source.library)
    inventory, tensors = source.identities(unwrap=policy.constructor.unwraps_module)
    return _report(policy, inventory, NO_REQUEST), tensors, policy.call


@dataclass(frozen=True)
class _Policy:
    """A config, and what the libraries say of what it names."""

    config: Config
    constructor: Constructor
    library: Library
    spec: OptimizerSpec
    call: OptimizerCall
    defaults: OptimizerDefaults


@gc_disabled()  # torch may be imported here, which takes a quarter longer with the collector on
def _resolved(config: Config, library: Library) -> _Policy:
    """Looks up what a config names: each class once, since its file is run for it."""
    refuse_unknown_codes(config)
    constructor = constructor_named(config.constructor)
    spec = constructor.optimizer(config)
    classes = _classes(constructor, config, library)
    scope = config.architecture.scope if config.architecture else None
    with _errors_at_call(config, spec):
        asked = library.ask(spec.type, spec.arguments, spec.factory, scope)
        held = settings_in(asked.filled)
    functions = _functions(constructor, config)
    defaults = OptimizerDefaults(*held, classes, asked.defaults, asked.filled, asked.read, functions=functions)
    return _Policy(config, constructor, library, spec, asked.call, defaults)


def _classes(constructor: Constructor, config: Config, library: Library) -> dict[str, str]:
    """The qualified names of the classes that the config names to match on."""
    classes = {}
    for ref, at in constructor.class_refs(config).items():
        with config.errors_at(*at):
            classes[ref] = library.qualified_class(ref)
    return classes


def _functions(constructor: Constructor, config: Config) -> dict[str, Callable[..., Any]]:
    """The functions that the config names, each of which is asked but once about the same."""
    functions: dict[str, Callable[..., Any]] = {}
    for ref, at in constructor.function_refs(config).items():
        with config.errors_at(*at):
            user_code.refuse(ref)  # of torch, too: what it does when it is called, nobody knows
            found = import_attribute(resolved(config, ref))[1]
            if not callable(found):
                raise UsageError(f"{quoted(ref)} is no function")
            functions[ref] = once(found)
    return functions


@gc_disabled()
def _report(policy: _Policy, inventory: Inventory, request: ScheduleRequest) -> Report:
    config, constructor, spec = policy.config, policy.constructor, policy.spec
    inventory = inventory.listed_by(constructor.lists)
    names = [name for parameter in inventory.parameters for name in parameter.names]
    defaults = replace(policy.defaults, named=spelled_like_globs(names))
    try:
        decided = constructor.decide(inventory, config, defaults)
        decisions = _as_built(policy, inventory, decided)
        optimizer = OptimizerInfo(
            spec.name,
            {**policy.call.arguments, **spec.grouped},
            defaults.arguments,
            decisions.base,
            class_name=policy.call.name.rpartition(":")[2],
        )
        assignment = _assignment(inventory, optimizer, decisions)
        over_time = _over_time(policy, assignment, request)
        findings, ignored = run_checks(Audited(inventory, config, constructor, defaults, decisions, decided, over_time))
    except SlowExpression as slow:
        raise config.error(slow.message, *slow.at, hint=slow.hint) from None
    return Report(
        assignment,
        constructor.name,
        config.path,
        config.path,
        findings,
        ignored,
        Basis(inventory, config, defaults),
        over_time=over_time,
    )


def _over_time(policy: _Policy, assignment: Assignment, request: ScheduleRequest) -> LrOverTime | None:
    """What the config's schedule makes of the lrs, or the one that is asked about in its place."""
    schedule = policy.config.schedule if request.schedule is None else request.schedule
    if schedule is None and not request.at:
        return None
    if schedule is not None and not request.concerns(schedule):
        return None
    from pgaudit.schedules.of_assignment import schedule_over_time

    return schedule_over_time(
        policy.config, assignment, schedule, policy.defaults.filled_in, request, policy.library.memo
    )


def _as_built(policy: _Policy, inventory: Inventory, decisions: Decisions) -> Decisions:
    """The decisions as the optimizer's class makes them: most classes leave them as they are."""
    with _errors_at_call(policy.config, policy.spec):
        changed = changed_settings(
            policy.library,
            policy.call,
            inventory,
            decisions.params,
            may_be_empty=decisions.may_be_empty,
            empty=decisions.empty,
        )
    if not changed:
        return decisions
    params = tuple(Decision(changed.get(id(d.setting), d.setting), d.group) for d in decisions.params)
    empty = {group: changed.get(id(setting), setting) for group, setting in decisions.empty.items()}
    return replace(decisions, params=params, empty=empty)


def _errors_at_call(config: Config, spec: OptimizerSpec) -> AbstractContextManager[None]:
    """Gives an error about the call of the optimizer's class its place in the config."""
    return config.errors_at(*spec.section, spec.type_key, words=spec.words)


def _assignment(inventory: Inventory, optimizer: OptimizerInfo, decisions: Decisions) -> Assignment:
    params = tuple(
        ParamAssignment(parameter, setting, group, None if group is None else 0)
        for parameter, (setting, group) in zip(inventory.parameters, decisions.params, strict=True)
    )
    model = ModelInfo(inventory.ref, inventory.source, inventory.version, inventory.model_type.short)
    empty = tuple(
        Group(0, index, setting.lr, setting.weight_decay, 0, 0, setting) for index, setting in decisions.empty.items()
    )
    return Assignment("config", model, (optimizer,), params, empty)
