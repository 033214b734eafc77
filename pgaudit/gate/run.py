"""Runs one audit: the pipeline, then findings against the baseline, expectations, and the lock."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pgaudit.config import load_config
from pgaudit.config.expect import load_expectations
from pgaudit.config.schedules import schedule_option
from pgaudit.core.config import Config
from pgaudit.core.errors import PgauditError
from pgaudit.core.expectations import Expectations
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location
from pgaudit.core.schedule import ScheduleRequest
from pgaudit.gate import baseline
from pgaudit.gate.expected import unexpected
from pgaudit.gate.locked import lock_findings, read_lock_of
from pgaudit.gate.records import Audit, Outcome
from pgaudit.report import Report
from pgaudit.sources.source import Source, read_source, report_of

if TYPE_CHECKING:
    from pgaudit.models.source import Model


def run(audit: Audit, data: bytes | None = None, model_of: Callable[[Config], Model] = lambda _: None) -> Outcome:
    """Checks one audit; what cannot be checked is an outcome, too, so that it hides no other.

    Args:
        audit: what is checked.
        data: YAML that takes the place of what the config's file holds.
        model_of: returns the model for that, where it has been opened before.
    """
    try:
        with _led_by(audit, "config"):
            source = _source(audit, data)
        expect = source.expect if isinstance(source, Config) else None
        known = frozenset[baseline.Key]()
        if audit.expect is not None:
            with _led_by(audit, "expect"):
                expect = load_expectations(audit.expect)
        if audit.baseline is not None:
            with _led_by(audit, "baseline"):
                known = baseline.read(audit.baseline)
        with _led_by(audit, "lock"):
            lock = None if audit.lock is None else read_lock_of(audit)
        expect = expect or Expectations()
        schedule = None if audit.scheduler is None else schedule_option(audit.scheduler, source)
        asked = ScheduleRequest((), schedule, audit.steps, audit.epoch_steps, more=audit.at, checks=True)
        request = needed(asked, expect, lock, has_own=isinstance(source, Config) and source.schedule is not None)
        with _led_by(audit, "model"):
            model = (model_of(source) if isinstance(source, Config) else None) or audit.model
            report = report_of(source, model, model_args=audit.model_args, cache=audit.cache, request=request)
        return judged(audit, report, expect, known, lock)
    except PgauditError as error:
        return Outcome(audit, error.findings, trace=traceback.format_exc())


def _source(audit: Audit, data: bytes | None) -> Source:
    if data is not None:
        return load_config(audit.config, constructor=audit.constructor, data=data)
    return read_source(audit.config, audit.model, constructor=audit.constructor, key=audit.key, what_if=audit.what_if)


def needed(
    request: ScheduleRequest, expect: Expectations, lock: Report | None, *, has_own: bool = False
) -> ScheduleRequest:
    """Returns what is asked about the lr over time, with all steps that are needed to judge it.

    Args:
        request: what is asked anyway. What it does not say of the schedule is as it was when the lock was written.
        expect: what is expected, some of it at steps.
        lock: what is locked; None for no lock.
        has_own: whether the source has a schedule, so that findings are about that, whatever was locked.
    """
    steps = set(expect.steps)
    if lock is not None and lock.over_time is not None:
        steps |= {*lock.at}
        written = lock.over_time.request
        request = request.or_else(replace(written, at=(), schedule=None if has_own else written.schedule))
    return request.needing(steps) if steps else request


@contextmanager
def _led_by(audit: Audit, key: str) -> Iterator[None]:
    """Gives an error without a place that of the project file's key that led to it."""
    try:
        yield
    except PgauditError as error:
        if audit.origin is None:
            raise
        at = audit.origin.location(key)
        raise PgauditError([replace(each, location=each.location or at) for each in error.findings]) from error


def judged(
    audit: Audit,
    report: Report,
    expect: Expectations,
    known: baseline.Known = frozenset(),
    lock: Report | None = None,
) -> Outcome:
    """Returns what a report means for the gate.

    Args:
        audit: what is checked.
        report: what came of it, which knows the steps that :func:`needed` names.
        expect: what is expected.
        known: findings that the baseline knows.
        lock: what is locked, where that has been read.

    Raises:
        ConfigError: the lock cannot be read, or a glob in the expectations is none.
    """
    every, report = report.findings, audit.choice.of(report)
    kept = list(_new(report.findings, known))
    old = len(report.findings) - len(kept)
    kept += unexpected(report, expect)
    if audit.lock is not None:
        kept += lock_findings(report, audit, lock)
    if audit.baseline is not None and audit.what_if is None:  # what is tried has fixed nothing
        kept += baseline.stale(known, every, audit.baseline)
    return Outcome(
        audit,
        tuple(sorted(kept, key=_order)),
        audit.fail_on or expect.fail_on or "error",
        parameters=len(report.params),
        groups=len(report.groups),
        ignored=len(report.ignored) + old,
        notes=report.notes,
    )


def _new(findings: Sequence[Finding], known: baseline.Known) -> Iterator[Finding]:
    """The findings that the baseline does not know, or not for all parameters."""
    for finding in findings:
        keys = baseline.keys_of(finding)
        new = keys - known
        if len(new) == len(keys):
            yield finding
        elif new:
            params = tuple(param for param in finding.params if (finding.code, finding.key, param) in new)
            message = f"{finding.message} ({len(params)} of {len(keys)} not in the baseline)"
            yield replace(finding, params=params, message=message)


def _order(finding: Finding) -> tuple[str, bool, tuple[int, int]]:
    at = finding.location or Location()
    return at.path or "", at.line is None, (at.line or 0, at.column or 0)
