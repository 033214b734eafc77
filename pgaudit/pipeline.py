"""audit(): model and config in, Report out. The pipeline itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from os import PathLike
from typing import TYPE_CHECKING, Any

from pgaudit import user_code
from pgaudit.checks import Audited, refuse_unknown_codes, run_checks
from pgaudit.config import Config, load_config
from pgaudit.constructors import Constructor, Decisions, Facts, OptimizerSpec, constructor_named
from pgaudit.core.assignment import Assignment, ModelInfo, OptimizerInfo, ParamAssignment, Setting
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.parameters import Inventory
from pgaudit.expressions import SlowExpression
from pgaudit.inventory.cache import Cache
from pgaudit.inventory.collector import paused
from pgaudit.inventory.groups import settings_in
from pgaudit.inventory.library import INSTALLED, Library
from pgaudit.live import Live, arguments_for, beside, checked
from pgaudit.names import spelled_like_globs
from pgaudit.references import subject_of
from pgaudit.report import Basis, Report
from pgaudit.subject import Subject
from pgaudit.text import quoted
from pgaudit.trial import as_built, called, placed

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

    from pgaudit.inventory.calls import OptimizerCall
    from pgaudit.inventory.walk import Walked
    from pgaudit.subject import Model

    ConfigSource = str | PathLike[str] | Mapping[str, Any] | Config


def audit(
    model: Model,
    config: ConfigSource,
    *,
    model_args: Mapping[str, Any] | None = None,
    constructor: str | None = None,
    cache: Cache | None = None,
) -> Report:
    """Decides which lr and weight decay each parameter of a model gets.

    Args:
        model: a live module (which is not changed), an Inventory, or a reference such as ``resnet50``,
            ``train.py:make_model`` or ``resnet50.inventory.json``; None for the model that the config names.
        config: a path, a mapping of the same shape, or a Config.
        model_args: keyword arguments for the model's factory; they take precedence over the config's.
        constructor: takes the place of the one that the config names.
        cache: where saved inventories of timm's models are kept; None for nowhere.

    Raises:
        ConfigError: the config is wrong, or the real library would refuse it.
        ModelError: the model cannot be built or has no parameters.
    """
    read = load_config(config, constructor=constructor)
    return audit_subject(subject_of(model, read, model_args, cache), read)


def audit_many(
    model: str, configs: Iterable[Config], *, model_args: Mapping[str, Any] | None = None, cache: Cache | None = None
) -> Iterator[Report | Exception | SystemExit]:
    """Audits a model under several configs, each as :func:`audit` would, and builds it but once.

    Yields a report, or what was raised instead, for each config. ``SystemExit`` is what foreign code may raise.
    """
    subjects: dict[str, Subject] = {}
    for config in configs:
        args = repr(arguments_for(model, config, model_args))
        found: Report | Exception | SystemExit
        try:
            if args not in subjects:
                subjects[args] = subject_of(model, config, model_args, cache)
            found = audit_subject(subjects[args], config)
        except (Exception, SystemExit) as error:
            found = error
        yield found


def build_optimizer(model: nn.Module, config: ConfigSource) -> Optimizer:
    """Builds the real torch optimizer for a live model, with groups of equal settings merged.

    Raises:
        ConfigError: the config is wrong, the real library would refuse it, or a tied parameter would be in two groups.
    """
    from pgaudit.inventory import calls

    report, walked, call = audit_live(Live(checked(model), type(model).__name__), load_config(config))
    for finding in report.findings:
        if finding.code == "PG009":
            raise ConfigError(finding.message, finding.hint)
    members: dict[Hashable, list[tuple[ParamAssignment, Tensor]]] = defaultdict(list)
    for row, tensor in zip(report.params, walked.tensors, strict=True):
        if row.group is not None:
            members[row.setting.merging].append((row, tensor))
    groups = [
        {"params": [tensor for _, tensor in held], **_overrides([row.setting for row, _ in held])}
        for held in members.values()
    ]
    return calls.build(call, groups)


def _overrides(settings: Sequence[Setting]) -> dict[str, Any]:
    """What a merged group holds. What the first writes into it, or leaves to the class, comes to the same for all; of
    the keys that nothing reads, those are kept on which all agree.
    """
    first, *others = {id(setting): setting for setting in settings}.values()
    unlike = {key for key in first.inert for other in others if _held(other, key) != _held(first, key)}
    return {key: value for key, value in first.written if key not in unlike}


def _held(setting: Setting, key: str) -> tuple[bool, Any]:
    return key in setting.extra, setting.extra.get(key)


def audit_live(live: Live, config: Config) -> tuple[Report, Walked, OptimizerCall]:
    """Returns the report about a live model, its tensors in the report's order, and how the optimizer is called."""
    asked = _asked(config, INSTALLED)
    walked = live.walked(unwrap=asked.constructor.unwraps_module)
    return _report(asked, walked.inventory), walked, asked.call


