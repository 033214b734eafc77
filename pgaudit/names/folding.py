"""Names that repeat over blocks become one: ``layer1.{0..2}.bn1.weight``.

A folded name is a glob for exactly the names that its braces spell out, no more and no fewer: sets are joined along one
axis at a time, and only where all other axes are equal. What in a name has a meaning in globs is escaped. Names with
characters that cannot be printed stay by themselves.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pgaudit.names.globs import escaped

T = TypeVar("T")

_DIGITS = re.compile(r"(\d+)")
_LONGEST = 4000
"""Letters of a name that is folded; Python reads no number of more digits."""
_LEAVES = ("weight", "bias")
_INDEX = re.compile(r"\[\[\](?:\{([0-9.,]+)\}|([0-9]+))\]")
"""Numbers in brackets, which need no escape: ``group 0 [{0..11}]``."""


@dataclass(frozen=True)
class Folded(Generic[T]):
    """What is alike, under one name."""

    name: str
    rows: tuple[T, ...]
    """In the order in which they were given; never empty."""


Named = tuple[str, Hashable, Hashable, T]
"""A name; what may join only with its equals; what else tells blocks apart, such as the module's class; and the thing
itself.
"""


@dataclass(slots=True)
class _Item:
    axes: tuple[tuple[str, ...], ...]
    places: list[int]
    """Of its entries, in the order of their names."""


def fold_named(entries: Iterable[Named[T]], taken: Container[str] = ()) -> list[Folded[T]]:
    """Joins entries that are alike and differ in block numbers or in weight/bias, in the order of their first.

    Numbers join only where no number between them stands for an entry that is not alike: the model's order stays.

    Args:
        entries: what to join.
        taken: names beside those of the entries that no folded name may look like.
    """
    alike: dict[tuple[Hashable, _Kin], list[_Item]] = defaultdict(list)
    numbers = _Numbers()
    given = list(entries)
    with_braces = {name for name, *_ in given if "{" in name}
    for place, (name, likeness, family, _) in enumerate(given):
        skeleton, values = _dissected(name)
        kin = (skeleton, family)
        alike[likeness, kin].append(_Item(tuple([(value,) for value in values]), [place]))
        numbers.add(kin, values)
    folded: list[tuple[int, Folded[T]]] = []
    for (_, kin), items in alike.items():
        for axis in _axes_in_order(kin[0]):
            items = _joined(items, kin, axis, numbers)
        for item in items:
            name = "" if len(item.places) == 1 else _spelled(kin[0], item.axes)
            if not name or name in with_braces or name in taken:
                folded += [(place, Folded(given[place][0], (given[place][3],))) for place in item.places]
            else:
                places = sorted(item.places)
                folded.append((places[0], Folded(name, tuple([given[place][3] for place in places]))))
    return [entry for _, entry in sorted(folded, key=lambda pair: pair[0])]


def fold_along(
    entries: Iterable[Named[T]],
    is_one: Callable[[Sequence[T]], bool],
    apart: Callable[[Sequence[T]], list[Folded[T]]],
    taken: Container[str] = (),
) -> list[Folded[T]]:
    """Joins entries as :func:`fold_named` does, where something may go from one to the next; in each line they stand as
    its name counts them, though a model may have its last block first.

    Args:
        entries: what to join.
        is_one: whether those of a line can be told as one.
        apart: joins those that cannot, from their own order.
        taken: as there.
    """
    given = list(entries)
    places = {id(row): place for place, (*_, row) in enumerate(given)}
    found: list[tuple[int, Folded[T]]] = []
    for each in fold_named(given, taken):
        order = (
            sorted(each.rows, key=lambda row: _numbers_in(given[places[id(row)]][0])) if each.rows[1:] else each.rows
        )
        if is_one(order):
            found.append((places[id(each.rows[0])], Folded(each.name, tuple(order))))
        else:
            found += [(places[id(line.rows[0])], line) for line in apart(each.rows)]
    return [line for _, line in sorted(found, key=lambda item: item[0])]


def _numbers_in(name: str) -> list[int]:
    return [int(number) for number in _DIGITS.findall(name)]


_Kin = tuple[tuple["str | None", ...], Hashable]
"""The fixed parts of a name, with None for each axis, and what else tells blocks apart."""


class _Numbers:
    """Which block numbers there are, under each prefix, among rows whose names differ in nothing else."""

    def __init__(self) -> None:
        self._present: dict[Hashable, set[int]] = defaultdict(set)
        self._ranks: dict[Hashable, dict[int, int]] = {}

    def add(self, kin: _Kin, values: Sequence[str]) -> None:
        for axis, value in enumerate(values):
            if value.isdecimal():
                self._present[kin, axis, tuple(values[:axis])].add(int(value))

    def rank(self, kin: _Kin, axis: int, item: _Item) -> int:
        """The place of an item's number among those that there are; digits within a word count as they are."""
        value = int(item.axes[axis][0])
        if _kind(kin[0], axis) == "suffix":
            return value
        # Axes to the left are joined after this one, so each still has its one value.
        key = (kin, axis, tuple(values[0] for values in item.axes[:axis]))
        if key not in self._ranks:
            self._ranks[key] = {number: place for place, number in enumerate(sorted(self._present[key]))}
        return self._ranks[key][value]


def _dissected(name: str) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
    """Splits a name into its fixed parts, with None for each axis, and the axes' values. Empty parts are kept as they
    are.
    """
    if not name.isprintable() or len(name) > _LONGEST:
        return (name,), ()
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


def _joined(items: list[_Item], kin: _Kin, axis: int, numbers: _Numbers) -> list[_Item]:
    buckets: dict[Hashable, list[_Item]] = defaultdict(list)
    for item in items:
        buckets[item.axes[:axis], item.axes[axis + 1 :]].append(item)
    joined = []
    for bucket in buckets.values():
        if _kind(kin[0], axis) == "leaf":
            runs = [sorted(bucket, key=lambda item: item.places[0])]
        else:
            runs = _runs(bucket, [numbers.rank(kin, axis, item) for item in bucket])
        for run in runs:
            values = tuple(value for item in run for value in item.axes[axis])
            axes = (*run[0].axes[:axis], values, *run[0].axes[axis + 1 :])
            joined.append(_Item(axes, [place for item in run for place in item.places]))
    return joined


def _runs(bucket: list[_Item], ranks: list[int]) -> list[list[_Item]]:
    """Splits items into runs of consecutive ranks: ``bn{1..3}``, but never ``layer{1,4}``."""
    runs: list[list[_Item]] = []
    last = None
    for rank, item in sorted(zip(ranks, bucket, strict=True), key=lambda pair: pair[0]):
        if last is None or rank != last + 1:
            runs.append([])
        runs[-1].append(item)
        last = rank
    return runs


def _spelled(skeleton: Sequence[str | None], axes: Sequence[tuple[str, ...]]) -> str:
    values = iter(axes)
    parts = (_set(next(values)) if part is None else escaped(part) for part in skeleton if part != "\0leaf")
    return _INDEX.sub(r"[{\1\2}]", "".join(parts))


def _set(values: tuple[str, ...]) -> str:
    if len(values) == 1:
        return values[0]
    if not all(len(value) < 16 and value.isdecimal() and value == str(int(value)) for value in values):
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
