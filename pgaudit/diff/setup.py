"""What a report says of all parameters at once: the constructor, the optimizers and their arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgaudit.report import Report
from pgaudit.serialize import plain

HEAD = ("constructor", "optimizer", "lr", "weight_decay")


def setup(report: Report) -> dict[str, Any]:
    """Returns constructor, optimizer and base values, then the optimizer's other arguments by name; only what is set,
    as JSON can hold it. Of a second optimizer, each name begins with ``optimizer 1``.
    """
    found = {"constructor": report.constructor}
    for index in range(len(report.assignment.optimizers)):
        begin = f"optimizer {index} " if index else ""
        found |= {f"{begin}{name}".rstrip(): value for name, value in _of_optimizer(report, index)}
    return {key: value for key, value in found.items() if value is not None}


def without_policy(report: Report, other: Report, found: dict[str, Any]) -> dict[str, Any]:
    """Returns what is to be compared of a report where one of both is of something that was built: what shows in the
    parameters does not count, and an argument that is the class's own default is as good as none.
    """
    optimizers = report.assignment.optimizers, other.assignment.optimizers
    kept = dict(found)
    for index, (own, others) in enumerate(zip(*optimizers, strict=False)):
        begin = f"optimizer {index} " if index else ""
        for name in ("lr", "weight_decay", *(["constructor"] if not index else [])):
            kept.pop(f"{begin}{name}", None)
        if others.type is None or own.type is None:  # a checkpoint does not say it
            kept.pop(f"{begin}".rstrip() or "optimizer", None)
        unlike = None not in (own.type, others.type) and own.type != others.type
        if own.type is None and others.defaults:  # what the class of the other one has no argument for
            for key in own.arguments.keys() - {**others.defaults, **others.arguments}.keys():
                kept.pop(f"{begin}{key}", None)
        for key, default in {**others.defaults, **own.defaults}.items():
            if key not in HEAD and not unlike:
                kept.setdefault(f"{begin}{key}", plain(default))
    return {key: value for key, value in kept.items() if value is not None}


def _of_optimizer(report: Report, index: int) -> Iterator[tuple[str, Any]]:
    optimizer, base = report.assignment.optimizers[index], report.shown_base(index)
    yield ("" if index else "optimizer"), optimizer.type
    yield from zip(("lr", "weight_decay"), base, strict=True)
    for key in sorted(optimizer.arguments):
        if key not in (*HEAD, "type"):
            yield key, plain(optimizer.arguments[key])


def in_order(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Returns the names of both: the head's as they stand, then all others by name."""
    names = before.keys() | after.keys()
    return [name for name in HEAD if name in names] + sorted(names.difference(HEAD))
