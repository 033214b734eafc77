"""A report → the same with what is needed for weight decay × lr: whether the optimizer's class makes that of it."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

from pgaudit.constructors import constructor_named
from pgaudit.core.errors import PgauditError
from pgaudit.optimizers.calls import call_of
from pgaudit.optimizers.decoupled import is_decoupled
from pgaudit.report import Report


def with_products(report: Report) -> Report:
    """Returns the report with :attr:`pgaudit.core.assignment.OptimizerInfo.decoupled` as the classes themselves say it.

    A saved report has it if it was written so; of a checkpoint nothing says the class.
    """
    optimizers = tuple(
        replace(each, decoupled=_decoupled(report, index) if each.decoupled is None else each.decoupled)
        for index, each in enumerate(report.assignment.optimizers)
    )
    return replace(report, with_products=True, assignment=replace(report.assignment, optimizers=optimizers))


def _decoupled(report: Report, index: int) -> bool | None:
    if report.basis is not None:
        config = report.basis.config
        spec = constructor_named(config.constructor).optimizer(config)
        scope = config.architecture.scope if config.architecture else None
        try:
            call = call_of(spec.type, spec.arguments, spec.factory, scope)
            return is_decoupled(call.kind, {**call.arguments, **_set_by_schedule(report, index, call.kind)})
        except PgauditError:  # another version of a library than the one that was remembered
            return None
    objects: tuple[Any, ...] = () if report.as_built is None else report.as_built.objects
    if index >= len(objects):
        return None
    kind = type(objects[index])
    takes = inspect.signature(kind).parameters
    held = {key: value for key, value in objects[index].defaults.items() if key in takes}
    return is_decoupled(kind, {**held, **_set_by_schedule(report, index, kind)})


def _set_by_schedule(report: Report, index: int, kind: type) -> dict[str, float]:
    """The arguments that a schedule overrides: one that cycles the momentum of a class that has one."""
    schedule = report.schedule_of(index)
    cycles = schedule is not None and schedule.cycles_momentum and "momentum" in inspect.signature(kind).parameters
    return {"momentum": 0.9} if cycles else {}
