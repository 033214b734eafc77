"""How the lrs of two reports differ over time: at the steps that were asked, and where a schedule turns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.schedule import OptimizerSchedule
from pgaudit.report import Report

_DIGITS = 1e-12
"""A class may compute a lr from the one before or from the first one, which differs in the last bits."""
_FACTOR = 1e-9
"""The same for a lr that is a multiple of another."""


@dataclass(frozen=True, slots=True)
class LrChange:
    """The lr of a parameter on both sides after so many steps or epochs."""

    step: int
    before: float | None
    """None where the parameter is in no group, the side does not have it, or its schedule has ended."""
    after: float | None

    @property
    def differs(self) -> bool:
        """Whether the two are not the same, but for rounding."""
        return not same_lr(self.before, self.after, _DIGITS)


def same_lr(one: float | None, other: float | None, tolerance: float) -> bool:
    """Whether two lrs are equal, up to a relative tolerance."""
    if one is None or other is None:
        return one is other
    return one == other or math.isclose(one, other, rel_tol=tolerance) or (one != one and other != other)


class OverTime:
    """The lrs over time of two reports."""

    def __init__(self, a: Report, b: Report) -> None:
        self._sides = a, b
        self.asked = tuple(sorted({*a.at, *b.at}))
        self.steps = self._compared() if knows_lrs(a) and knows_lrs(b) else ()
        """Those that both sides know."""

    def of(self, before: ParamAssignment | None, after: ParamAssignment | None) -> tuple[LrChange, ...]:
        """Returns the lrs of a parameter at each of these steps; of one whose lr is but another multiple of the same
        course, those that were asked.
        """
        if not self.steps:
            return ()
        old, new = (self._lrs(report, of) for report, of in zip(self._sides, (before, after), strict=True))
        found = tuple(LrChange(step, old.get(step), new.get(step)) for step in self.steps)
        if before is None or after is None or not _is_multiple(found, before.lr, after.lr):
            return found
        return tuple(each for each in found if each.step in self.asked)

    def _compared(self) -> tuple[int, ...]:
        schedules = [each for report in self._sides for each in _schedules(report)]
        if len({each.unit for each in schedules}) != 1:
            return () if schedules else self.asked
        points = {point for each in schedules for point in each.turning_points}
        known = (frozenset(each.steps) for each in schedules)
        return tuple(sorted(points.union(self.asked).intersection(*known)))

    def _lrs(self, report: Report, param: ParamAssignment | None) -> Mapping[int, float | None]:
        if param is None:
            return {}
        schedule = report.schedule_of(param.optimizer)
        if schedule is None or param.optimizer is None or report.over_time is None:
            return dict.fromkeys(self.steps, param.lr)
        known = report.over_time.of(param.setting, param.optimizer, param.group)
        end = schedule.length
        ended = {step for step in self.steps if end is not None and step > end and step not in self.asked}
        return {step: None if step in ended else lr for step, lr in known.items()}


def knows_lrs(report: Report) -> bool:
    """Whether a report says anything of its lrs over time: a config without a schedule does, and code that hands over
    an optimizer alone does not.
    """
    return report.over_time is not None or (
        report.constructor is not None and report.assignment.origin in ("config", "report")
    )


def _schedules(report: Report) -> list[OptimizerSchedule]:
    found = () if report.over_time is None else report.over_time.optimizers
    return [each for each in found if each is not None]


def _is_multiple(lrs: tuple[LrChange, ...], before: float | None, after: float | None) -> bool:
    """Whether all lrs differ by the factor by which the lrs of the groups differ."""
    if not before or after is None or before == after:
        return False
    factor = after / before
    return all(
        each.after is None if each.before is None else same_lr(each.before * factor, each.after, _FACTOR)
        for each in lrs
    )
