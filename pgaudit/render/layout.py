"""Which columns a table can afford. The name has the right of way: it is never cut, and breaks at a dot only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_AFTER_DOT = re.compile(r"(?<=[^.]\.)(?=[^.])")  # not inside the dots of {0..11}
GAP = 2
INDENT = 2


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table shows beside names, lr and decay, and how wide a name may be."""

    shape: bool
    line: bool
    bars: bool
    rule_below: bool
    name_width: int | None = None
    """None where every name fits on one line."""


@dataclass(frozen=True, slots=True)
class Widths:
    """The widest cell of each column; 0 for a column that is not shown: the count of unfolded rows, the shape of folded
    ones.
    """

    name: int
    count: int
    shape: int
    lr: int
    decay: int
    rule: int
    rule_without_line: int


def fit(widths: Widths, available: int | None) -> Columns:
    """Returns the richest columns that fit into ``available`` cells; None is unlimited.

    What gives way first: the shape, the config's line, the bars, then the rule, which moves under the name.
    """
    for columns in _by_richness():
        if available is None or needed(widths, columns) <= available:
            return columns
    fixed = needed(widths, columns) - widths.name
    return Columns(
        shape=False, line=False, bars=False, rule_below=True, name_width=max(available - fixed if available else 0, 12)
    )


def _by_richness() -> Iterator[Columns]:
    yield Columns(shape=True, line=True, bars=True, rule_below=False)
    yield Columns(shape=False, line=True, bars=True, rule_below=False)
    yield Columns(shape=False, line=False, bars=True, rule_below=False)
    yield Columns(shape=False, line=True, bars=False, rule_below=True)


def needed(widths: Widths, columns: Columns) -> int:
    """Returns the cells that a table of these columns takes."""
    total = widths.name + GAP + widths.lr + GAP + widths.decay
    total += GAP + widths.count if widths.count else 0
    total += GAP + widths.shape if columns.shape and widths.shape else 0
    if not columns.rule_below:
        total += GAP + (widths.rule if columns.line else widths.rule_without_line)
    return total


def broken(name: str, width: int | None) -> Sequence[str]:
    """Returns a name in lines of at most ``width`` cells, broken after dots; a segment that is longer stays whole."""
    if width is None or len(name) <= width:
        return [name]
    lines = [""]
    for segment in _AFTER_DOT.split(name):
        if lines[-1] and len(lines[-1]) + len(segment) > width:
            lines.append(" " * INDENT)
        lines[-1] += segment
    return lines
