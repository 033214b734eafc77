"""Report × Report → which lrs are others after some steps of their schedules."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pgaudit.core.assignment import ParamAssignment
from pgaudit.report import Report

_RELATIVE, _OF_LR = 1e-9, 1e-12
"""What counts as equal. A schedule computes with cosines and powers, whose last bits differ from one machine to the
next, and computes each lr from the last one; near a floor of 0 that shows in more than the last bits.
"""


@dataclass(frozen=True, slots=True)
class LrMove:
    """The lr of a parameter after so many steps, or epochs, on both sides."""

    step: int
    before: float | None
    """None where it is not known."""
    after: float | None


def moved_over_time(
    a: Report, b: Report, steps: Iterable[int]
) -> Iterator[tuple[ParamAssignment, ParamAssignment, tuple[LrMove, ...]]]:
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
    known: dict[tuple[object, ...], tuple[LrMove, ...]] = {}
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
) -> Iterator[LrMove]:
    scale = max(abs(before.lr or 0.0), abs(after.lr or 0.0))
    for step in steps:
        old, new = a.lr_after(before, step), b.lr_after(after, step)
        if not _same(old, new, scale):
            yield LrMove(step, old, new)


def _same(old: float | None, new: float | None, scale: float) -> bool:
    if old is None or new is None:
        return old is new
    both_nan = math.isnan(old) and math.isnan(new)
    return both_nan or math.isclose(old, new, rel_tol=_RELATIVE, abs_tol=_OF_LR * scale)
