"""What is expected of a parameter's lr after some steps of its schedule, against what the schedule makes of it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.expectations import LrExpectation, ParamExpectation
from pgaudit.core.location import Path
from pgaudit.core.schedule import OptimizerSchedule
from pgaudit.report import Report
from pgaudit.text import visible

CLOSE = 1e-9
"""Relative; 0.1 × 0.1 is not 0.01 to the last bit, and a person writes 0.01."""


def differences_over_time(
    report: Report, expected: ParamExpectation, param: ParamAssignment
) -> Iterator[tuple[str, str, Path]]:
    """Yields what was wanted of the lr at a step, what it is, and where that is expected; only where it is otherwise.

    Args:
        report: in which the steps are known that are expected, or which was read from a file.
        expected: what the parameters of a glob must get.
        param: one of them.
    """
    for each in expected.over_time:
        got = _got(report, each, param)
        if got is not None:
            schedule = report.schedule_of(param.optimizer)
            yield f"lr {each.lr!r} at {schedule.unit if schedule else 'step'} {each.step}", got, each.at


def _got(report: Report, expected: LrExpectation, param: ParamAssignment) -> str | None:
    """What the lr is at a step, in words; None where it is what is expected."""
    if param.lr is None:
        return "none, for it is not in the optimizer"
    schedule = report.schedule_of(param.optimizer)
    try:
        lr = report.lr_after(param, expected.step)
    except KeyError:
        return f"none, for {visible(report.path)} does not say it"
    if lr is None:
        return f"none, for {_why_unknown(schedule, expected.step)}"
    if math.isclose(lr, expected.lr, rel_tol=CLOSE, abs_tol=0.0 if expected.lr else CLOSE * param.lr):
        return None
    return f"{lr!r} by {visible(schedule.title)}" if schedule else f"{lr!r}, for there is no schedule"


def _why_unknown(schedule: OptimizerSchedule | None, step: int) -> str:
    """Why nothing says the lr at a step."""
    assert schedule is not None  # without one, the lr is known at every step
    if schedule.notes:
        return visible("; ".join(schedule.notes))
    if schedule.ends is not None and step > schedule.ends:
        return f"{visible(schedule.title)} ends at {schedule.ends}"
    return f"{visible(schedule.title)} does not say it"
