"""A reference, live objects or a checkpoint → a Report: what is there, under the model's names, with what is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgaudit.built.assignment import assignment_of
from pgaudit.built.build import Built, build, of_objects, read_optimizers
from pgaudit.built.matching import matched, matched_with, model_tensors, name_notes
from pgaudit.built.over_time import built_over_time, unattached
from pgaudit.built.shards import sharding_notes
from pgaudit.built.wrappers import may_hold_copies
from pgaudit.checks import BuiltAudit, run_built_checks
from pgaudit.core.assignment import Origin
from pgaudit.core.built import BY_IDENTITY, BuiltOptimizer, BuiltTensor
from pgaudit.core.config import Config
from pgaudit.core.errors import PgauditError
from pgaudit.core.parameters import Inventory
from pgaudit.core.schedule import NO_REQUEST, ScheduleRequest
from pgaudit.memory import gc_disabled
from pgaudit.models.source import ModelSource, model_source
from pgaudit.report import AsBuilt, Report
from pgaudit.user_code.imports import files_loaded_once, import_attribute, is_code

if TYPE_CHECKING:
    from pgaudit.core.built import Checkpoint
    from pgaudit.models.built import BuiltModel
    from pgaudit.models.cache import Cache
    from pgaudit.models.source import Model

_NO_POLICY = Config("pgaudit", "torch")


def audit_reference(
    ref: str,
    model: Model = None,
    *,
    model_args: Mapping[str, Any] | None = None,
    cache: Cache | None = None,
    request: ScheduleRequest = NO_REQUEST,
) -> Report:
    """Returns what the optimizers hold that a reference is or returns.

    Args:
        ref: ``file.py:attr`` or ``module:attr``.
        model: gives its tensors their names; by default the model that the reference holds, too.
        model_args: keyword arguments for the reference's function or class.
        cache: where inventories of timm's models are kept.
        request: what is asked about the lr over time.

    Raises:
        ModelError: it cannot be imported, it raises, or it holds no optimizer.
        UsageError: it holds a model alone, or no code may run.
    """
    with files_loaded_once():
        built = build(ref, model_args)
        if model is None:
            return _of_built(built, None, ref, request, one_source=True)
        source = model_source(model, _NO_POLICY, None, cache)
        return _of_built(built, source, ref, request, one_source=_is_object_of(model, ref))


def audit_objects(
    model: Model, optimizers: Any, scheduler: Any = None, request: ScheduleRequest = NO_REQUEST
) -> Report:
    """Returns what live optimizers hold.

    Args:
        model: a module, an inventory or a reference; None where the optimizers' own names are enough.
        optimizers: one, several, or what holds them: see :mod:`pgaudit.built.contents`.
        scheduler: what is attached to them.
        request: what is asked about the lr over time.

    Raises:
        UsageError: there is no optimizer; or what is given as a scheduler holds none.
        ModelError: the model has no parameters, or cannot be built.
    """
    built = of_objects(optimizers, scheduler)
    source = model_source(model, _NO_POLICY) if model is not None else None
    return _of_built(built, source, None, request, one_source=model is None or _is_module(model))


def _is_module(found: object) -> bool:
    from torch import nn

    return isinstance(found, nn.Module)


def _is_object_of(model: Model, ref: str) -> bool:
    """Whether a model is a live object of the file or module that a reference is in: no function builds it anew."""
    if not isinstance(model, str) or model.rpartition(":")[0] != ref.rpartition(":")[0]:
        return False
    return _is_module(import_attribute(model)[1])


def _source_of(model: BuiltModel | None) -> ModelSource | None:
    return None if model is None else ModelSource(lambda: model)


@gc_disabled()
def _of_built(
    built: Built, source: ModelSource | None, ref: str | None, request: ScheduleRequest, *, one_source: bool
) -> Report:
    """The report; without a model beside it, of the one that was built with the optimizers. Where both come from one
    source, a tensor is a parameter of the model if it is the very same; of a model that was built apart, names and
    shapes are asked.
    """
    beside: tuple[str, ...] = ()
    if source is None:
        source, beside = _source_of(built.model), built.beside
    inventory: Inventory | None = None
    tensors: Sequence[Any] = ()
    if source is not None and source.build is not None:
        inventory, tensors = source.identities(unwrap=False)
    elif source is not None:
        inventory = source.inventory(unwrap=False)
    named: dict[int, BuiltTensor] = {}
    if inventory is not None and tensors:
        named = dict(zip(map(id, tensors), model_tensors(inventory), strict=True))
    optimizers, looked_through = read_optimizers(built, named)
    notes = [*built.notes, *beside, *(inventory.notes if inventory is not None else ()), *looked_through]
    notes += [*sharding_notes(tensors), *unattached(built.schedulers, built.optimizers)]
    if inventory is not None and not _identified(optimizers):
        optimizers = _of_copies(optimizers, built) if one_source else matched(optimizers, inventory)
    around = AsBuilt(
        (), None, tensors, built.schedulers, objects=built.optimizers, schedule=built.schedule, source=source
    )
    return _report("built", optimizers, inventory, ref, notes, around, request)


def _identified(optimizers: Sequence[BuiltOptimizer]) -> bool:
    """Whether any optimizer holds the model's own tensors: all others are then tensors of no module."""
    return any(each.names_from == BY_IDENTITY for each in optimizers)


