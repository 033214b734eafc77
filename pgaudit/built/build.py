"""``file.py:attr`` or ``module:attr`` → what it is or returns: run once, on the meta device where it can be."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgaudit import user_code
from pgaudit.built.contents import FORMS, Contents, is_optimizer, is_scheduler
from pgaudit.built.optimizers import Named, built_optimizer, refuse_meta
from pgaudit.built.trained import trained_model
from pgaudit.built.values import OnMeta
from pgaudit.core.built import BuiltOptimizer
from pgaudit.core.errors import ModelError, OnlyAModel, PgauditError, UsageError
from pgaudit.core.schedule import Schedule
from pgaudit.models.built import BuiltModel
from pgaudit.models.construct import attempt, built_on_cpu
from pgaudit.models.factories import not_built
from pgaudit.models.transformers import from_config
from pgaudit.text import format_exception, quoted, visible
from pgaudit.user_code import suppress_output
from pgaudit.user_code.imports import import_attribute
from pgaudit.user_code.offline import without_network


@dataclass(frozen=True, eq=False)
class Built:
    """Optimizers that are there, and the model beside them."""

    optimizers: tuple[Any, ...]
    keys: tuple[str, ...]
    model: BuiltModel | None = None
    schedulers: tuple[Any, ...] = ()
    schedule: Schedule | None = None
    """What a trainer says of the scheduler that it will make."""
    notes: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    """Notes about other models, where this one is the one that is looked at."""


def build(ref: str, args: Mapping[str, Any] | None = None) -> Built:
    """Imports a reference, and calls it if it is a function or a class.

    Args:
        ref: ``file.py:attr`` or ``module:attr``.
        args: keyword arguments for the function or class.

    Raises:
        OnlyAModel: it holds a model alone.
        ModelError: it cannot be imported, it raises, or it holds no optimizer.
        UsageError: no code may run; or there are arguments for what takes none.
    """
    user_code.refuse(ref, "pgaudit show MODEL CONFIG --format json -o report.json, where it may run, keeps its report")
    source, found = import_attribute(ref)
    if not _is_factory(found):
        if args:
            raise UsageError(f"{visible(ref)} is no function and takes no arguments", "drop --model-arg")
        return _built(_looked_at(found, ref), found, ref, source)
    if (by_config := from_config(found, args or {}, ref)) is not None:
        return _called(by_config.build, {}, ref, source)
    return _called(found, dict(args or {}), ref, source)


def _called(factory: Any, args: dict[str, Any], ref: str, source: str) -> Built:
    """What a factory returns."""
    import torch

    def make() -> Built:
        contents = Contents()
        contents.look_at(made := factory(**args))
        return _built(contents, made, ref, source)

    built: Built
    built, on_meta = attempt(make, torch.device("meta"), without_network())
    if on_meta is None:
        return built
    if isinstance(on_meta, PgauditError):
        raise on_meta
    built, error = attempt(make, contextlib.nullcontext(), without_network())
    if isinstance(error, PgauditError):
        raise error
    if error is not None:
        raise not_built(error, factory, args, ref) from error
    why = "a hyperparameter is a tensor" if isinstance(on_meta, OnMeta) else format_exception(on_meta)
    return replace(built, notes=(built_on_cpu(why),))


def _is_factory(found: Any) -> bool:
    if isinstance(found, type):
        return True
    from torch import nn

    is_holder = is_optimizer(found) or is_scheduler(found) or isinstance(found, nn.Module)
    return callable(found) and not is_holder and not hasattr(found, "configure_optimizers")


def _built(contents: Contents, found: Any, ref: str, source: str) -> Built:
    """What is in an object; OnMeta for a hyperparameter without a value."""
    module, beside = trained_model(contents)
    model = BuiltModel(module, ref, source) if module is not None else None
    if not contents.optimizers:
        if model is not None:
            message = f"CONFIG is missing after {quoted(ref)}, which is a model without an optimizer"
            raise OnlyAModel(message, f"pgaudit show {visible(ref)} config.yaml; or name what makes its optimizer")
        kind = "None" if found is None else f"of the class {visible(type(found).__name__)}"
        raise ModelError(f"{quoted(ref)} is {kind}, in which there is no optimizer", f"it may be or return {FORMS}")
    keys, optimizers = zip(*contents.optimizers, strict=True)
    for optimizer in optimizers:
        refuse_meta(optimizer)
    return Built(optimizers, keys, model, tuple(contents.schedulers), contents.schedule, beside=beside)


def _looked_at(found: Any, ref: str) -> Contents:
    contents = Contents()
    try:
        with suppress_output(), without_network():
            contents.look_at(found)
    except PgauditError:
        raise
    except Exception as error:
        raise _not_configured(found, ref, error) from error
    return contents


def _not_configured(found: Any, ref: str, error: Exception) -> ModelError:
    kind = visible(type(found).__name__)
    hint = "a function that builds what it needs, and returns (model, optimizer), can be named in its place"
    return ModelError(f"{visible(ref)} ({kind}) cannot make its optimizers: {format_exception(error)}", hint)


def of_objects(optimizers: Any, scheduler: Any = None) -> Built:
    """Returns what live objects hold.

    Args:
        optimizers: an optimizer, or any of the forms that :class:`Contents` knows.
        scheduler: one, or several.

    Raises:
        UsageError: there is no optimizer in it, or no scheduler in what is given as one.
    """
    contents = Contents()
    contents.look_at(optimizers)
    if scheduler is not None:
        _refuse_without_scheduler(scheduler)
        contents.look_at(scheduler)
    if not contents.optimizers:
        kind = visible(type(optimizers).__name__)
        raise UsageError(f"there is no optimizer in an object of the class {kind}", f"there may be {FORMS}")
    module, beside = trained_model(contents)
    keys, found = zip(*contents.optimizers, strict=True)
    built = BuiltModel(module, type(module).__name__) if module is not None else None
    return Built(found, keys, built, tuple(contents.schedulers), contents.schedule, beside=beside)


def _refuse_without_scheduler(given: Any) -> None:
    """Raises a UsageError where something is given as a scheduler that neither is one nor holds any. One of the user's
    own without an optimizer in it passes: nothing is told of it.
    """
    alone = Contents()
    alone.look_at(given)
    steps = hasattr(given, "step") and not isinstance(given, type)
    if not alone.schedulers and not steps and not isinstance(given, (list, tuple, Mapping)):
        what = f"the class {visible(given.__name__)}" if isinstance(given, type) else visible(type(given).__name__)
        hint = 'scheduler=StepLR(optimizer, 30), or as in YAML: scheduler={"type": "StepLR", "step_size": 30}'
        raise UsageError(f"scheduler= is no scheduler, and holds none: {what}", hint)


def read_optimizers(built: Built, named: Named) -> tuple[tuple[BuiltOptimizer, ...], tuple[str, ...]]:
    """Returns the optimizers in plain data, and notes about what was looked through.

    Args:
        built: what is there.
        named: the model's tensors.
    """
    pairs = [built_optimizer(each, key, named) for each, key in zip(built.optimizers, built.keys, strict=True)]
    return tuple(found for found, _ in pairs), tuple(note for _, notes in pairs for note in notes)
