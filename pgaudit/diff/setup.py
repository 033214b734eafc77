"""What a report says of all parameters at once: the constructor, the optimizers and their arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgaudit.core.assignment import OptimizerInfo
from pgaudit.report import Report
from pgaudit.serialize import plain
from pgaudit.text import counted

SCHEDULE = "schedule"
_OWN = ("constructor", "optimizer", "lr", "weight_decay")
HEAD = (*_OWN, SCHEDULE)


def setup(report: Report) -> dict[str, Any]:
    """Returns constructor, optimizer and base values, then the optimizer's other arguments by name; only what is set,
    as JSON can hold it. Of a second optimizer, each name begins with ``optimizer 1``.
    """
    found = {"constructor": report.constructor}
    for index in range(len(report.assignment.optimizers)):
        begin = f"optimizer {index} " if index else ""
        found |= {f"{begin}{name}".rstrip(): value for name, value in _of_optimizer(report, index)}
    return {key: value for key, value in found.items() if value is not None}


def without_schedules(found: dict[str, Any]) -> dict[str, Any]:
    """Returns what is to be compared where a side does not say its schedule."""
    return {key: value for key, value in found.items() if key.rpartition(" ")[2] != SCHEDULE}


def without_policy(report: Report, other: Report, found: dict[str, Any]) -> dict[str, Any]:
    """Returns what is to be compared of a report where one of both is of something that was built: what shows in the
    parameters does not count, and an argument that is the class's own default is as good as none.
    """
    optimizers = report.assignment.optimizers, other.assignment.optimizers
    kept = {key: value for key, value in found.items() if key != "constructor"}
    for index, (own, others) in enumerate(zip(*optimizers, strict=False)):
        begin = f"optimizer {index} " if index else ""
        stored = {begin + key for key in _varying(report, own) | _varying(other, others)}
        ours, theirs = (each.class_name or each.type for each in (own, others))
        if theirs is None or ours is None:  # a checkpoint does not say it
            stored.add(begin.rstrip() or "optimizer")
        elif ours == theirs:
            kept[begin.rstrip() or "optimizer"] = ours
        if ours is None and others.defaults:  # what the class of the other one has no argument for
            stored |= {begin + key for key in own.arguments.keys() - {**others.defaults, **others.arguments}.keys()}
        if ours is not None and theirs in (ours, None):
            defaults = own.defaults or (others.defaults if ours == theirs else {})
            kept = {**{f"{begin}{key}": plain(default) for key, default in defaults.items()}, **kept}
        for name in (begin + "lr", begin + "weight_decay", *stored):
            kept.pop(name, None)
    return {key: value for key, value in kept.items() if value is not None}


def _varying(report: Report, optimizer: OptimizerInfo) -> set[str]:
    """What the groups of a checkpoint do not hold alike: what its optimizer was called with, nothing says."""
    if optimizer.type is not None:
        return set()
    settings = {id(each.setting): each.setting for each in report.params}
    return {key for setting in settings.values() for key in setting.extra}


def _of_optimizer(report: Report, index: int) -> Iterator[tuple[str, Any]]:
    optimizer, base = report.assignment.optimizers[index], report.shown_base(index)
    yield ("" if index else "optimizer"), optimizer.type
    yield from zip(("lr", "weight_decay"), base, strict=True)
    schedule = report.schedule_of(index)
    if schedule is not None and schedule.title:
        run = "" if schedule.run is None else f" over {counted(schedule.run, schedule.unit)}"
        yield SCHEDULE, f"{schedule.title}{run}"
    for key in sorted(optimizer.arguments):
        if key not in (*_OWN, "type"):
            yield key, plain(optimizer.arguments[key])


def in_order(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Returns the names of both: the head's as they stand, then all others by name."""
    names = before.keys() | after.keys()
    return [name for name in HEAD if name in names] + sorted(names.difference(HEAD))
