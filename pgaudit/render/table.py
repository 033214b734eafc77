"""Report → the colour table for a terminal, or its plain text."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from pgaudit.render import layout
from pgaudit.render.findings import findings_text
from pgaudit.render.fold import Fold, fold, unfolded
from pgaudit.render.layout import GAP, Columns, Widths
from pgaudit.render.numbers import number, shape
from pgaudit.render.select import Section, Selection, select
from pgaudit.render.style import BASE, UNICODE, Marks, colour, labels
from pgaudit.render.summary import groups_table, header, summary_table
from pgaudit.report import Report, Row
from pgaudit.text import counted, visible


@dataclass(frozen=True)
class TableOptions:
    """How a table is drawn."""

    width: int | None = None
    """Cells of the terminal; None, as for a pipe or a file, for as many as the widest row needs."""
    colour: bool = False
    marks: Marks = UNICODE
    fold: bool = False
    groups: bool = False
    """Whether the optimizer's groups are listed below."""
    mult: bool = False
    """Whether a value that differs shows by which factor."""


def render_table(report: Report, selection: Selection, options: TableOptions) -> str:
    """Returns the whole report as text; ANSI colours only where asked for."""
    return text_of(report_view(report, selection, options), options)


def text_of(view: RenderableType, options: TableOptions) -> str:
    """Returns what a console would show."""
    console = console_for(options)
    console.print(view)
    written = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
    lines = written.split("\n")
    return "\n".join(lines) if options.colour else "\n".join(line.rstrip() for line in lines)


_ENDLESS = 10_000


def console_for(options: TableOptions, *, width: int | None = None, record: bool = False) -> Console:
    """Returns a console that draws exactly what it is given: no markup, no highlighting, no emoji, and no cutting."""
    return Console(
        file=io.StringIO(),
        width=_ENDLESS if width is None else width,  # columns are fitted beforehand; rich would cut names
        force_terminal=options.colour,
        color_system="standard" if options.colour else None,
        no_color=not options.colour,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        soft_wrap=True,
        record=record,
        _environ={},
    )


def report_view(report: Report, selection: Selection, options: TableOptions) -> RenderableType:
    """Returns everything that ``show`` prints, as one thing to print."""
    sections = select(report, selection)
    folds = [(section, fold(section.rows) if options.fold else unfolded(section.rows)) for section in sections]
    lines = [entry for _, entries in folds for entry in entries]
    widths = _widths(report, lines, options)
    columns = layout.fit(widths, options.width)
    parts: list[RenderableType] = [header(report, options.marks, options.width), ""]
    if lines:
        parts.append(_rows_table(report, folds, columns, widths, options))
    else:
        parts.append(
            Text("every parameter has the base values" if selection.changed else "no parameter to show", style=BASE)
        )
    hidden = len(report.rows) - sum(len(section.rows) for section in sections)
    if hidden and lines:
        parts.append(Text(f"{counted(hidden, 'parameter')} not shown", style=BASE))
    parts += ["", summary_table(report, columns, options.marks, options.width)]
    if options.groups:
        parts += ["", groups_table(report, options.marks)]
    if report.findings:
        parts += ["", findings_text(report, options.width)]
    return Group(*parts)


def _widths(report: Report, lines: Sequence[Fold], options: TableOptions) -> Widths:
    def widest(cells: Iterable[str], title: str) -> int:
        return max(cell_len(title), *map(cell_len, cells), 0)

    folded = any(len(line.rows) > 1 for line in lines)
    settings = {id(line.rows[0].setting): line.rows[0] for line in lines}.values()
    return Widths(
        name=widest((visible(line.name) for line in lines), "parameter"),
        count=widest((str(len(line.rows)) for line in lines), options.marks.times) if folded else 0,
        shape=0 if folded else widest((_shape(line.rows[0], options.marks) for line in lines), "shape"),
        lr=widest((_value(row.lr, report.base.lr, options) for row in settings), "  lr"),
        decay=widest((_value(row.weight_decay, report.base.weight_decay, options) for row in settings), "  decay"),
        rule=widest((_rule(line.rows[0], options.marks, line=True).plain for line in lines), "rule"),
        rule_without_line=widest((_rule(line.rows[0], options.marks, line=False).plain for line in lines), "rule"),
    )


def _rows_table(
    report: Report,
    folds: Sequence[tuple[Section, Sequence[Fold]]],
    columns: Columns,
    widths: Widths,
    options: TableOptions,
) -> Table:
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, collapse_padding=True, header_style="bold")
    table.add_column("parameter", no_wrap=True, overflow="ignore")
    if widths.count:
        table.add_column(options.marks.times.rjust(widths.count), no_wrap=True, overflow="ignore")
    if columns.shape and widths.shape:
        table.add_column("shape", no_wrap=True, overflow="ignore")
    table.add_column("  lr", no_wrap=True, overflow="ignore")
    table.add_column("  decay", no_wrap=True, overflow="ignore")
    if not columns.rule_below:
        table.add_column("rule", no_wrap=True, overflow="ignore")
    for section, lines in folds:
        if section.heading:
            table.add_row(Text(section.heading, style="bold underline"))
        for line in lines:
            table.add_row(*_cells(report, line, columns, widths.count, options))
    return table


def _cells(
    report: Report, line: Fold, columns: Columns, count_width: int, options: TableOptions
) -> list[RenderableType]:
    row = line.rows[0]
    setting = row.setting
    cells: list[RenderableType] = [_name(line, columns, options)]
    if count_width:
        cells.append(Text(str(len(line.rows)).rjust(count_width), style=BASE if len(line.rows) == 1 else ""))
    if columns.shape and not count_width:
        cells.append(Text(_shape(row, options.marks), style=BASE))
    for value, base, rule in (
        (row.lr, report.base.lr, setting.lr_rule),
        (row.weight_decay, report.base.weight_decay, setting.weight_decay_rule),
    ):
        cells.append(Text(_value(value, base, options), style=BASE if value == base else f"bold {colour(rule)}"))
    if not columns.rule_below:
        cells.append(_rule(row, options.marks, line=columns.line))
    return cells


def _name(line: Fold, columns: Columns, options: TableOptions) -> Text:
    row = line.rows[0]
    text = Text("\n".join(layout.broken(visible(line.name), columns.name_width)))
    if len(line.rows) == 1:
        for alias in row.parameter.aliases:
            text.append("\n")
            text.append("\n".join(layout.broken(f"  = {visible(alias)}", columns.name_width)), style=BASE)
    if columns.rule_below:
        rule = _rule(row, options.marks, line=columns.line)
        if rule.plain != "default":
            text.append("\n    ")
            text.append_text(rule)
    return text


def _rule(row: Row, marks: Marks, *, line: bool) -> Text:
    text = Text()
    words = labels(row.setting, marks, line=line)
    for word, style in words:
        text.append(word, style=style)
    if not row.parameter.trainable and "frozen" not in text.plain:
        text.append(f" {marks.dot} ", style=BASE)
        text.append(f"{marks.frozen} frozen", style="blue")
    return text


def _value(value: float | None, base: float | None, options: TableOptions) -> str:
    """Returns a value with its mark; values equal to the base have a blank in its place."""
    marks = options.marks
    if value is None:
        return f"{marks.left_out} {marks.none}"
    mark = " " if value == base or base is None else marks.higher if value > base else marks.lower
    text = f"{mark} {number(value)}"
    if options.mult and base and value != base:
        text += f" ({marks.times}{number(value / base)})"
    return text


def _shape(row: Row, marks: Marks) -> str:
    return shape(row.parameter.shape, marks.times)
