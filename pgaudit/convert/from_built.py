"""What code or a checkpoint holds → a ConversionSource, as a policy leads to one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgaudit.built.values import same
from pgaudit.built.wrappers import bare, changes_training, wrapped
from pgaudit.convert.beginning import at_the_start, has_cycled_momentum, keys_read, with_starting_lr
from pgaudit.convert.job import few
from pgaudit.convert.source import ConversionSource, canonical
from pgaudit.core.assignment import OptimizerInfo, ParamAssignment
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.setting import Setting, Value
from pgaudit.models.source import ModelSource
from pgaudit.optimizers.calls import OptimizerCall
from pgaudit.optimizers.classes import (
    OptimizerError,
    argument_defaults,
    class_arguments,
    optimizer_class,
    qualified,
)
from pgaudit.optimizers.construct import filled_in
from pgaudit.report import AsBuilt, Report
from pgaudit.serialize import portable
from pgaudit.text import counted, quoted, visible

if TYPE_CHECKING:
    from torch.optim import Optimizer

_OWN = ("lr", "weight_decay")


def source_of_built(report: Report, optimizer: str | None = None) -> ConversionSource:
    """Returns what is to be converted of one optimizer that was built.

    Args:
        report: of it, with its model.
        optimizer: the class of a checkpoint's optimizer, as a config names it.

    Raises:
        UsageError: there is no model, no class, or more than one optimizer.
        ConfigError: no policy leads to what it holds.
    """
    path = visible(portable(report.path) or "what was built")
    cycled = has_cycled_momentum(report)
    report = at_the_start(report)
    built = report.as_built
    if built is None:
        raise UsageError(f"{path} holds neither the model nor a policy", "name the config or the code in its place")
    _refuse_several(report, path)
    model = _model(report, built, path)
    kind, name = _class(report, built, optimizer, path)
    info = replace(report.optimizer, type=name)
    if optimizer is not None:
        info = replace(info, **_of_class(kind, info.arguments))
    filled = filled_in(kind, {"lr": info.base.lr, **info.arguments})
    _refuse_unreachable(kind, filled, built.optimizers[0].defaults or report.optimizer.arguments, path)
    params, scheduled = with_starting_lr(report.params, built, keys_read(kind, filled, built))
    bases = _bases(params, info)
    info = replace(info, base=Setting({key: Value(first) for key, (first, *_) in bases.items()}))
    return ConversionSource(
        replace(report, assignment=replace(report.assignment, optimizers=(info,), params=params)),
        OptimizerCall(qualified(kind), info.arguments, found=kind),
        built.tensors or model.identities(unwrap=False)[1],
        replace(model, build=bare(model.build)) if model.build is not None else model,
        {key: others for key, (_, *others) in bases.items()},
        tuple(_notes(kind, info, built, scheduled=scheduled, cycled=cycled)),
    )


def _refuse_several(report: Report, path: str) -> None:
    count = len(report.assignment.optimizers)
    if count > 1:
        names = [each.name for each in report.assignment.optimizers if each.name]
        hint = "a function that returns one of them, with the model, can be named in its place"
        if report.assignment.origin == "checkpoint" and names:
            hint = " or ".join(f"--key {quoted(name)}" for name in names)
        raise UsageError(f"{path} holds {counted(count, 'optimizer')}, and a policy is about one", hint)


def _model(report: Report, built: AsBuilt, path: str) -> ModelSource:
    """The model, all of whose tensors are known.

    Raises:
        UsageError: there is none.
        ConfigError: a policy cannot say which tensors are in which group.
    """
    if built.source is None:
        hint = "--model MODEL"
        if report.assignment.origin == "built":
            hint += ", or let it return (model, optimizer)"
        raise UsageError(f"a policy goes by the names and classes of a model, and {path} holds none", hint)
    if built.inventory is None:
        unknown = [each.name for each in report.params if each.in_optimizer]
        raise ConfigError(f"nothing proves which parameters of the model {path} holds: {few(unknown)}")
    outside = [each.name for each in report.params[len(built.inventory.parameters) :]]
    if outside:
        why = f"a policy is about a model's parameters, and {counted(len(outside), 'tensor')} in the optimizer are none"
        raise ConfigError(f"{why}: {few(outside)}")
    if twice := [each.name for each in report.params if each.also_in]:
        raise ConfigError(f"no policy puts a parameter into the optimizer twice, as here: {few(twice)}")
    for key, words in zip(_OWN, ("lr", "weight decay"), strict=True):
        if without := [each.name for each in report.params if each.in_optimizer and each.setting.get(key) is None]:
            raise ConfigError(f"the {words} is no number, and no policy can say it: {few(without)}")
    return built.source


def _class(report: Report, built: AsBuilt, optimizer: str | None, path: str) -> tuple[type[Optimizer], str]:
    """The optimizer's class, and what a config calls it."""
    if not built.objects:
        if optimizer is None:
            raise UsageError(f"{path} does not say the class of its optimizer", "--optimizer AdamW, for example")
        kind = optimizer_class(optimizer)
        return kind, optimizer
    if optimizer is not None:
        raise UsageError(f"--optimizer is for a checkpoint, and {path} says it itself", "drop --optimizer")
    *around, kind = map(type, wrapped(built.objects[0]))
    if others := [each.__name__ for each in around if changes_training(each)]:
        raise ConfigError(f"{visible(others[0])} around an optimizer cannot be written elsewhere")
    if "<locals>" in kind.__qualname__:
        raise ConfigError(f"the optimizer's class {visible(kind.__qualname__)} has no name by which it can be imported")
    return kind, _name(kind, report.path or "")


