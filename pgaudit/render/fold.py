"""Rows that repeat over blocks become one: ``layer1.{0..2}.bn1.weight``.

A folded name stands for exactly the names that its braces spell out, no more and no fewer: sets are joined along one
axis at a time, and only where all other axes are equal.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from pgaudit.report import Row

_DIGITS = re.compile(r"(\d+)")
_LEAVES = ("weight", "bias")


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows of equal settings under one name."""

    name: str
    rows: tuple[Row, ...]
    """In the order of the report; never empty."""


@dataclass(slots=True)
class _Item:
    first: int
    axes: tuple[tuple[str, ...], ...]
    rows: list[Row]


def unfolded(rows: Iterable[Row]) -> list[Fold]:
    """Returns every row by itself."""
    return [Fold(row.name, (row,)) for row in rows]


def fold(rows: Sequence[Row]) -> list[Fold]:
    """Joins rows of equal settings and equal rules that differ in block numbers or in weight/bias, in the order of
    their first.
    """
    alike: dict[Hashable, list[_Item]] = defaultdict(list)
    skeletons: dict[Hashable, tuple[str | None, ...]] = {}
    for position, row in enumerate(rows):
        skeleton, values = _dissected(row.name)
        key: Hashable = (id(row.setting), row.parameter.trainable, skeleton)
        skeletons[key] = skeleton
        alike[key].append(_Item(position, tuple((value,) for value in values), [row]))
    folded = []
    for key, items in alike.items():
        skeleton = skeletons[key]
        for axis in _axes_in_order(skeleton):
            items = _joined(items, axis, runs_only=_kind(skeleton, axis) == "suffix")
        folded += [(item.first, Fold(_spelled(skeleton, item.axes), tuple(item.rows))) for item in items]
    return [entry for _, entry in sorted(folded, key=lambda pair: pair[0])]


def _dissected(name: str) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
    """Splits a name into its fixed parts, with None for each axis, and the axes' values. Empty parts are kept as they
    are.
    """
    stem, dot, leaf = name.rpartition(".")
    parts = _DIGITS.split(f"{stem}{dot}" if leaf in _LEAVES else name)
    skeleton: list[str | None] = [None if index % 2 else part for index, part in enumerate(parts)]
    values = parts[1::2]
    if leaf in _LEAVES:
        skeleton += [None, "\0leaf"]  # tells the leaf's axis from a block number at the end
        values.append(leaf)
    return tuple(skeleton), tuple(values)


def _kind(skeleton: Sequence[str | None], axis: int) -> str:
    """``index`` for a segment that is a number, ``suffix`` for digits in a word, ``leaf`` for weight/bias."""
    at = [i for i, part in enumerate(skeleton) if part is None][axis]
    before, after = skeleton[at - 1] or "", skeleton[at + 1] or ""
    if after == "\0leaf":
        return "leaf"
    return "index" if before.endswith(".") and (after == "" or after.startswith(".")) else "suffix"


def _axes_in_order(skeleton: Sequence[str | None]) -> list[int]:
    """Block numbers from the innermost out, then weight/bias, then numbers in words from the innermost out."""
    order = {"index": 0, "leaf": 1, "suffix": 2}
    axes = range(sum(part is None for part in skeleton))
    return sorted(axes, key=lambda axis: (order[_kind(skeleton, axis)], -axis))


def _joined(items: list[_Item], axis: int, *, runs_only: bool) -> list[_Item]:
    buckets: dict[Hashable, list[_Item]] = defaultdict(list)
    for item in items:
        buckets[item.axes[:axis], item.axes[axis + 1 :]].append(item)
    joined = []
    for bucket in buckets.values():
        runs = _runs(bucket, axis) if runs_only else [bucket]
        for run in runs:
            values = tuple(value for item in run for value in item.axes[axis])
            first = run[0]
            rows = [row for item in run for row in item.rows]
            joined.append(
                _Item(min(item.first for item in run), (*first.axes[:axis], values, *first.axes[axis + 1 :]), rows)
            )
    return joined


def _runs(bucket: list[_Item], axis: int) -> list[list[_Item]]:
    """Splits items into runs of consecutive numbers: ``bn{1..3}``, but never ``layer{1,4}``."""
    runs: list[list[_Item]] = []
    last = None
    for item in sorted(bucket, key=lambda item: int(item.axes[axis][0])):
        value = int(item.axes[axis][0])
        if last is None or value != last + 1:
            runs.append([])
        runs[-1].append(item)
        last = value
    return runs


def _spelled(skeleton: Sequence[str | None], axes: Sequence[tuple[str, ...]]) -> str:
    values = iter(axes)
    return "".join(_set(next(values)) if part is None else part for part in skeleton if part != "\0leaf")


def _set(values: tuple[str, ...]) -> str:
    if len(values) == 1:
        return values[0]
    if not all(value.isdecimal() and value == str(int(value)) for value in values):
        return f"{{{','.join(values)}}}"
    spans: list[list[int]] = []
    for value in sorted(map(int, values)):
        if spans and value == spans[-1][-1] + 1:
            spans[-1].append(value)
        else:
            spans.append([value])
    return "{" + ",".join(_span(span) for span in spans) + "}"


def _span(span: list[int]) -> str:
    return f"{span[0]}..{span[-1]}" if len(span) > 2 else ",".join(map(str, span))
