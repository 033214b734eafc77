"""An assignment → the few figures that tell it at a glance."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pgaudit.core.assignment import Assignment, ParamAssignment


@dataclass(frozen=True)
class Totals:
    """Counts of a model's tensors, and what those that train have."""

    frozen: int
    left_out: int
    """In no group of an optimizer, though not frozen."""
    lrs: tuple[float, float] | None
    """The lowest and the highest of what trains; None where there is none, or none is known."""
    decayed: str | None
    """How much of what trains has a weight decay, in percent of its elements, or, where these are not known, of its
    tensors; None where nothing trains.
    """
    decayed_tensors: int
    trained_tensors: int
    settings: int
    """Different ones in the optimizers' groups."""


def totals(assignment: Assignment, *, scheduled: bool) -> Totals:
    """Returns the figures.

    Args:
        assignment: what is told.
        scheduled: whether a schedule multiplies the lrs that it sets, so that what they come to counts.
    """
    tallies = list(_tallies(assignment))
    trained = [each for each in tallies if each.row.in_optimizer and each.row.param.trainable is not False]
    decayed = [each for each in trained if each.row.weight_decay]
    out = (each for each in tallies if not each.row.in_optimizer and each.row.param.trainable is not False)
    grouped = (each.row for each in tallies if each.row.in_optimizer)
    sizes = assignment.numel is not None
    part, whole = (sum(each.numel if sizes else each.tensors for each in some) for some in (decayed, trained))
    return Totals(
        frozen=sum(each.tensors for each in tallies if each.row.param.trainable is False),
        left_out=sum(each.tensors for each in out),
        lrs=_span(trained, scheduled=scheduled),
        decayed=percent(part, whole) if whole else None,
        decayed_tensors=sum(each.tensors for each in decayed),
        trained_tensors=sum(each.tensors for each in trained),
        settings=len({(row.optimizer, row.setting.effect) for row in grouped}),
    )


def percent(part: int, whole: int) -> str:
    """Returns a share in percent, which is 0 or 100 only for nothing or all."""
    if part in (0, whole):
        return "100" if part else "0"
    share = min(max(100 * part / whole, 0.01), 99.99)
    return f"{share:.4g}" if share >= 99.95 else f"{share:.3g}"


class _Tally(NamedTuple):
    """How many parameters share a setting, and how many elements."""

    row: ParamAssignment
    """The first of them."""
    tensors: int
    numel: int


def _tallies(assignment: Assignment) -> Iterator[_Tally]:
    rows: dict[tuple[object, ...], ParamAssignment] = {}
    tensors: Counter[tuple[object, ...]] = Counter()
    numel: Counter[tuple[object, ...]] = Counter()
    for row in assignment.params:
        alike: tuple[object, ...] = id(row.setting), row.optimizer, row.in_optimizer, row.param.trainable
        rows.setdefault(alike, row)
        tensors[alike] += 1
        numel[alike] += row.param.numel or 0
    for alike, row in rows.items():
        yield _Tally(row, tensors[alike], numel[alike])


def _span(trained: Sequence[_Tally], *, scheduled: bool) -> tuple[float, float] | None:
    found = (each.row.setting.peak_lr if scheduled else each.row.lr for each in trained)
    lrs = [lr for lr in found if lr is not None and math.isfinite(lr)]
    return (min(lrs), max(lrs)) if lrs else None
