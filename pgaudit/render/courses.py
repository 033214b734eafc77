"""The courses that the lrs of a report take over its run, each with the parameters that take it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.schedule import OptimizerSchedule
from pgaudit.render.style import group_words, label
from pgaudit.report import Report
from pgaudit.text import visible

Curve = tuple["float | None", ...]
_RULES = 2
"""Rules that a course names."""


@dataclass
class Course:
    """Parameters whose lrs take the same course."""

    optimizer: int
    schedule: OptimizerSchedule
    curves: list[Curve]
    """One, or several of one shape."""
    rows: list[ParamAssignment] = field(default_factory=list)

    @property
    def begins(self) -> list[float]:
        """The lrs from which it goes, the highest first."""
        return sorted({curve[0] for curve in self.curves if curve[0] is not None}, reverse=True)

    @property
    def name(self) -> str:
        """Which rules lead to it, or of what was built which groups."""
        if built := group_words(self.rows):
            return built
        rules = dict.fromkeys(label(row.setting.lr_rule, line=False) for row in self.rows if row.setting.lr_rule)
        return ", ".join(rules) if len(rules) <= _RULES else f"{len(rules)} rules"


def courses_of(report: Report) -> list[Course]:
    """Returns the different courses in the order of the model; none where no picture was asked for."""
    found: dict[tuple[int, Curve], Course] = {}
    for row in report.params:
        schedule = report.schedule_of(row.optimizer)
        if schedule is None or row.group is None or row.optimizer is None or not schedule.curve_steps:
            continue
        curve = schedule.curves.get(schedule.key(row.setting, row.group))
        if curve is not None:  # a group without a lr has none at any step
            found.setdefault((row.optimizer, curve), Course(row.optimizer, schedule, [curve])).rows.append(row)
    return [*found.values()]


def no_picture(schedule: OptimizerSchedule, *, sketch: bool = False) -> str:
    """Returns why there is no picture of a schedule, where one was asked for.

    Args:
        schedule: which was asked.
        sketch: whether only one was wanted that takes no time.
    """
    if schedule.length is None:
        why = "nothing says how long the run is; --steps N does"
    elif sketch:
        why = f"all {schedule.length:,} {schedule.unit}s would have to be made one by one; with --plot they are"
    else:
        why = f"it does not go through all {schedule.length:,} {schedule.unit}s"
    return f"no picture of {visible(schedule.title)}: {why}"
