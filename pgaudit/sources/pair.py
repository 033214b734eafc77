"""Two sources that the user names → two Reports, with the models that they need."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from pgaudit.built.audit import audit_reference, report_of_checkpoint
from pgaudit.core.built import BuiltOptimizer, Checkpoint
from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.core.parameters import INVENTORY_FILES, Inventory
from pgaudit.core.schedule import NO_REQUEST, ScheduleRequest
from pgaudit.models.cache import Cache
from pgaudit.models.references import is_timm_name
from pgaudit.models.source import ModelSource, model_source
from pgaudit.pipeline import audit_source
from pgaudit.report import Report
from pgaudit.sources.over_time import with_steps_of
from pgaudit.sources.source import Reference, Side, as_written, narrowed
from pgaudit.text import quoted, visible


@dataclass(frozen=True)
class ReportPair:
    """Both reports, and what the user should know about how they came about."""

    a: Report
    b: Report
    notes: tuple[str, ...] = ()


def audit_pair(
    a: Side,
    b: Side,
    *,
    model: str | None = None,
    model_args: Mapping[str, Any] | None = None,
    cache: Cache | None = None,
    requests: tuple[ScheduleRequest, ScheduleRequest] = (NO_REQUEST, NO_REQUEST),
) -> ReportPair:
    """Returns what each parameter of both sides trains with; a model that both are about is built once.

    Args:
        a: the side before, and ``b`` the one after.
        model: the model of all configs and checkpoints, and of code that holds none; by default each names its own, or
            else takes the other side's.
        model_args: keyword arguments for the model's factory; where no model is named, for the function that a
            reference names.
        cache: where saved inventories of timm's models are kept.
        requests: what is asked about the lr over time of each side.

    Raises:
        UsageError: a config has no model, or a saved report does not hold the steps that are asked.
        ConfigError: the real library would refuse a config for this model.
        ModelError: a model cannot be built, or the code of a side fails.
    """
    asked = dict(zip((id(a), id(b)), requests, strict=True))
    sides = _Sides(model, dict(model_args or {}), cache, (a, b), asked)
    if model and all(isinstance(side.found, Report) for side in (a, b)):
        sides.notes.append("--model has no effect: no side needs a model")
    # The side that knows its model comes first, so that the other can have the same.
    first, second = sorted((a, b), key=_need)
    report, its_model = sides.side(first, second, None)
    other, _ = sides.side(second, first, its_model)
    one, two = (report, other) if first is a else (other, report)
    alike = with_steps_of(one, two, requests[0]), with_steps_of(two, one, requests[1])
    return ReportPair(*alike, tuple(dict.fromkeys(sides.notes)))


def _need(side: Side) -> int:
    """How much a side may need the model of the other one."""
    if isinstance(side.found, Config):
        return 0 if side.model or side.found.names_model else 3
    return {Report: 0, Reference: 1}.get(type(side.found), 2)


class _Sides:
    """Makes reports of sides, and remembers the last model that was named."""

    def __init__(
        self,
        model: str | None,
        args: Mapping[str, Any],
        cache: Cache | None,
        sides: tuple[Side, Side],
        requests: Mapping[int, ScheduleRequest],
    ) -> None:
        self.notes: list[str] = []
        self._model = model
        self._args = args
        self._cache = cache
        self._requests = requests
        self._named = model is not None or any(
            side.model or (isinstance(side.found, Config) and side.found.names_model) for side in sides
        )
        self._last: tuple[object, ModelSource] | None = None
        self._built: tuple[BuiltOptimizer, ...] = ()

    def side(self, side: Side, other: Side, its_model: ModelSource | None) -> tuple[Report, ModelSource | None]:
        """Returns the report of a side, and its model.

        Args:
            side: which.
            other: the other one, whose model may be taken.
            its_model: that model, where it is known.
        """
        found, request = side.found, self._requests[id(side)]
        if isinstance(found, Report):
            return narrowed(found, request), None
        if isinstance(found, Config):
            source = self._model_of(side, found, other, its_model)
            alone = other.tried and (side.path, side.tried) == (other.path, "")
            with as_written() if alone else nullcontext():
                report = audit_source(source, found, request)
            self.notes += report.notes
            return replace(report, path=side.path, tried=side.tried), source
        if isinstance(found, Checkpoint):
            report = self._of_checkpoint(side, found, other, its_model, request)
        else:
            report = self._of_code(side, found, other, its_model, request)
            self._built = report.as_built.optimizers if report.as_built and report.as_built.inventory else ()
        self.notes += report.notes
        return report, report.as_built.source if report.as_built else None

    def _of_checkpoint(
        self, side: Side, found: Checkpoint, other: Side, its_model: ModelSource | None, request: ScheduleRequest
    ) -> Report:
        if (ref := side.model or self._model) is not None:
            return report_of_checkpoint(found, ref, model_args=self._args, cache=self._cache, request=request)
        return report_of_checkpoint(found, self._inventory(side, other, its_model), code=self._built, request=request)

    def _of_code(
        self, side: Side, found: Reference, other: Side, its_model: ModelSource | None, request: ScheduleRequest
    ) -> Report:
        args = {} if self._named else self._args
        report = audit_reference(found.path, side.model, model_args=args, cache=self._cache, request=request)
        if report.as_built is None or report.as_built.source is not None:
            return report
        model = self._model or self._inventory(side, other, its_model)
        if model is None:
            return report
        return audit_reference(found.path, model, model_args=args, cache=self._cache, request=request)

    def _inventory(self, side: Side, other: Side, its_model: ModelSource | None) -> Inventory | None:
        """The other side's model, for the names of what has none."""
        inventory = its_model.inventory(unwrap=False) if its_model is not None else None
        if inventory is not None:
            self.notes.append(_taken_from(side, inventory.ref, other))
        return inventory

    def _model_of(self, side: Side, config: Config, other: Side, its_model: ModelSource | None) -> ModelSource:
        ref = side.model or self._model
        if ref is not None or config.names_model:
            return self._opened(side, config, ref)
        if its_model is None and isinstance(other.found, Report):
            # A report or lock may name a model of timm's. What would run code has to be named by the user.
            about = other.found.assignment.model
            if about.ref is not None and about.source == "timm" and is_timm_name(about.ref):
                self.notes.append(_taken_from(side, about.ref, other))
                return model_source(about.ref, config, self._args, self._cache)
            raise _without_model(side, about.ref)
        if its_model is None:
            raise _without_model(side, None)
        if other.model is None:  # else the command names it once, for both
            self.notes.append(_taken_from(side, _called(other), other))
        return its_model

    def _opened(self, side: Side, config: Config, named: str | None) -> ModelSource:
        """The model that a side names, or the last one if that is the same."""
        ref = named or config.model
        args = {**(config.model_args if ref == config.model else {}), **self._args}
        # A file may stand beside its config, so only configs of one folder mean the same by its name.
        in_file = ".py:" in str(ref) or str(ref).endswith(INVENTORY_FILES)
        folder = os.path.dirname(side.path) if named is None and in_file else None
        # Two Python configs seldom share a file, and often a model.
        its = config.architecture if ref is None else None
        key = (ref, folder, args) if its is None else (its.scope, its.section, args)
        if self._last is None or self._last[0] != key:
            self._last = key, model_source(named, config, self._args, self._cache)
        return self._last[1]


def _without_model(side: Side, meant: str | None) -> UsageError:
    hint = f"--model {visible(meant)}" if meant else "--model MODEL, or `model:` in the config"
    return UsageError(f"no model is named for {quoted(side.path)}", hint)


def _called(side: Side) -> str:
    """What a side calls its model."""
    if isinstance(side.found, Config):
        its = side.found.architecture
        return str(side.found.model if side.found.model is not None or its is None else its.name)
    return "the model"


def _taken_from(side: Side, model: str, other: Side) -> str:
    return f"{side.path} names no model; taking {visible(model)}, the model of {other.path}"