def audit_called(subject: Subject, config: Config) -> tuple[Report, Sequence[object], OptimizerCall]:
    """Returns the report, what stands for each parameter (see :class:`pgaudit.subject.Subject`), and how the optimizer
    is called.
    """
    asked = _asked(config, subject.library)
    inventory, identities = subject.identities(unwrap=asked.constructor.unwraps_module)
    return _report(asked, inventory), identities, asked.call


def audit_subject(subject: Subject, config: Config) -> Report:
    """Returns the report about whatever stands for a model; see :func:`audit`."""
    asked = _asked(config, subject.library)
    inventory = subject.inventory(unwrap=asked.constructor.unwraps_module)
    if inventory is None:
        begins = "inside" if asked.constructor.unwraps_module else "outside"
        raise UsageError(
            f"{asked.constructor.name} begins {begins} the attribute `module`, and this inventory does not"
        )
    return _report(asked, inventory)


@dataclass(frozen=True)
class _Asked:
    """A config, and what the libraries say of what it names."""

    config: Config
    constructor: Constructor
    spec: OptimizerSpec
    call: OptimizerCall
    facts: Facts


@paused()  # torch may be imported here, which takes a quarter longer with the collector on
def _asked(config: Config, library: Library) -> _Asked:
    """Before a model is built, so that a typo answers at once. A class is looked up once: its file is run once."""
    refuse_unknown_codes(config)
    constructor = constructor_named(config.constructor)
    spec = constructor.optimizer(config)
    classes = _classes(constructor, config, library)
    scope = config.architecture.scope if config.architecture else None
    with called(config, spec):
        call = library.call_of(spec.type, spec.arguments, spec.factory, scope)
    return _Asked(config, constructor, spec, call, _facts(config, spec, call, classes, _functions(constructor, config)))


@paused()
def _report(asked: _Asked, inventory: Inventory) -> Report:
    config, constructor, spec, call = asked.config, asked.constructor, asked.spec, asked.call
    inventory = inventory.listed_by(constructor.lists)
    names = [name for parameter in inventory.parameters for name in parameter.names]
    facts = replace(asked.facts, named=spelled_like_globs(names))
    try:
        decisions = as_built(config, spec, call, inventory, constructor.decide(inventory, config, facts))
        findings, ignored = run_checks(Audited(inventory, config, constructor, facts, decisions))
    except SlowExpression as slow:
        raise config.error(slow.message, *slow.at, hint=slow.hint) from None
    optimizer = OptimizerInfo(spec.name, {**call.arguments, **spec.grouped}, asked.facts.arguments, decisions.base)
    basis = Basis(inventory, config, facts)
    return Report(
        _assignment(inventory, optimizer, decisions),
        constructor.name,
        config.path,
        config.path,
        findings,
        ignored,
        basis,
    )


def _assignment(inventory: Inventory, optimizer: OptimizerInfo, decisions: Decisions) -> Assignment:
    params = tuple(
        ParamAssignment(parameter, setting, group, None if group is None else 0)
        for parameter, (setting, group) in zip(inventory.parameters, decisions.params, strict=True)
    )
    model = ModelInfo(inventory.ref, inventory.source, inventory.version, inventory.model_type.short)
    return Assignment("config", model, (optimizer,), params)


def _classes(constructor: Constructor, config: Config, library: Library) -> dict[str, str]:
    """The qualified names of the classes that the config names to match on."""
    classes = {}
    for ref, at in constructor.class_refs(config).items():
        with placed(config, *at):
            classes[ref] = library.qualified_class(ref)
    return classes


def _functions(constructor: Constructor, config: Config) -> dict[str, Callable[..., Any]]:
    """The functions that the config names, each of which is asked but once about the same."""
    from pgaudit.inventory.imports import import_attribute

    functions: dict[str, Callable[..., Any]] = {}
    for ref, at in constructor.function_refs(config).items():
        with placed(config, *at):
            user_code.refuse(ref)  # of torch, too: what it does when it is called, nobody knows
            found = import_attribute(beside(config, ref))[1]
            if not callable(found):
                raise UsageError(f"{quoted(ref)} is no function")
            functions[ref] = cache(found)
    return functions


def _facts(
    config: Config,
    spec: OptimizerSpec,
    call: OptimizerCall,
    classes: Mapping[str, str],
    functions: Mapping[str, Callable[..., Any]],
) -> Facts:
    about = call.about
    with called(config, spec):
        filled = about.filled_in(call.arguments)
        read = about.looked_for(filled)
        return Facts(*settings_in(filled), classes, about.argument_defaults(), filled, read, functions=functions)
