"""The gate as an assertion: model, config or optimizers, and what was agreed → a Report, or an AssertionError."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgaudit import ranks
from pgaudit.api import policy_or_path
from pgaudit.built.audit import audit_objects
from pgaudit.config.expect import expect_errors, expectations, load_expectations
from pgaudit.core.config import Config
from pgaudit.core.errors import PgauditError, UsageError
from pgaudit.core.expectations import Expectations
from pgaudit.core.findings import THRESHOLDS, Threshold
from pgaudit.core.parameters import Inventory
from pgaudit.files.document import Document
from pgaudit.files.reading import read_file, refuse
from pgaudit.gate import Audit, Outcome, baseline
from pgaudit.gate.run import judged, needed
from pgaudit.render.assertion import render_assertion
from pgaudit.report import Report
from pgaudit.sources.lock_reading import read_lock
from pgaudit.sources.schedule_request import schedule_request
from pgaudit.sources.source import report_of
from pgaudit.testing.locks import locked_before, write_lock
from pgaudit.text import did_you_mean, quoted, visible

if TYPE_CHECKING:
    from torch import nn

    from pgaudit.core.schedule import ScheduleRequest
    from pgaudit.sources.source import Source

    PathLike = str | os.PathLike[str]
    Model = nn.Module | Inventory | str | None
    Expected = Mapping[str, Any] | Expectations | PathLike | None


@dataclass(frozen=True)
class Terms:
    """What is asserted of a model under a config, or with its optimizers."""

    expect: Expected = None
    """A mapping of the shape of a config's ``expect:``, or the path of such a file; None for the config's own."""
    lock: PathLike | None = None
    baseline: PathLike | None = None
    fail_on: Threshold | None = None
    """The severity from which on findings fail; None for what the expectations say, or else ``never``."""
    model_args: Mapping[str, Any] = field(default_factory=dict)
    constructor: str | None = None
    scheduler: object = None
    """Live schedulers of optimizers, or a schedule as in YAML in place of the config's."""
    at: Iterable[int] = ()
    """The steps at which the lock holds the lrs, and the report knows them."""
    steps: int | None = None
    """How long the run is, where nothing else says it."""
    epoch_steps: int | None = None
    update: bool = False
    """Whether the lock is written anew instead of compared."""
    remedy: str = "update_lock=True"
    """What makes ``update`` true, in the caller's words."""


def asserted(model: Model, config: object, terms: Terms) -> Report:
    """Returns the report of a model under a config, or with its optimizers, if everything is as agreed.

    Raises:
        AssertionError: with each failure, what moved since the lock, and why the first of these parameters get what
            they get.
        PgauditError: the model or a file cannot be read, or nothing at all is asserted.
    """
    __tracebackhide__ = True
    try:
        report, outcome = _judged(model, config, terms)
    except PgauditError as error:
        raise error.with_traceback(None) from None  # where in pgaudit a mistake came to light tells nobody anything
    if outcome.failures:
        raise AssertionError(render_assertion(report, outcome, _locked(outcome)))
    return report


def _locked(outcome: Outcome) -> Report | None:
    """What the lock says, where a parameter gets something else."""
    lock = outcome.audit.lock
    if lock is None or all(finding.code != "lock" for finding in outcome.failures):
        return None
    return read_lock(lock, read_file(lock, "lock"))


def _judged(model: Model, config: object, terms: Terms) -> tuple[Report, Outcome]:
    __tracebackhide__ = True
    read = policy_or_path(config, named=model is not None, constructor=terms.constructor)
    expect = _expectations(terms.expect, read.expect if isinstance(read, Config) else None)
    fail_on = terms.fail_on or expect.fail_on or "never"
    _refuse_nothing(expect, terms, fail_on)
    known = baseline.read(os.fspath(terms.baseline)) if terms.baseline else frozenset()
    lock = os.fspath(terms.lock) if terms.lock else None
    live, request = schedule_request(terms.scheduler, terms.at, terms.steps, terms.epoch_steps, read)
    locked = locked_before(lock, request.at, update=terms.update, remedy=terms.remedy) if lock else None
    if terms.update and locked is not None and locked.over_time is not None:
        request = request.or_else(locked.over_time.request)  # a lock keeps its steps
    report = _report(model, config, read, live, needed(request, expect, locked), terms)
    if lock and terms.update:
        locked = None
        if ranks.speaks():
            write_lock(report, Path(lock))
    given = Audit(
        report.assignment.model.ref,
        _called(report, read),
        lock=lock,
        baseline=os.fspath(terms.baseline) if terms.baseline else None,
        fail_on=fail_on,
    )
    return report, _with_remedy(judged(given, report, expect, known, locked), terms)


def _report(
    model: Model, config: object, read: Source | None, live: object, request: ScheduleRequest, terms: Terms
) -> Report:
    if read is not None:
        return report_of(read, model, model_args=terms.model_args, request=request)
    if terms.constructor:
        raise UsageError("constructor= is for a config", "drop constructor=")
    if terms.model_args:
        raise UsageError("model_args= is for a model that is named", "drop model_args=")
    return audit_objects(model, config, live, request)


def _called(report: Report, read: Source | None) -> str:
    """How a failure names what the parameters get their values from."""
    if read is None:
        return ", ".join(visible(each.type) for each in report.assignment.optimizers)
    return read.path or "a config"


def _expectations(given: Expected, of_config: Expectations | None) -> Expectations:
    if given is None:
        return of_config or Expectations()
    if isinstance(given, Expectations):
        return given
    if isinstance(given, (str, os.PathLike)):
        return load_expectations(os.fspath(given))
    section = _plain(given)
    refuse(expect_errors(section, ("expect",)), Document(value={"expect": section}), None)
    return expectations(section, ("expect",), None, {})


def _plain(value: Any) -> Any:
    """What YAML would have read: globs in a tuple are as good as in a list."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _refuse_nothing(expect: Expectations, terms: Terms, fail_on: Threshold) -> None:
    """An assertion that cannot fail would be green for ever."""
    if fail_on not in THRESHOLDS:
        hint = did_you_mean(fail_on, THRESHOLDS) or f"known: {', '.join(THRESHOLDS)}"
        raise UsageError(f"fail_on={quoted(fail_on)} is no severity", hint)
    agreed = expect.rules or expect.params or expect.exhaustive or expect.max_groups is not None
    if not agreed and not terms.lock and fail_on == "never":
        raise UsageError("nothing is asserted", "give expect=, lock= or fail_on=, or the config its `expect:`")


def _with_remedy(outcome: Outcome, terms: Terms) -> Outcome:
    """The hint of a lock that does not fit is about a command, and this is no command line."""
    hint = f"if that is meant: {terms.remedy}"
    found = (replace(each, hint=hint) if each.code == "lock" and each.hint else each for each in outcome.findings)
    return replace(outcome, findings=tuple(found))
