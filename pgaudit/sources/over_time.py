"""Two reports → the same with their lrs at the same steps, so that they can be compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pgaudit.core.schedule import ScheduleRequest
from pgaudit.report import Report


def with_steps_of(report: Report, other: Report, request: ScheduleRequest) -> Report:
    """Returns a report whose schedules were also followed to the steps at which another one's lrs are known to turn.

    A saved report holds what it holds, and a side without a schedule has the same lrs at every step.

    Args:
        report: to follow further.
        other: whose steps are wanted.
        request: what was asked about the report.
    """
    mine, theirs = _known(report), _looked_at(other)
    if mine is None or theirs <= mine or (report.basis is None and report.as_built is None):
        return report
    wanted = replace(request, more=tuple(sorted(theirs)), plot=False)
    found = None
    if report.basis is not None:
        from pgaudit.schedules.of_assignment import schedule_over_time

        config, defaults = report.basis.config, report.basis.defaults
        schedule = config.schedule if request.schedule is None else request.schedule
        found = schedule_over_time(config, report.assignment, schedule, defaults.filled_in, wanted)
    elif report.as_built is not None:
        from pgaudit.built.over_time import built_over_time

        found = built_over_time(report.assignment, report.as_built.optimizers, report.as_built, wanted)
    if found is None or report.over_time is None:
        return report
    return replace(report, over_time=replace(found, notes=report.over_time.notes))


def _known(report: Report) -> frozenset[int] | None:
    """The steps at which all lrs of a report are known; None for every step."""
    schedules = [] if report.over_time is None else [each for each in report.over_time.optimizers if each is not None]
    return frozenset.intersection(*(frozenset(each.steps) for each in schedules)) if schedules else None


def _looked_at(report: Report) -> frozenset[int]:
    schedules: Iterable[frozenset[int]] = (
        frozenset(each.turning_points)
        for each in (report.over_time.optimizers if report.over_time else ())
        if each is not None
    )
    return frozenset(report.at).union(*schedules)
