"""What the findings about schedules look at: the lrs that trainable parameters start from, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

from pgaudit.checks import words
from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.core.findings import Finding
from pgaudit.core.schedule import OptimizerSchedule, scheduled_as
from pgaudit.core.setting import Setting
from pgaudit.numbers import apart, number
from pgaudit.text import counted, visible

TOLERANCE = 1e-9
"""Lrs whose relative difference is smaller are the same: libraries compute them in floats, step by step."""


@dataclass(frozen=True)
class Course:
    """Parameters that start from one lr, and get the same lrs over time."""

    base: float
    """The lr that they start from, before the schedule has its say."""
    lrs: Mapping[int, float | None]
    """By step; None past the schedule's end, and for what only the training knows."""
    held: Mapping[str, Any]
    """What else their group holds."""
    inert: frozenset[str]
    """The keys of it that are a note of the constructor's own; none for what was built."""
    members: tuple[int, ...]
    """The trainable parameters, by their place in the assignment."""

    def scale(self, *keys: str) -> float:
        """Returns the product of some keys; one that the group does not hold is 1."""
        found = 1.0
        for key in keys:
            value = self.held.get(key, 1.0)
            found *= value if isinstance(value, (int, float)) else 1.0
        return found


@dataclass(frozen=True)
class Followed:
    """The schedule of an optimizer, and the courses of its parameters' lrs."""

    schedule: OptimizerSchedule
    courses: tuple[Course, ...]
    base: float | None
    """The optimizer's own lr."""
    amount: Callable[[Sequence[int]], str]
    """Says how many some parameters are."""

    @property
    def title(self) -> str:
        """The schedule, as a message names it."""
        return visible(self.schedule.title)

    @property
    def key(self) -> str:
        """By what a request to ignore names the schedule: its class alone."""
        return self.schedule.title.partition(" ")[0]

    def after(self, step: int) -> str:
        """Returns ``after 1,000 steps``."""
        return "at the begin" if step == 0 else f"after {counted(step, self.schedule.unit)}"


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a schedule."""

    message: str
    """Without the parameters, which are told after it."""
    hint: str
    key: str
    members: tuple[int, ...] = ()


Judge = Callable[[Followed], Iterator[Verdict]]


def of_policy(audited: Audited, kind: Kind, judge: Judge) -> Iterator[Finding]:
    """Yields what is wrong with a config's schedule, at its place in the config."""
    over_time, parameters = audited.over_time, audited.inventory.parameters
    for schedule in () if over_time is None else over_time.optimizers:
        if schedule is None:
            continue
        rows = (
            (index, each.setting, each.group)
            for index, each in enumerate(audited.assignment.params)
            if each.group is not None and parameters[index].trainable
        )
        courses = _courses(schedule, rows, lambda _, setting: setting.get("initial_lr"))
        amount = _amount_of_policy(audited)
        for verdict in judge(Followed(schedule, courses, audited.assignment.base.lr, amount)):
            message = verdict.message + (words.which(audited, verdict.members) if verdict.members else "")
            key, at = verdict.key, schedule.at
            yield audited.finding(kind, message, verdict.hint, at=at, key=key, indices=verdict.members)


def of_built(audit: BuiltAudit, kind: Kind, judge: Judge) -> Iterator[Finding]:
    """Yields what is wrong with the schedulers of built optimizers."""
    over_time, params = audit.over_time, audit.assignment.params
    for at, schedule in enumerate(() if over_time is None else over_time.optimizers):
        if schedule is None:
            continue
        rows = (
            (index, row.setting, row.group)
            for index, row in enumerate(params)
            if row.optimizer == at and row.group is not None and row.name not in audit.frozen
        )
        courses = _courses(schedule, rows, lambda index, _: audit.values(params[index]).get("initial_lr"), built=True)
        base = audit.assignment.optimizers[at].base.lr
        for verdict in judge(Followed(schedule, courses, base, _amount_of_built(audit))):
            found = [params[index] for index in verdict.members]
            message = verdict.message + (words.which_rows(found) if found else "")
            yield audit.finding(kind, message, verdict.hint, key=verdict.key, rows=found)


def same(one: float | None, other: float | None) -> bool:
    """Whether two lrs are the same."""
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=TOLERANCE)


def distinct(values: Iterable[float]) -> list[float]:
    """Returns the different ones of some lrs, ascending."""
    found: list[float] = []
    for value in sorted(values):
        if not found or not same(found[-1], value):
            found.append(value)
    return found


def numbers(values: Iterable[float]) -> str:
    """Returns different lrs in words: ``0.01 and 0.1``, ``1e-5 to 1e-3`` for more than three."""
    found = distinct(values)
    if len(found) > 3:
        return f"{number(found[0])} to {number(found[-1])}"
    texts = list(dict.fromkeys(map(number, found)))
    if len(texts) == 1 < len(found):
        texts = list(apart(found[0], found[-1]))
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last


def members(courses: Iterable[Course]) -> tuple[int, ...]:
    """Returns the parameters of some courses, in the assignment's order."""
    return tuple(sorted(index for course in courses for index in course.members))


def holds_scale(followed: Followed, key: str) -> bool:
    """Whether the lrs that the groups start from are already multiplied by a key of theirs.

    They are where there are fewer different lrs without that factor than with it. Where all groups have one scale,
    the optimizer's own lr tells.
    """
    courses = [course for course in followed.courses if course.scale(key)]
    lrs = distinct(course.base for course in courses)
    plain = distinct(course.base / course.scale(key) for course in courses)
    if len(distinct(course.scale(key) for course in courses)) == 1 == len(plain):
        return same(plain[0], followed.base)
    return len(plain) < len(lrs)


def flattens(followed: Followed) -> bool:
    """Whether groups that start from different lrs get one and the same at every step that is known. Steps at which
    all are 0 say nothing, nor does the begin alone.
    """
    if len(distinct(course.base for course in followed.courses)) < 2:
        return False
    known = {step: [course.lrs[step] for course in followed.courses] for step in followed.schedule.steps}
    telling = {step: lrs for step, lrs in known.items() if any(lrs)}
    return any(telling) and all(same(lrs[0], lr) for lrs in telling.values() for lr in lrs)


def _courses(
    schedule: OptimizerSchedule,
    rows: Iterable[tuple[int, Setting, int]],
    initial: Callable[[int, Setting], Any],
    *,
    built: bool = False,
) -> tuple[Course, ...]:
    """The courses of parameters, each given by its place, its setting and the index of its group."""
    settings: dict[Hashable, Setting] = {}
    found: dict[Hashable, list[int]] = {}
    for index, setting, group in rows:
        key = scheduled_as(setting, group if schedule.by_group else None)
        if key in schedule.lrs:
            settings.setdefault(key, setting)
            found.setdefault(key, []).append(index)
    made = []
    for key, indices in found.items():
        setting, held = settings[key], initial(indices[0], settings[key])
        base = setting.lr if held is None else held
        if isinstance(base, (int, float)):
            lrs = dict(zip(schedule.steps, schedule.lrs[key], strict=True))
            inert = frozenset() if built else setting.inert
            made.append(Course(float(base), lrs, setting.extra, inert, tuple(indices)))
    return tuple(made)


def _amount_of_policy(audited: Audited) -> Callable[[Sequence[int]], str]:
    return lambda indices: words.amount(audited, indices)


def _amount_of_built(audit: BuiltAudit) -> Callable[[Sequence[int]], str]:
    params = audit.assignment.params
    return lambda indices: words.amount_of(audit, [params[index] for index in indices])
