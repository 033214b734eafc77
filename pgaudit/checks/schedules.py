"""What the findings about schedules look at: the lrs that trainable parameters start from, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, prod
from typing import Any

from pgaudit.checks import words
from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.core.findings import Finding
from pgaudit.core.schedule import SCALES, OptimizerSchedule
from pgaudit.core.setting import Setting
from pgaudit.text import counted, visible


@dataclass(frozen=True)
class Course:
    """Parameters that start from one lr, and get the same lrs over time."""

    base: float
    """The lr that they start from, before the schedule has its say."""
    lrs: Mapping[int, float | None]
    """By step; None past the schedule's end, and for what only the training knows."""
    scales: Mapping[str, float]
    """The keys that are meant for a schedule to multiply by, with their values other than 1."""
    inert: frozenset[str]
    """Those of them that are a note of the constructor's own; none for what was built."""
    members: tuple[int, ...]
    """The trainable parameters, by their place in the assignment."""

    def scale(self, *keys: str) -> float:
        """Returns the product of some keys; one that the group does not hold is 1."""
        return prod(self.scales.get(key, 1.0) for key in keys)


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
        return self.schedule.name

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


def members(courses: Iterable[Course]) -> tuple[int, ...]:
    """Returns the parameters of some courses, in the assignment's order."""
    return tuple(sorted(index for course in courses for index in course.members))


def _courses(
    schedule: OptimizerSchedule,
    rows: Iterable[tuple[int, Setting, int]],
    initial: Callable[[int, Setting], Any],
    *,
    built: bool = False,
) -> tuple[Course, ...]:
    """The courses of parameters, each given by its place, its setting and the index of its group."""
    alike: dict[Hashable, tuple[Setting, list[int]]] = {}
    for index, setting, group in rows:
        key = schedule.key(setting, group)
        if key in schedule.lrs:
            alike.setdefault(key, (setting, []))[1].append(index)
    found: dict[_Course, list[int]] = {}
    for key, (setting, indices) in alike.items():
        held = initial(indices[0], setting)
        base = setting.lr if held is None else held
        if isinstance(base, (int, float)):
            inert = frozenset() if built else setting.inert.intersection(SCALES)
            # What has overflown is told by its lr, and compares with nothing.
            lrs = tuple(None if lr is None or not isfinite(lr) else lr for lr in schedule.lrs[key])
            found.setdefault((float(base), lrs, _scales(setting), inert), []).extend(indices)
    return tuple(
        Course(base, dict(zip(schedule.steps, lrs, strict=True)), dict(scales), inert, tuple(sorted(indices)))
        for (base, lrs, scales, inert), indices in found.items()
    )


_Course = tuple[float, tuple[float | None, ...], tuple[tuple[str, float], ...], frozenset[str]]
"""A base, lrs, scales and inert keys."""


def _scales(setting: Setting) -> tuple[tuple[str, float], ...]:
    held = ((key, setting.extra.get(key, 1.0)) for key in SCALES)
    return tuple((key, float(value)) for key, value in held if isinstance(value, (int, float)) and value != 1)


def _amount_of_policy(audited: Audited) -> Callable[[Sequence[int]], str]:
    return lambda indices: words.amount(audited, indices)


def _amount_of_built(audit: BuiltAudit) -> Callable[[Sequence[int]], str]:
    params = audit.assignment.params
    return lambda indices: words.amount_of(audit, [params[index] for index in indices])
