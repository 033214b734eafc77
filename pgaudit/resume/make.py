"""A report → how an optimizer of its class is built, to try on it what a checkpoint holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgaudit.built.wrappers import wrapped
from pgaudit.constructors import constructor_named
from pgaudit.optimizers import calls
from pgaudit.optimizers.classes import class_arguments
from pgaudit.report import Report

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from pgaudit.resume.trial import Make


def maker(report: Report, index: int) -> Make | None:
    """Returns what builds the source's optimizer on other groups; None where its class is not known.

    Args:
        report: of a config, or of optimizers in code.
        index: which of its optimizers.
    """
    if report.as_built is not None:
        objects = report.as_built.objects
        return _like(objects[index]) if index < len(objects) else None
    config = report.config
    spec = constructor_named(config.constructor).optimizer(config)
    scope = config.architecture.scope if config.architecture else None
    call = calls.call_of(spec.type, spec.arguments, spec.factory, scope)
    return lambda groups: calls.build(call, groups)


def _like(optimizer: Any) -> Make:
    """Builds what a live optimizer is, without what is around it."""
    inner = wrapped(optimizer)[-1]
    kind = type(inner)
    known = class_arguments(kind)
    arguments = {key: value for key, value in (getattr(inner, "defaults", None) or {}).items() if key in known}

    def make(groups: list[dict[str, Any]]) -> Optimizer:
        made: Optimizer = kind(groups, **arguments)
        return made

    return make
