"""The lr over the run as a page draws it: for each optimizer a picture with a line for each course that a lr takes, and
a table that says the same without one.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.schedule import OptimizerSchedule
from pgaudit.render.courses import Course, courses_of, no_picture
from pgaudit.render.html.packing import steps
from pgaudit.render.html.shares import COLOURS, Share, Shares
from pgaudit.render.numbers import computed, needs_log
from pgaudit.render.over_time import schedule_words
from pgaudit.render.style import UNICODE
from pgaudit.report import Report
from pgaudit.text import counted, visible

_LINES = 48
"""Lines that a picture tells apart; of more, so many are drawn, evenly from the highest to the lowest."""
_PICTURES = 12
"""Optimizers that have one: some trainings have an optimizer a parameter."""
_DIGITS = 6
"""Significant digits of a lr in a page."""


@dataclass(frozen=True)
class Line:
    """A course of the lr."""

    name: str
    """Which rule leads to it, or which group has it."""
    first: str
    """Its first parameter."""
    tensors: int
    rule: str
    """The bar that chooses its parameters; empty where it has several."""
    colour: str
    """Its class in styles/base.css."""
    shade: int
    """Of 100: what tells it from other lines of its colour; 0 for the highest one."""
    start: str
    highest: str
    end: str


@dataclass(frozen=True)
class Picture:
    """The courses of one optimizer."""

    title: str
    unit: str
    notes: Sequence[str]
    spoken: str
    """The picture in a sentence."""
    lines: Sequence[Line]
    data: dict[str, Any]
    """What the page's script draws; see app/schedules.js."""


@dataclass(frozen=True)
class Pictures:
    """All that a page says of schedules."""

    drawn: Sequence[Picture] = ()
    notes: Sequence[str] = ()
    """Of what there is no picture, and why."""

    def __bool__(self) -> bool:
        return bool(self.drawn or self.notes)


def pictures_of(report: Report, shares: Shares) -> Pictures:
    """Returns the pictures of a report, and a note for each schedule that was to have one and has none.

    Args:
        report: whose lrs they are.
        shares: the bars, whose colours the lines have.
    """
    by_optimizer: defaultdict[int, list[Course]] = defaultdict(list)
    for course in courses_of(report):
        by_optimizer[course.optimizer].append(course)
    drawn = [_picture(report, shares, courses) for courses in [*by_optimizer.values()][:_PICTURES]]
    notes = [f"{left:,} more optimizers have no picture"] if (left := len(by_optimizer) - _PICTURES) > 0 else []
    return Pictures(drawn, [*notes, *_without(report)])


def _without(report: Report) -> Iterator[str]:
    """Why schedules have no picture that were asked for one."""
    over_time = report.over_time
    if over_time is None or not (over_time.request.plot or over_time.request.sketch):
        return
    left = [each for each in over_time.optimizers if each is not None and not each.curve_steps]
    yield from dict.fromkeys(no_picture(each, sketch=not over_time.request.plot) for each in left)


def _picture(report: Report, shares: Shares, courses: Sequence[Course]) -> Picture:
    schedule, optimizer = courses[0].schedule, courses[0].optimizer
    several = len(report.assignment.optimizers) > 1
    whose = f"{visible(report.optimizer_title(optimizer))}: " if several else ""
    title = f"{whose}lr over {counted(schedule.curve_steps[-1], schedule.unit)}"
    shown = _spread(sorted(courses, key=lambda course: -_highest(course)))
    lines = list(_lines(report, shares, shown))
    return Picture(
        title,
        schedule.unit,
        [f" {UNICODE.dot} ".join(schedule_words(schedule)), *_notes(schedule, len(shown), len(courses))],
        f"{title}: {counted(len(lines), 'line')}. " + "; ".join(map(_spoken, lines[:3])) + ". The table has all.",
        lines,
        {
            "unit": schedule.unit,
            "steps": steps(schedule.curve_steps),
            "turns": [point for point in schedule.turning_points if 0 < point < schedule.curve_steps[-1]][:_LINES],
            "warm": schedule.warms_up,
            "log": needs_log(lr for course in shown for lr in course.curves[0]),
            "lines": [[*map(_rounded, course.curves[0])] for course in shown],
        },
    )


def _spread(courses: Sequence[Course]) -> Sequence[Course]:
    """As many as a picture can show, among them the first and the last."""
    last = len(courses) - 1
    return courses if last < _LINES else [courses[round(at * last / (_LINES - 1))] for at in range(_LINES)]


def _lines(report: Report, shares: Shares, courses: Sequence[Course]) -> Iterator[Line]:
    bars = [_bar(report, shares, course.rows) for course in courses]
    taken = {bar.colour for bar in shares.bars}
    free = [each for each in (f"rule-{at}" for at in range(COLOURS)) if each not in taken] or ["rule-base"]
    own = [free[at % len(free)] if bar is None else bar.colour for at, bar in enumerate(bars)]
    counts, seen = Counter(own), Counter[str]()
    for course, bar, colour in zip(courses, bars, own, strict=True):
        shade = round(100 * seen[colour] / max(counts[colour] - 1, 1))
        seen[colour] += 1
        (curve,) = course.curves
        yield Line(
            course.name,
            visible(course.rows[0].name),
            len(course.rows),
            bar.key if bar else "",
            colour,
            shade,
            computed(curve[0]),
            computed(_highest(course)) if any(lr is not None for lr in curve) else UNICODE.none,
            computed(curve[-1]),
        )


def _bar(report: Report, shares: Shares, rows: Sequence[ParamAssignment]) -> Share | None:
    """The bar of the one rule, or the one setting, that decided the lrs of some parameters."""
    alike = {(id(row.setting), row.group): row for row in rows}
    keys = set()
    for row in alike.values():
        rule = row.setting.lr_rule
        keys.update([visible(rule.full)] if rule else [shares.bars[at].key for at in shares.places(report, row)])
    return next((bar for bar in shares.bars if keys == {bar.key}), None)


def _highest(course: Course) -> float:
    return max((lr for lr in course.curves[0] if lr is not None), default=-math.inf)


def _notes(schedule: OptimizerSchedule, shown: int, every: int) -> Iterator[str]:
    if schedule.warms_up:
        yield f"warm-up to {schedule.unit} {schedule.warms_up:,}"
    if schedule.cycles_momentum:
        yield "the momentum moves, too"
    if shown < every:
        yield f"{shown} of {every:,} lines"


def _spoken(line: Line) -> str:
    return f"{line.name} starts at {line.start}, is {line.highest} at most, and ends at {line.end}"


def _rounded(lr: float | None) -> float | None:
    if lr is None or not math.isfinite(lr):
        return None
    return float(f"{lr:.{_DIGITS}g}")
