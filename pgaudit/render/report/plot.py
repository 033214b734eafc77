"""Pictures of the lrs: along the model; and over the whole run, a line of bars for each course that they take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.core.schedule import OptimizerSchedule
from pgaudit.render.columns import GAP, Column, Row, Table
from pgaudit.render.courses import Course, Curve, courses_of, no_picture
from pgaudit.render.numbers import computed, number
from pgaudit.render.report.along import along_lines
from pgaudit.render.style import BASE, Marks, bar_style, shared_colour
from pgaudit.render.styled import Text, filled
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import counted, visible

_WIDEST, _NARROWEST = 80, 16
"""Cells of a picture at most, and at least."""
_PICTURE = 3
"""Its column."""
_SEPARATE = 6
"""So many courses have a line each; of more, those that are equal but for a factor share one."""
_DIGITS = 6
"""Significant digits to which courses of one shape are equal: a product is rounded."""


def plot_lines(report: Report, options: TableOptions) -> Iterator[Text]:
    """Yields the lrs along the model; and, where there is a schedule, a picture of each course that a lr takes over the
    run, or why there is none.
    """
    yield from along_lines(report, options)
    found = [each for each in (report.over_time.optimizers if report.over_time else ()) if each is not None]
    courses = _courses(report) if found else []
    for schedule in found:
        yield Text()
        its = [course for course in courses if course.schedule is schedule]
        if its:
            yield from _pictures(report, schedule, its, options)
        elif not schedule.curve_steps:
            yield from filled(no_picture(schedule), options.width, hanging=2, style=BASE)


def _courses(report: Report) -> list[Course]:
    """The courses in the order of the model; of many, those of one shape as one."""
    found = courses_of(report)
    if len(found) <= _SEPARATE:
        return found
    shapes: dict[tuple[int, Curve], Course] = {}
    for course in found:
        (curve,) = course.curves
        shape = shapes.setdefault((course.optimizer, _shape(curve)), Course(course.optimizer, course.schedule, []))
        shape.curves.append(curve)
        shape.rows += course.rows
    return [*shapes.values()]


def _shape(curve: Curve) -> Curve:
    """A curve whose highest lr is 1."""
    most = max((lr for lr in curve if lr), default=1.0)
    return tuple(None if lr is None else round(lr / most, _DIGITS) for lr in curve)


def _pictures(
    report: Report, schedule: OptimizerSchedule, courses: Sequence[Course], options: TableOptions
) -> Iterator[Text]:
    several = len(report.assignment.optimizers) > 1
    whose = f"{visible(report.optimizer_title(courses[0].rows[0].optimizer or 0))}: " if several else ""
    title = f"{whose}lr over {counted(schedule.curve_steps[-1], schedule.unit)}"
    titles = [title, options.marks.times, "start", "", "min, max"]
    cells = [[course.name, *_figures(course, options.marks)] for course in courses]
    shown, room = _room(titles, cells, options.width)
    room = min(room, len(schedule.curve_steps))
    rows = []
    for course, (name, *others) in zip(courses, cells, strict=True):
        texts = [*map(Text, others[:2]), _bars(schedule, course, room, options.marks), *map(Text, others[3:])]
        rows.append(Row(name, [texts[at - 1] for at in shown[1:]], style=shared_colour(course.rows)))
    scale = [Text(_scale(schedule, room), BASE) if at == _PICTURE else Text() for at in shown[1:]]
    columns = [Column(titles[at], right=at == 1) for at in shown]
    yield from Table(columns, [*rows, Row("", scale)]).lines(None)
    for course in courses:
        if len(course.begins) > 1:
            firsts = f"{course.name} begin at {', '.join(map(number, course.begins))}"
            yield from filled(firsts, options.width, hanging=2, style=BASE)


def _room(titles: Sequence[str], cells: Sequence[Sequence[str]], width: int | None) -> tuple[list[int], int]:
    """The columns that are shown, and the cells for the picture, which has the right of way."""
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
    shown, room = list(range(len(titles))), _WIDEST
    for gone in ((), (1, 2), (4,)):
        shown = [at for at in shown if at not in gone]
        if width is not None:
            room = min(_WIDEST, width - sum(widths[at] + GAP for at in shown if at != _PICTURE))
        if room >= _NARROWEST:
            break
    return shown, max(room, _NARROWEST)


def _figures(course: Course, marks: Marks) -> list[str]:
    """How many tensors, the first lr, nothing for the picture, and the lowest and the highest lr."""
    begins = [number(each) for each in course.begins]
    first = begins[0] if len(begins) == 1 else f"{len(begins)} lrs" if begins else marks.none
    known = [lr for curve in course.curves for lr in curve if lr is not None]
    span = f"{computed(min(known))}, {computed(max(known))}" if known else marks.none
    return [f"{len(course.rows):,}", first, "", span]


def _bars(schedule: OptimizerSchedule, course: Course, width: int, marks: Marks) -> Text:
    """The line: each cell as high as the mean lr of its part of the run; blank where there is none."""
    curve, end = course.curves[0], schedule.curve_steps[-1]
    most = max((lr for lr in curve if lr), default=1.0)
    cells: list[list[float]] = [[] for _ in range(width)]
    for step, lr in zip(schedule.curve_steps, curve, strict=True):
        if lr is not None:
            cells[min(step * width // end, width - 1)].append(lr)
    cells[0], cells[-1] = (_ends(cell, at) for cell, at in ((cells[0], 0), (cells[-1], -1)))
    bars = marks.bars
    heights = (round(sum(cell) / len(cell) / most * (len(bars) - 1)) if cell else None for cell in cells)
    text = "".join(" " if height is None else bars[height] for height in heights)
    return Text(text, bar_style(shared_colour(course.rows)))


def _ends(cell: list[float], at: int) -> list[float]:
    """The first cell shows the first lr, and the last one the last."""
    return [cell[at]] if cell else []


def _scale(schedule: OptimizerSchedule, width: int) -> str:
    """The steps at which the schedule turns, each below its cell, as far as there is room."""
    end, line = schedule.curve_steps[-1], [" "] * width
    points = [point for point in schedule.turning_points if 0 < point < end]
    for point in dict.fromkeys([0, end, *points]):
        text = str(point)
        start = min(round(point / end * (width - 1)), width - len(text))
        around = line[max(start - 1, 0) : start + len(text) + 1]
        if start >= 0 and not "".join(around).strip():
            line[start : start + len(text)] = text
    return "".join(line)
