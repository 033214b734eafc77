"""audit(): model and config in, Report out. The pipeline itself."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgaudit.checks import Audited, run_checks
from pgaudit.config import Config, load_config
from pgaudit.constructors import CONSTRUCTORS, Assignment, Constructor, Decision, Facts, OptimizerSpec
from pgaudit.errors import ConfigError, PgauditError, UsageError
from pgaudit.inventory import Inventory
from pgaudit.report import Report, Row

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    from pgaudit.inventory.optimizers import TrialGroup
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
    report, walked = _audited(model, load_config(config), None)
    for finding in report.findings:
        if finding.code == "PG009":
            raise ConfigError(finding.message, finding.hint)
    assert walked is not None
    groups: dict[tuple[float | None, float | None], dict[str, Any]] = {}
    for row, tensor in zip(report.rows, walked.tensors, strict=True):
        if row.group is not None:
            # What the first writes into its group, or leaves to the class, comes to the same for all of these values.
            group = groups.setdefault((row.lr, row.weight_decay), {"params": [], **dict(row.setting.overrides)})
            group["params"].append(tensor)
    spec = CONSTRUCTORS[report.constructor].optimizer(report.config)
    return optimizers.build(optimizers.optimizer_class(spec.type), list(groups.values()), spec.arguments)


def _audited(model: object, config: Config, model_args: Mapping[str, Any] | None) -> tuple[Report, Walked | None]:
    constructor = CONSTRUCTORS[config.constructor]
    spec = constructor.optimizer(config)
    facts = _facts(constructor, config, spec)
    inventory, walked = _inventory(model, config, constructor, model_args)
    assignment = _as_built(config, spec, inventory, constructor.decide(inventory, config, facts))
    rows = tuple(Row(p, d.setting, d.group) for p, d in zip(inventory.parameters, assignment.decisions, strict=True))
    findings = tuple(run_checks(Audited(inventory, config, assignment)))
    optimizer = {"type": spec.name, **spec.arguments}
    return Report(inventory, config, constructor.name, optimizer, assignment.base, rows, findings), walked


def _inventory(
    model: object, config: Config, constructor: Constructor, model_args: Mapping[str, Any] | None
) -> tuple[Inventory, Walked | None]:
    if isinstance(model, Inventory):
        if model.wrapper and model.unwrapped != constructor.unwraps_module:
            begins = "inside" if constructor.unwraps_module else "outside"
            raise UsageError(f"{constructor.name} begins {begins} the attribute `module`, and this inventory does not")
        return model, None
    from pgaudit.inventory.sources import load_model
    from pgaudit.inventory.walk import walk

    if model is None and config.model is None:
        raise UsageError("no model is named", "name one on the command line, or `model:` in the config")
    if model is None or isinstance(model, str):
        # The config's arguments are for the config's model, not for another that the command line names.
        args = {**(config.model_args if model in (None, config.model) else {}), **(model_args or {})}
        with _at(config, "model") if model is None else contextlib.nullcontext():
            loaded = load_model(_beside(config) if model is None else model, args)
        walked = walk(
            loaded.module,
            ref=model or str(config.model),
            source=loaded.source,
            version=loaded.version,
            unwrap=constructor.unwraps_module,
            notes=loaded.notes,
        )
    else:
        walked = walk(_module(model), ref=type(model).__name__, unwrap=constructor.unwraps_module)
    return walked.inventory, walked


def _beside(config: Config) -> str:
    """The config's model; its file is looked for beside the config where the current folder has none of that name."""
    ref = str(config.model)
    file, colon, attribute = ref.rpartition(":")
    from pgaudit.inventory.imports import is_file

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


def _facts(constructor: Constructor, config: Config, spec: OptimizerSpec) -> Facts:
    """Asks the classes that the config names what the constructor has to know of them."""
    from pgaudit.inventory import imports, optimizers

    classes = {}
    for ref, at in constructor.class_refs(config).items():
        with _at(config, *at):
            classes[ref] = imports.qualified_class(ref)
    with _at(config, *spec.section, spec.type_key):
        defaults = optimizers.defaults_of(optimizers.optimizer_class(spec.type), spec.arguments)
    return Facts(defaults.lr, defaults.weight_decay, classes)


def _as_built(config: Config, spec: OptimizerSpec, inventory: Inventory, assignment: Assignment) -> Assignment:
    """Lets the optimizer's class refuse or change the groups on stand-in tensors, as it would with the real ones."""
    from pgaudit.inventory import optimizers

    trials = _trial_groups(inventory, assignment)
    with _at(config, *spec.section, spec.type_key):
        built = optimizers.try_groups(optimizers.optimizer_class(spec.type), spec.arguments, trials)
    held = dict(zip((trial.settings for trial in trials), built, strict=True))
    if any(held[trial.settings] != group for trial, group in zip(trials, built, strict=True)):
        raise config.error(
            "the optimizer's class changes groups of equal settings unequally", *spec.section, spec.type_key
        )
    settings = {
        id(setting): replace(setting, lr=lr, weight_decay=decay)
        for setting in {id(d.setting): d.setting for d in assignment.decisions if d.group is not None}.values()
        for lr, decay in [held[setting.overrides]]
        if (setting.lr, setting.weight_decay) != (lr, decay)
    }
    if not settings:
        return assignment
    decisions = tuple(Decision(settings.get(id(d.setting), d.setting), d.group) for d in assignment.decisions)
    return replace(assignment, decisions=decisions)


def _trial_groups(inventory: Inventory, assignment: Assignment) -> list[TrialGroup]:
    """The groups without repetition: of those that are alike, two, since a class may refuse several groups but not one.

    Tensors with the same number of dimensions are alike; the first one's shape stands for all.
    """
    from pgaudit.inventory.optimizers import TensorKind, TrialGroup

    kinds: dict[tuple[int, str, bool], TensorKind] = {}
    tensors: dict[int, dict[TensorKind, None]] = {}
    settings: dict[int, tuple[tuple[str, float], ...]] = {}
    for p, (setting, group) in zip(inventory.parameters, assignment.decisions, strict=True):
        if group is not None:
            kind = kinds.setdefault((len(p.shape), p.dtype, p.leaf), TensorKind(p.shape, p.dtype, p.leaf))
            tensors.setdefault(group, {})[kind] = None
            settings[group] = setting.overrides
    alike = Counter(TrialGroup(settings[group], tuple(members)) for group, members in tensors.items())
    return [trial for trial, count in alike.items() for _ in range(min(count, 2))]


@contextlib.contextmanager
def _at(config: Config, section: str | int, *below: str | int) -> Iterator[None]:
    """Gives an error about what the config names its place in the config."""
    try:
        yield
    except ConfigError:
        raise
    except PgauditError as error:
        argument = getattr(error, "argument", None)
        inner = (*below[:-1], argument) if argument and argument != "type" else below
        problem = error.problems[0]
        raise config.error(problem.message, section, *inner, hint=problem.hint) from error
