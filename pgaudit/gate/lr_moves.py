"""Report × Report → which lrs are others after some steps of their schedules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgaudit.core.assignment import ParamAssignment
from pgaudit.diff.over_time import LrChange, scale_of
from pgaudit.report import Report


def moved_over_time(
    a: Report, b: Report, steps: Iterable[int]
) -> Iterator[tuple[ParamAssignment, ParamAssignment, tuple[LrChange, ...]]]:
    """Yields each parameter whose lr is another after some of the steps, as it is on both sides, with its moves; in the
    model's order. What is in no optimizer on one side has no lr that could move.

    Args:
        a: the side before.
        b: the side after.
        steps: those that both sides know.

    Raises:
        KeyError: a side does not know one of the steps.
    """
    steps = sorted(set(steps))
    known: dict[tuple[object, ...], tuple[LrChange, ...]] = {}
    by_name = a.assignment.by_name
    for after in b.params:
        before = next((by_name[name] for name in after.names if name in by_name), None)
        if before is None or before.lr is None or after.lr is None:
            continue
        alike = _alike(before), _alike(after)
        if alike not in known:
            known[alike] = tuple(_moves(a, b, before, after, steps))
        if known[alike]:
            yield before, after, known[alike]


def _alike(param: ParamAssignment) -> tuple[int, int | None, int | None]:
    """What parameters have in common whose lrs are the same at every step."""
    return id(param.setting), param.optimizer, param.group


def _moves(
    a: Report, b: Report, before: ParamAssignment, after: ParamAssignment, steps: Iterable[int]
) -> Iterator[LrChange]:
    for step in steps:
        found = LrChange(step, a.lr_after(before, step), b.lr_after(after, step), scale_of(before, after))
        if found.differs:
            yield found