_COPIES = "it holds none of its tensors, and may train copies of them, as DeepSpeed and apex do"


def _of_copies(optimizers: Sequence[BuiltOptimizer], built: Built) -> tuple[BuiltOptimizer, ...]:
    """Optimizers that hold none of the model's tensors, as they are; those that may train copies say so."""
    pairs = zip(optimizers, built.optimizers, strict=True)
    return tuple(replace(each, unproven=_COPIES) if may_hold_copies(found) else each for each, found in pairs)


def report_of_checkpoint(
    read: Checkpoint,
    model: Model = None,
    *,
    model_args: Mapping[str, Any] | None = None,
    cache: Cache | None = None,
    code: Sequence[BuiltOptimizer] = (),
    request: ScheduleRequest = NO_REQUEST,
) -> Report:
    """Returns what the optimizers hold that a checkpoint holds.

    Args:
        read: the checkpoint.
        model: gives its tensors their names, where the file's own names or the shapes of its state prove them; or code
            that builds the model and its optimizer, whose groups are then held against those of the file.
        model_args: keyword arguments for the model's factory.
        cache: where inventories of timm's models are kept.
        code: the optimizers of the same model that code builds, where that has been done.
        request: what is asked about the lr over time.

    Raises:
        ModelError: the model cannot be built.
    """
    source, built = _model_and_optimizers(model, model_args, cache)
    inventory = None if source is None else source.inventory(unwrap=False)
    notes = [*read.notes, *(inventory.notes if inventory is not None else ())]
    stored = AsBuilt((), schedulers=read.schedulers, source=source)
    optimizers = matched_with(read.optimizers, built or code)
    if inventory is not None:
        optimizers = matched(optimizers, inventory)
    return _report("checkpoint", optimizers, inventory, read.path, notes, stored, request)


def _model_and_optimizers(
    model: Model, model_args: Mapping[str, Any] | None, cache: Cache | None
) -> tuple[ModelSource | None, tuple[BuiltOptimizer, ...]]:
    """The model that is named for a checkpoint, and the optimizers that the same code builds, if it builds any."""
    if isinstance(model, str) and is_code(model):
        with contextlib.suppress(PgauditError):  # a model alone; or an error that the model's own loader words better
            built = audit_reference(model, model_args=model_args, cache=cache).as_built
            if built is not None and built.inventory is not None:
                return built.source, built.optimizers
    return (None if model is None else model_source(model, _NO_POLICY, model_args, cache)), ()


def _report(
    origin: Origin,
    optimizers: Sequence[BuiltOptimizer],
    inventory: Inventory | None,
    path: str | None,
    notes: Sequence[str],
    around: AsBuilt,
    request: ScheduleRequest,
) -> Report:
    """The report; ``around`` is all else that is known."""
    found = tuple(optimizers)
    notes = [*notes, *([] if inventory is None else name_notes(found))]
    # Where nothing proves the names, the model's own parameters would seem to be in no group.
    known = inventory if not any(each.unproven for each in found) else None
    ref = None if inventory is None else inventory.ref
    assignment = assignment_of(origin, found, known, ref=ref or path, scheduled=bool(around.schedulers))
    over_time = built_over_time(assignment, found, around, request)
    findings = run_built_checks(BuiltAudit(assignment, found, known, ref, over_time))
    tensors = around.tensors if known is not None else ()
    as_built = replace(around, optimizers=found, inventory=known, tensors=tensors, notes=tuple(notes))
    return Report(assignment, None, path, None, findings, as_built=as_built, over_time=over_time)
