"""The lrs along the model as a picture: beside each block its lrs, and bars as long as they are high."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgaudit.core.assignment import ParamAssignment
from pgaudit.render.columns import GAP, Column, Row, Table
from pgaudit.render.numbers import bar, computed, needs_log, number
from pgaudit.render.report.blocks import Level, blocks, by_level
from pgaudit.render.report.grading import usual_rule
from pgaudit.render.report.values import cell, lr_that_counts
from pgaudit.render.style import ASCII, BASE, LEFT_OUT, Marks, bar_style, shared_colour
from pgaudit.render.styled import Text
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import visible

_WIDEST, _NARROWEST = 40, 8
"""Cells of the longest bar."""


def along_lines(report: Report, options: TableOptions) -> Iterator[Text]:
    """Yields a line for each lr of each block, in the model's order, an optimizer after another."""
    what = "scheduled lr along the model" if report.scheduled else "lr along the model"
    several = len(report.assignment.optimizers) > 1
    for index in range(len(report.assignment.optimizers)):
        rows = [row for row in report.params if (row.optimizer or 0) == index]
        if index:
            yield Text()
        title = f"{visible(report.optimizer_title(index))}: {what}" if several else what
        levels = by_level(report, rows)
        if len(levels) > 1:
            scale = _Scale.of([level.lr for level in levels if level.lr])
            yield from _picture(report, rows, title, scale, options)
        for level in levels if len(levels) == 1 else ():
            yield Text(f"{title}: {_untrained(level, options.marks) or number(level.lr)} everywhere", BASE)


@dataclass(frozen=True)
class _Scale:
    """How long a bar is."""

    lowest: float
    highest: float
    """Of the lrs above 0."""

    @classmethod
    def of(cls, lrs: Sequence[float]) -> _Scale:
        finite = [lr for lr in lrs if lr > 0 and math.isfinite(lr)]
        return cls(min(finite, default=1.0), max(finite, default=1.0))

    @property
    def is_log(self) -> bool:
        return needs_log((self.lowest, self.highest))

    @property
    def title(self) -> str:
        """Says what the bars are of, where their lengths are no multiples of each other."""
        return f"log scale, {computed(self.lowest)} to {computed(self.highest)}" if self.is_log else ""

    def bar(self, lr: float | None, width: int, marks: Marks) -> str:
        """Returns the bar of a lr: full for the highest one; on a log scale, a cell for the lowest one."""
        if lr is None or not 0 < lr < math.inf:
            return ""
        share = lr / self.highest
        if self.is_log:
            lowest, here, highest = map(math.log, (self.lowest, lr, self.highest))
            share = 1 - (1 - 1 / width) * (highest - here) / (highest - lowest)
        return bar(share, width, ascii_only=marks is ASCII)


def _picture(
    report: Report, rows: Sequence[ParamAssignment], title: str, scale: _Scale, options: TableOptions
) -> Iterator[Text]:
    usual = usual_rule(rows)
    lines: list[tuple[str, list[Text], Level, str]] = []
    for fold in blocks(report, rows):
        name = visible(fold.name)
        for level, those in by_level(report, fold.rows).items():
            word = _untrained(level, options.marks)
            shown = lr_that_counts(report, those[0], usual)
            value = Text(word, BASE if level.frozen else LEFT_OUT)
            value = value or cell(shown, options, left_out=False, built=shown.rule is None, quiet=False)
            lines.append((name, [Text(f"{len(those):,}"), value], level, shared_colour(those)))
            name = ""
    columns = [Column(title), Column(options.marks.times, right=True, late=1), Column("  lr"), Column(scale.title)]
    widths = [max(map(len, (title, *(name for name, *_ in lines))))]
    widths += [max(cells[at].cells for _, cells, *_ in lines) for at in (0, 1)]
    room = _WIDEST if options.width is None else options.width - sum(widths) - GAP * len(widths)
    if room < _NARROWEST:
        room += widths[1] + GAP  # without the count
    width = min(max(room, _NARROWEST), _WIDEST)
    drawn = [
        Row(name, [*cells, Text(scale.bar(level.lr, width, options.marks), bar_style(style))], style=style)
        for name, cells, level, style in lines
    ]
    yield from Table(columns, drawn).lines(options.width)


def _untrained(level: Level, marks: Marks) -> str:
    """Why there is no lr; empty where there is one."""
    if level.frozen:
        return f"{marks.frozen} frozen"
    return f"{marks.left_out} {marks.none}" if level.lr is None else ""
