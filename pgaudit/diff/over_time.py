"""How the lrs of two reports differ over time: at the steps that were asked, and where a schedule turns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.schedule import OptimizerSchedule
from pgaudit.report import Report

_RELATIVE, _OF_LR = 1e-9, 1e-12
"""What counts as equal. A schedule computes with cosines and powers, whose last bits differ from one machine to the
next, and may compute each lr from the last one; near a floor of 0 that shows in more than the last bits.
"""


@dataclass(frozen=True, slots=True)
class LrChange:
    """The lr of a parameter on both sides after so many steps or epochs."""

    step: int
    before: float | None
    """None where the parameter is in no group, the side does not have it, or its schedule has ended."""
    after: float | None
    scale: float = field(default=0.0, compare=False)
    """The greater of the lrs of its groups, which says what is next to nothing."""

    @property
    def differs(self) -> bool:
        """Whether the two are not the same, but for rounding."""
        return not same_lr(self.before, self.after, self.scale)


def same_lr(one: float | None, other: float | None, scale: float = 0.0) -> bool:
    """Whether two lrs are equal but for rounding.

    Args:
        one: the one; None where it is not known.
        other: the other.
        scale: of lrs that are much smaller than this, a difference says nothing.
    """
    if one is None or other is None:
        return one is other
    both_nan = math.isnan(one) and math.isnan(other)
    return both_nan or math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=_OF_LR * scale)


def scale_of(before: ParamAssignment | None, after: ParamAssignment | None) -> float:
    """Returns :attr:`LrChange.scale` of a parameter."""
    lrs = [each.lr for each in (before, after) if each is not None and each.lr is not None]
    return max(map(abs, filter(math.isfinite, lrs)), default=0.0)


class OverTime:
    """The lrs over time of two reports."""

    def __init__(self, a: Report, b: Report) -> None:
        self._sides = a, b
        self.asked = tuple(sorted({*a.at, *b.at}))
        self._known = knows_lrs(a) and knows_lrs(b)
        self._steps: dict[tuple[int, int], tuple[int, ...]] = {}

    @property
    def compares(self) -> bool:
        """Whether there is any step that both sides know, of optimizers that stand at the same place."""
        counts = [len(each.assignment.optimizers) for each in self._sides]
        return any(self.steps(index, index) for index in range(min(counts)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the optimizers whose lrs over time cannot be compared."""
        return tuple(self._notes()) if self._known else ()

    def _notes(self) -> Iterator[str]:
        for index, (old, new) in enumerate(zip(*map(_schedules, self._sides), strict=False)):
            if old is not None and new is not None and old.unit != new.unit:
                whose = f" of optimizer {index}" if index else ""
                units = " and ".join(f"{unit}s" for unit in sorted((old.unit, new.unit)))
                yield f"the lrs{whose} over time are not compared: the schedules count {units}"

    def of(self, before: ParamAssignment | None, after: ParamAssignment | None) -> tuple[LrChange, ...]:
        """Returns the lrs of a parameter at each step that is compared; of one whose lr is but another multiple of the
        same course, those that were asked.
        """
        steps = self.steps(_optimizer(before, after), _optimizer(after, before))
        if not steps:
            return ()
        old, new = (self._lrs(report, of, steps) for report, of in zip(self._sides, (before, after), strict=True))
        scale = scale_of(before, after)
        found = tuple(LrChange(step, old.get(step), new.get(step), scale) for step in steps)
        if before is None or after is None or not _is_multiple(found, before.lr, after.lr):
            return found
        return tuple(each for each in found if each.step in self.asked)

    def steps(self, old: int, new: int) -> tuple[int, ...]:
        """Returns at which steps an optimizer of one side is compared with one of the other: those that both know."""
        if (old, new) not in self._steps:
            self._steps[old, new] = self._compared(old, new) if self._known else ()
        return self._steps[old, new]

    def _compared(self, old: int, new: int) -> tuple[int, ...]:
        both = [report.schedule_of(index) for report, index in zip(self._sides, (old, new), strict=True)]
        schedules = [each for each in both if each is not None]
        if len({each.unit for each in schedules}) != 1:
            return () if schedules else self.asked
        points = {point for each in schedules for point in each.turning_points}
        known = (frozenset(each.steps) for each in schedules)
        return tuple(sorted(points.union(self.asked).intersection(*known)))

    def _lrs(self, report: Report, param: ParamAssignment | None, steps: Sequence[int]) -> Mapping[int, float | None]:
        if param is None:
            return {}
        schedule = report.schedule_of(param.optimizer)
        if schedule is None or param.optimizer is None or report.over_time is None:
            return dict.fromkeys(steps, param.lr)
        known = report.over_time.of(param.setting, param.optimizer, param.group)
        end = schedule.length
        ended = {step for step in steps if end is not None and step > end and step not in self.asked}
        return {step: None if step in ended else lr for step, lr in known.items()}


def _optimizer(param: ParamAssignment | None, other: ParamAssignment | None) -> int:
    """Which optimizer a parameter is in; where it is in none, the one that it is in on the other side."""
    found = (each.optimizer for each in (param, other) if each is not None and each.optimizer is not None)
    return next(found, 0)


def knows_lrs(report: Report) -> bool:
    """Whether a report says anything of its lrs over time: a config without a schedule does, and code that hands over
    an optimizer alone does not.
    """
    return report.over_time is not None or (
        report.constructor is not None and report.assignment.origin in ("config", "report")
    )


def _schedules(report: Report) -> list[OptimizerSchedule | None]:
    return list(map(report.schedule_of, range(len(report.assignment.optimizers))))


def _is_multiple(lrs: Sequence[LrChange], before: float | None, after: float | None) -> bool:
    """Whether all lrs differ by the factor by which the lrs of the groups differ."""
    if not before or after is None or before == after:
        return False
    factor = after / before
    return all(each.after is None if each.before is None else same_lr(each.before * factor, each.after) for each in lrs)
