"""A schedule that is longer or shorter than the run.

What: the run ends while the lr is still well above what the schedule would end at; or the schedule ends before the run
does, and the lr climbs again from there, or the schedule refuses to go on. Well above is a twentieth of the highest lr.
It is only found where something says how long the run is: the library's own config, or `--steps`.

Why it hurts: the end of the schedule, at low lrs, is where most of the accuracy comes from. A cosine does not stop at
its lowest point: past `T_max` it rises as it fell, up to the full lr.

Example: ``T_max: 300``, copied from a long run, for one of 100 epochs; ``T_max: 50`` for one of 100 epochs, which ends
at the lr that it began with; `T_max` in epochs, and a scheduler that is stepped with each batch.

How to fix it: give the schedule the length of the run, without its warm-up where that comes before; in the unit in
which the scheduler is stepped.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.pg044 import endless
from pgaudit.checks.schedules import Course, Followed, Verdict, of_built, of_policy
from pgaudit.core.findings import Finding
from pgaudit.numbers import number
from pgaudit.text import counted

KIND = Kind("PG045", "schedule-length", "warning")
PART = 0.05
"""The part of the highest lr by which two lrs have to differ."""


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding where the config's schedule does not fit the run."""
    yield from of_policy(audited, KIND, _judged)


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding where live schedulers do not fit the run."""
    yield from of_built(audit, KIND, _judged)


def _judged(followed: Followed) -> Iterator[Verdict]:
    """Yields at most one finding: of a warm-up without end, PG044 says enough."""
    schedule = followed.schedule
    run, ends, unit = schedule.run, schedule.ends, schedule.unit
    if run is None or ends is None or run == ends or endless(followed):
        return
    if not {run, ends} <= set(schedule.steps) or not followed.courses:
        return  # it is not known, for its steps are too many
    course = max(followed.courses, key=lambda each: max(lr or 0.0 for lr in each.lrs.values()))
    lengths = f"{followed.title} ends after {counted(ends, unit)}, and the run after {counted(run, unit)}"
    hint = f"let it take {counted(run, unit)} in all"
    if run < ends:
        if (left := _above(course, run, ends)) is not None:
            yield Verdict(f"{lengths}, at lr {left}", hint, followed.key)
    elif course.lrs[run] is None:
        yield Verdict(f"{lengths}: it refuses to go on", hint, followed.key)
    else:
        later = [step for step in schedule.steps if ends <= step < run]  # nothing trains at what the last step sets
        highest = max(later, key=lambda step: course.lrs[step] or 0.0)
        if (risen := _above(course, highest, ends)) is not None:
            yield Verdict(f"{lengths}: the lr climbs again, to {risen} {followed.after(highest)}", hint, followed.key)


def _above(course: Course, step: int, ends: int) -> str | None:
    """``0.05, not 0``: the lr at a step and that at the schedule's end, where the first is well above the second."""
    lr, last = course.lrs[step], course.lrs[ends]
    if lr is None or last is None or lr - last <= PART * max(each or 0.0 for each in course.lrs.values()):
        return None
    return f"{number(lr)}, not {number(last)}"
