"""audit(): model and config in, Report out. The pipeline itself."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgaudit.checks import Audited, refuse_unknown_codes, run_checks
from pgaudit.config import Config, load_config
from pgaudit.constructors import Constructor, Facts, OptimizerSpec, constructor_named
from pgaudit.errors import ConfigError, UsageError
from pgaudit.inventory import Inventory
from pgaudit.report import Report, Row
from pgaudit.trial import as_built, placed

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    from pgaudit.inventory.walk import Walked

    ConfigSource = str | PathLike[str] | Mapping[str, Any] | Config


def audit(
    model: nn.Module | Inventory | str | None,
    config: ConfigSource,
    *,
    model_args: Mapping[str, Any] | None = None,
    constructor: str | None = None,
) -> Report:
    """Decides which lr and weight decay each parameter of a model gets.

    Args:
        model: a live module (which is not changed), an Inventory, or a reference such as ``resnet50`` or
            ``train.py:make_model``; None for the model that the config names.
        config: a path, a mapping of the same shape, or a Config.
        model_args: keyword arguments for the model's factory; they take precedence over the config's.
        constructor: takes the place of the one that the config names.

    Raises:
        ConfigError: the config is wrong, or the real library would refuse it.
        ModelError: the model cannot be built or has no parameters.
    """
    return _audited(model, load_config(config, constructor=constructor), model_args)[0]


def build_optimizer(model: nn.Module, config: ConfigSource) -> Optimizer:
    """Builds the real torch optimizer for a live model, with groups of equal settings merged.

    Raises:
        ConfigError: the config is wrong, the real library would refuse it, or a tied parameter would be in two groups.
    """
    from pgaudit.inventory import optimizers

    _module(model)
    report, walked, kind = _audited(model, load_config(config), None)
    for finding in report.findings:
        if finding.code == "PG009":
            raise ConfigError(finding.message, finding.hint)
    assert walked is not None
    groups: dict[tuple[object, ...], dict[str, Any]] = {}
    for row, tensor in zip(report.rows, walked.tensors, strict=True):
        if row.group is not None:
            # What the first writes into its group, or leaves to the class, comes to the same for all of these values.
            group = groups.setdefault(row.setting.held, {"params": [], **dict(row.setting.overrides)})
            group["params"].append(tensor)
    spec = constructor_named(report.constructor).optimizer(report.config)
    return optimizers.build(kind, list(groups.values()), spec.arguments)


@dataclass(frozen=True)
class Live:
    """A model that can be walked: how the user called it, and what is known of where it came from."""

    module: nn.Module
    ref: str
    source: str = "module"
    version: str | None = None
    notes: tuple[str, ...] = ()


def live_model(model: object, config: Config, model_args: Mapping[str, Any] | None = None) -> Live:
    """Returns a live module as it is, or the model that a reference or the config names, built.

    Raises:
        UsageError: nothing names a model.
        ModelError: it cannot be built.
    """
    from pgaudit.inventory.sources import load_model

    if model is not None and not isinstance(model, str):
        return Live(_module(model), type(model).__name__)
    if model is None and config.model is None:
        raise UsageError("no model is named", "name one on the command line, or `model:` in the config")
    # The config's arguments are for the config's model, not for another that the command line names.
    args = {**(config.model_args if model in (None, config.model) else {}), **(model_args or {})}
    with placed(config, "model") if model is None else contextlib.nullcontext():
        loaded = load_model(_beside(config) if model is None else model, args)
    return Live(loaded.module, model or str(config.model), loaded.source, loaded.version, loaded.notes)


def audit_live(live: Live, config: Config) -> tuple[Report, Walked, type[Optimizer]]:
    """Returns the report about a live model, its tensors in the report's order, and the optimizer's class."""
    report, walked, kind = _audited(live, config, None)
    assert walked is not None
    return report, walked, kind


def _audited(
    model: object, config: Config, model_args: Mapping[str, Any] | None
) -> tuple[Report, Walked | None, type[Optimizer]]:
    """The report, the live tensors where there are any, and the optimizer's class.

    The class is looked up once: a file that defines it is run once.
    """
    from pgaudit.inventory.optimizers import optimizer_class

    refuse_unknown_codes(config)
    constructor = constructor_named(config.constructor)
    spec = constructor.optimizer(config)
    classes = _classes(constructor, config)
    with placed(config, *spec.section, spec.type_key):
        kind = optimizer_class(spec.type)
    facts = _facts(config, spec, kind, classes)
    inventory, walked = _inventory(model, config, constructor, model_args)
    assignment = as_built(config, spec, kind, inventory, constructor.decide(inventory, config, facts))
    rows = tuple(Row(p, d.setting, d.group) for p, d in zip(inventory.parameters, assignment.decisions, strict=True))
    findings, ignored = run_checks(Audited(inventory, config, constructor, facts, assignment))
    optimizer = {"type": spec.name, **spec.arguments}
    report = Report(inventory, config, constructor.name, optimizer, assignment.base, rows, findings, ignored, facts)
    return report, walked, kind


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


def _beside(config: Config) -> str:
    """The config's model; its file is looked for beside the config where the current folder has none of that name."""
    from pgaudit.inventory.imports import is_file

    ref = str(config.model)
    file, colon, attribute = ref.rpartition(":")
    if file.endswith(".py") and config.path and not is_file(file):
        beside = Path(config.path).parent / file
        if is_file(beside):
            return f"{beside}{colon}{attribute}"
    return ref


def _module(model: object) -> nn.Module:
    from torch import nn

    if not isinstance(model, nn.Module):
        raise UsageError(f"a model is an nn.Module, an Inventory or a reference, not {type(model).__name__}")
    return model


def _classes(constructor: Constructor, config: Config) -> dict[str, str]:
    """The qualified names of the classes that the config names to match on."""
    from pgaudit.inventory.imports import qualified_class

    classes = {}
    for ref, at in constructor.class_refs(config).items():
        with placed(config, *at):
            classes[ref] = qualified_class(ref)
    return classes


def _facts(config: Config, spec: OptimizerSpec, kind: type[Optimizer], classes: Mapping[str, str]) -> Facts:
    from pgaudit.inventory.optimizers import argument_defaults, filled_in, looked_for, settings_in

    with placed(config, *spec.section, spec.type_key):
        filled = filled_in(kind, spec.arguments)
        return Facts(*settings_in(filled), classes, argument_defaults(kind), filled, looked_for(kind, filled))
