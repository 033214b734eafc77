"""audit(): model and config in, Report out. The pipeline itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from os import PathLike
from typing import TYPE_CHECKING, Any

from pgaudit.checks import Audited, refuse_unknown_codes, run_checks
from pgaudit.config import Config, load_config
from pgaudit.constructors import Constructor, Facts, OptimizerSpec, Setting, constructor_named
from pgaudit.errors import ConfigError, UsageError
from pgaudit.inventory import Inventory
from pgaudit.inventory.cache import Cache
from pgaudit.live import Live, arguments_for, beside, checked, live_model
from pgaudit.report import Report, Row
from pgaudit.text import quoted
from pgaudit.trial import as_built, called, placed

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

    from pgaudit.inventory.calls import OptimizerCall
    from pgaudit.inventory.walk import Walked

    ConfigSource = str | PathLike[str] | Mapping[str, Any] | Config


def audit(
    model: nn.Module | Inventory | str | None,
    config: ConfigSource,
    *,
    model_args: Mapping[str, Any] | None = None,
    constructor: str | None = None,
    cache: Cache | None = None,
) -> Report:
    """Decides which lr and weight decay each parameter of a model gets.

    Args:
        model: a live module (which is not changed), an Inventory, or a reference such as ``resnet50`` or
            ``train.py:make_model``; None for the model that the config names.
        config: a path, a mapping of the same shape, or a Config.
        model_args: keyword arguments for the model's factory; they take precedence over the config's.
        constructor: takes the place of the one that the config names.
        cache: where saved inventories of timm's models are kept; None for nowhere.

    Raises:
        ConfigError: the config is wrong, or the real library would refuse it.
        ModelError: the model cannot be built or has no parameters.
    """
    return _audited(model, load_config(config, constructor=constructor), model_args)[0]


def audit_many(
    model: str, configs: Iterable[Config], *, model_args: Mapping[str, Any] | None = None, cache: Cache | None = None
) -> Iterator[Report | Exception | SystemExit]:
    """Audits a model under several configs, each as :func:`audit` would, and builds it but once.

    Yields a report, or what was raised instead, for each config. ``SystemExit`` is what foreign code may raise.
    """
    known: dict[str, Inventory] = {}
    for config in configs:
        built_by = repr(arguments_for(model, config, model_args))
        inventory = known.get(built_by)
        found: Report | Exception | SystemExit
        try:
            if inventory is not None and _fits(inventory, config):
                found = audit(inventory, config)
            else:
                found = audit(model, config, model_args=model_args, cache=cache)
                known[built_by] = found.inventory
        except (Exception, SystemExit) as error:
            found = error
        yield found


def _fits(inventory: Inventory, config: Config) -> bool:
    """Whether an inventory begins where the config's constructor begins."""
    return not inventory.wrapper or inventory.unwrapped == constructor_named(config.constructor).unwraps_module


def build_optimizer(model: nn.Module, config: ConfigSource) -> Optimizer:
    """Builds the real torch optimizer for a live model, with groups of equal settings merged.

    Raises:
        ConfigError: the config is wrong, the real library would refuse it, or a tied parameter would be in two groups.
    """
    from pgaudit.inventory import calls

    checked(model)
    report, walked, call = _audited(model, load_config(config), None)
    for finding in report.findings:
        if finding.code == "PG009":
            raise ConfigError(finding.message, finding.hint)
    assert walked is not None
    members: dict[Hashable, list[tuple[Row, Tensor]]] = defaultdict(list)
    for row, tensor in zip(report.rows, walked.tensors, strict=True):
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
    return {key: value for key, value in first.overrides if key not in unlike}


def _held(setting: Setting, key: str) -> tuple[bool, Any]:
    return key in setting.extra, setting.extra.get(key)


def audit_live(live: Live, config: Config) -> tuple[Report, Walked, OptimizerCall]:
    """Returns the report about a live model, its tensors in the report's order, and how the optimizer is called."""
    report, walked, call = _audited(live, config, None)
    assert walked is not None
    return report, walked, call


def _audited(
    model: object, config: Config, model_args: Mapping[str, Any] | None
) -> tuple[Report, Walked | None, OptimizerCall]:
    """The report, the live tensors where there are any, and how the optimizer's class is called.

    The class is looked up once: a file that defines it is run once.
    """
    from pgaudit.inventory.calls import call_of

    refuse_unknown_codes(config)
    constructor = constructor_named(config.constructor)
    spec = constructor.optimizer(config)
    classes = _classes(constructor, config)
    scope = config.architecture.scope if config.architecture else None
    with called(config, spec):
        call = call_of(spec.type, spec.arguments, spec.factory, scope)
    facts = _facts(config, spec, call, classes, _functions(constructor, config))
    inventory, walked = _inventory(model, config, constructor, model_args)
    assignment = as_built(config, spec, call, inventory, constructor.decide(inventory, config, facts))
    rows = tuple(Row(p, d.setting, d.group) for p, d in zip(inventory.parameters, assignment.decisions, strict=True))
    findings, ignored = run_checks(Audited(inventory, config, constructor, facts, assignment))
    optimizer = {"type": spec.name, **call.arguments, **spec.grouped}
    report = Report(inventory, config, constructor.name, optimizer, assignment.base, rows, findings, ignored, facts)
    return report, walked, call


def _inventory(
    model: object, config: Config, constructor: Constructor, model_args: Mapping[str, Any] | None
) -> tuple[Inventory, Walked | None]:
    from pgaudit.inventory.walk import walk

    if isinstance(model, Inventory):
        if model.wrapper and model.unwrapped != constructor.unwraps_module:
            begins = "inside" if constructor.unwraps_module else "outside"
            raise UsageError(f"{constructor.name} begins {begins} the attribute `module`, and this inventory does not")
        return model, None
    live = model if isinstance(model, Live) else live_model(model, config, model_args)
    unwrap = constructor.unwraps_module
    walked = walk(live.module, ref=live.ref, source=live.source, version=live.version, unwrap=unwrap, notes=live.notes)
    return walked.inventory, walked


def _classes(constructor: Constructor, config: Config) -> dict[str, str]:
    """The qualified names of the classes that the config names to match on."""
    from pgaudit.inventory.imports import qualified_class

    classes = {}
    for ref, at in constructor.class_refs(config).items():
        with placed(config, *at):
            classes[ref] = qualified_class(ref)
    return classes


def _functions(constructor: Constructor, config: Config) -> dict[str, Callable[..., Any]]:
    """The functions that the config names, each of which is asked but once about the same."""
    from pgaudit.inventory.imports import import_attribute

    functions: dict[str, Callable[..., Any]] = {}
    for ref, at in constructor.function_refs(config).items():
        with placed(config, *at):
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
    from pgaudit.inventory.optimizers import argument_defaults, filled_in, looked_for, settings_in

    with called(config, spec):
        filled = filled_in(call.kind, call.arguments)
        read = looked_for(call.kind, filled)
        return Facts(*settings_in(filled), classes, argument_defaults(call.kind), filled, read, functions)
