"""Two files that the user names → two Reports, with the models that their configs need."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.core.parameters import INVENTORY_FILES
from pgaudit.models.cache import Cache
from pgaudit.models.references import is_timm_name
from pgaudit.models.source import ModelSource, model_source
from pgaudit.pipeline import audit_source
from pgaudit.report import Report
from pgaudit.sources.files import Named
from pgaudit.text import quoted, visible


@dataclass(frozen=True)
class ReportPair:
    """Both reports, and what the user should know about how they came about."""

    a: Report
    b: Report
    notes: tuple[str, ...] = ()


def audit_pair(
    a: Named,
    b: Named,
    *,
    model: str | None = None,
    model_args: Mapping[str, Any] | None = None,
    cache: Cache | None = None,
) -> ReportPair:
    """Decides every parameter of the sides that are configs; a model that both are about is built once.

    Args:
        a: the side before, and ``b`` the one after.
        model: the model of all configs; by default each names its own, or else takes the other side's.
        model_args: keyword arguments for the model's factory.
        cache: where saved inventories of timm's models are kept.

    Raises:
        UsageError: a config has no model.
        ConfigError: the real library would refuse a config for this model.
        ModelError: a model cannot be built.
    """
    workshop = _Workshop(model, dict(model_args or {}), cache)
    if model and not any(isinstance(named.found, Config) for named in (a, b)):
        workshop.note("--model has no effect: no side is a config")
    # The side that names its model comes first, so that the other can have the same.
    first, second = (b, a) if isinstance(a.found, Config) and not a.found.names_model else (a, b)
    sides = {id(first): workshop.side(first, second), id(second): workshop.side(second, first)}
    return ReportPair(sides[id(a)], sides[id(b)], tuple(dict.fromkeys(workshop.notes)))


class _Workshop:
    """Makes sides, and remembers the last model."""

    def __init__(self, model: str | None, args: Mapping[str, Any], cache: Cache | None) -> None:
        self.notes: list[str] = []
        self._model = model
        self._args = args
        self._cache = cache
        self._last: tuple[object, ModelSource] | None = None

    def note(self, text: str) -> None:
        self.notes.append(text)

    def side(self, named: Named, other: Named) -> Report:
        if isinstance(named.found, Report):
            return named.found
        if self._model is None and not named.found.names_model:
            return self._audited(named.path, self._with_model_of(named, named.found, other), other.path)
        return self._audited(named.path, named.found, named.path)

    def _with_model_of(self, named: Named, config: Config, other: Named) -> Config:
        architecture = meant = None
        if isinstance(other.found, Config):
            ref, args, architecture = other.found.model, other.found.model_args, other.found.architecture
        else:
            # A report or lock may name a model of timm's. What would run code has to be named by the user.
            about = other.found.assignment.model
            model = about.ref
            known = model is not None and about.source == "timm" and is_timm_name(model)
            ref, args, meant = (model if known else None), {}, model
        if ref is None and architecture is None:
            hint = f"--model {visible(meant)}" if meant else "--model MODEL, or `model:` in the config"
            raise UsageError(f"no model is named for {quoted(named.path)}", hint)
        what = ref if ref is not None or architecture is None else architecture.name
        self.note(f"{named.path} names no model; taking {visible(what)} from {other.path}")
        return replace(config, model=ref, model_args=args, architecture=architecture)

    def _audited(self, path: str, config: Config, namer: str) -> Report:
        ref = self._model or config.model
        args = {**(config.model_args if ref == config.model else {}), **self._args}
        # A file may stand beside its config, so only configs of one folder mean the same by its name.
        beside = (
            os.path.dirname(namer)
            if self._model is None and (".py:" in str(ref) or str(ref).endswith(INVENTORY_FILES))
            else None
        )
        # Two Python configs seldom share a file, and often a model.
        its = config.architecture if ref is None else None
        key = (ref, beside, args) if its is None else (its.scope, its.section, args)
        if self._last is None or self._last[0] != key:
            self._last = key, model_source(self._model, config, self._args, self._cache)
        report = audit_source(self._last[1], config)
        self.notes += report.inventory.notes
        return replace(report, path=path)