def _name(kind: type[Optimizer], ref: str) -> str:
    try:
        if optimizer_class(kind.__name__) is kind:
            return kind.__name__
    except OptimizerError:
        pass
    file, colon, _ = ref.rpartition(":")
    if colon and file.endswith(".py") and Path(file).stem == kind.__module__:
        return f"{file}:{kind.__qualname__}"
    return qualified(kind)


def _of_class(kind: type[Optimizer], held: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments and defaults by the class, of what all groups of a checkpoint hold."""
    taken = class_arguments(kind)
    given = {key: value for key, value in held.items() if key in taken}
    return {
        "arguments": {key: value for key, value in given.items() if key in _OWN or not _equal(value, taken[key])},
        "defaults": argument_defaults(kind),
    }


def _refuse_unreachable(kind: type[Optimizer], filled: Mapping[str, Any], held: Mapping[str, Any], path: str) -> None:
    """Raises a ConfigError where the class, called with its arguments, fills something else into its groups."""
    for key, value in filled.items():
        is_flag = value is None or isinstance(value, bool)  # that another version of torch does not know
        if key in _OWN or (key not in held and is_flag):
            continue
        if key not in held or not _equal(held[key], value):
            found = f"{visible(key)} {visible(repr(held[key]))}" if key in held else f"no {visible(key)}"
            name = visible(kind.__name__)
            raise ConfigError(
                f"the groups of {path} hold {found}, and {name} would fill in {visible(repr(value))}",
                "another class, or another version of it, made them",
            )


def _equal(one: Any, other: Any) -> bool:
    return same(canonical(one), canonical(other))


def _bases(params: tuple[ParamAssignment, ...], info: OptimizerInfo) -> dict[str, list[float]]:
    """The lr and the weight decay that may be the optimizer's, best first: its own, if a parameter has that and it is
    not 0; then what most elements have.
    """
    found = {}
    for key, own in (("lr", info.base.lr), ("weight_decay", info.base.weight_decay)):
        elements: Counter[float] = Counter()
        for each in params:
            if each.in_optimizer:
                elements[each.setting.get(key)] += each.param.numel or 0
        held = [value for value, _ in elements.most_common()] or [0.0]
        its_own = [own] if own is not None and own in elements else []
        found[key] = list(dict.fromkeys([*filter(None, its_own), held[0], *its_own]))
    return found


def _notes(
    kind: type[Optimizer], info: OptimizerInfo, built: AsBuilt, *, scheduled: bool, cycled: bool
) -> Iterator[str]:
    if scheduled or cycled:
        more = " and the momentum its max_momentum" if cycled else ""
        whence = f"the lr is each group's initial_lr{more}, from which its schedule begins"
        yield f"{whence}; the schedule itself is not written"
    elif built.schedulers:
        yield "the schedule is not written"
    held = built.optimizers[0].defaults or built.optimizers[0].groups[0].values
    hidden = [key for key in class_arguments(kind) if key not in ("params", *held) and key in info.defaults]
    if hidden:
        words = ", ".join(map(visible, hidden))
        yield f"{visible(kind.__name__)} keeps these arguments to itself, taken to be its defaults: {words}"
