"""Which columns a table can afford. The name has the right of way: it is never cut, and breaks at a dot only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_AFTER_DOT = re.compile(r"(?<=[^.]\.)(?=[^.])")  # not inside the dots of {0..11}
_AFTER_COMMA = re.compile(r"(?<=,)")
GAP = 2
INDENT = 2


@dataclass(frozen=True)
class Columns:
    """What a table shows beside names, lr and decay, and how wide a name may be."""

    shape: bool = True
    line: bool = True
    """Whether rules show the config's line."""
    rule_width: int | None = None
    """Cells for a rule beside the values; a longer one stands under its name. None for enough, 0 for none at all."""
    name_width: int | None = None
    """None where every name fits on one line."""


@dataclass(frozen=True)
class Widths:
    """The widest cell of each column; 0 for a column that is not shown: the count of unfolded rows, the shape of folded
    ones, the scheduled lr where that is the lr.
    """

    name: int
    count: int
    shape: int
    lr: int
    decay: int
    rule: int
    rule_without_line: int
    scheduled: int = 0
    """The lr at a schedule's full height, where schedules do not take the lr as it is."""

    @property
    def values(self) -> int:
        """The columns of lr and decay, and of the scheduled lr where it is shown."""
        return self.lr + GAP + self.decay + (GAP + self.scheduled if self.scheduled else 0)


ROOM_FOR_RULES = 18
"""Cells beside the values from which it pays to put rules there, and under the name only those that do not fit."""


def fit(widths: Widths, available: int | None) -> Columns:
    """Returns the richest columns that fit into ``available`` cells; None is unlimited.

    What gives way first: the shape, then the config's line; then a rule that is too long moves under its name, and at
    last every rule does.
    """
    if available is None:
        return Columns()
    fixed = widths.name + GAP + widths.values + (GAP + widths.count if widths.count else 0)
    room = available - fixed - GAP
    if room >= widths.rule:
        return Columns(shape=room >= widths.rule + widths.shape + GAP)
    if room >= widths.rule_without_line:
        return Columns(shape=False, line=False)
    if room >= ROOM_FOR_RULES:
        return Columns(shape=False, rule_width=room)
    fits = fixed <= available
    return Columns(shape=False, rule_width=0, name_width=None if fits else max(available - fixed + widths.name, 12))


def broken(name: str, width: int | None) -> Sequence[str]:
    """Returns a name in lines of at most ``width`` cells.

    It breaks after dots; only a folded set of numbers that is longer than a line breaks after commas. Any other segment
    stays whole, however long.
    """
    if width is None or len(name) <= width:
        return [name]
    lines = [""]
    for segment in _AFTER_DOT.split(name):
        too_long = segment.startswith("{") and len(segment) > width - INDENT
        for part in _AFTER_COMMA.split(segment) if too_long else [segment]:
            if lines[-1].strip() and len(lines[-1]) + len(part) > width:
                lines.append(" " * INDENT)
            lines[-1] += part
    return lines
