"""The rows of a table as lines: names, counts, shapes, values with their marks, and rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from pgaudit.folding import Fold
from pgaudit.render import layout
from pgaudit.render.layout import GAP, Columns, Widths
from pgaudit.render.numbers import number, shape
from pgaudit.render.select import Section
from pgaudit.render.style import BASE, UNICODE, Marks, colour, labels
from pgaudit.report import Report, Row
from pgaudit.text import visible


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


def widths_of(report: Report, lines: Sequence[Fold], options: TableOptions) -> Widths:
    """Measures the widest cell of each column."""

    def widest(cells: Iterable[str], title: str) -> int:
        return max(cell_len(title), *map(cell_len, cells), 0)

    folded = any(len(line.rows) > 1 for line in lines)
    settings = {id(line.rows[0].setting): line.rows[0] for line in lines}.values()
    return Widths(
        name=widest((visible(line.name) for line in lines), "parameter"),
        count=widest((str(len(line.rows)) for line in lines), options.marks.times) if folded else 0,
        shape=0 if folded else widest((_shape(line.rows[0], options.marks) for line in lines), "shape"),
        lr=widest((_value(row.lr, report.base.lr, options, left_out=row.group is None) for row in settings), "  lr"),
        decay=widest(
            (
                _value(row.weight_decay, report.base.weight_decay, options, left_out=row.group is None)
                for row in settings
            ),
            "  decay",
        ),
        rule=widest((_rule(line.rows[0], options.marks, line=True).plain for line in lines), "rule"),
        rule_without_line=widest((_rule(line.rows[0], options.marks, line=False).plain for line in lines), "rule"),
    )


def rows_text(
    report: Report,
    folds: Sequence[tuple[Section, Sequence[Fold]]],
    columns: Columns,
    widths: Widths,
    options: TableOptions,
) -> Text:
    """Returns the rows as lines. Not a rich table: there, a long rule under a name would widen the name's column."""
    lines = [in_columns(_titles(columns, widths, options.marks))]
    for section, entries in folds:
        if section.heading:
            lines += [Text(), Text(section.heading, style="bold underline")]
        for entry in entries:
            lines += _lines_of(report, entry, columns, widths, options)
    return Text("\n").join(lines)


Cell = tuple[Text, int]
"""What stands in a column, and the column's width."""


def _titles(columns: Columns, widths: Widths, marks: Marks) -> list[Cell]:
    titles = [("parameter", _name_width(columns, widths))]
    if widths.count:
        titles.append((marks.times.rjust(widths.count), widths.count))
    if columns.shape and widths.shape:
        titles.append(("shape", widths.shape))
    titles += [("  lr", widths.lr), ("  decay", widths.decay)]
    if columns.rule_width != 0:
        titles.append(("rule", 0))
    return [(Text(title, style="bold"), width) for title, width in titles]


def _lines_of(report: Report, entry: Fold, columns: Columns, widths: Widths, options: TableOptions) -> list[Text]:
    row = entry.rows[0]
    setting = row.setting
    name, *rest = layout.broken(visible(entry.name), columns.name_width)
    cells: list[Cell] = [(Text(name), _name_width(columns, widths))]
    if widths.count:
        count = str(len(entry.rows)).rjust(widths.count)
        cells.append((Text(count, style=BASE if len(entry.rows) == 1 else ""), widths.count))
    if columns.shape and widths.shape:
        cells.append((Text(_shape(row, options.marks), style=BASE), widths.shape))
    for value, base, rule, width in (
        (row.lr, report.base.lr, setting.lr_rule, widths.lr),
        (row.weight_decay, report.base.weight_decay, setting.weight_decay_rule, widths.decay),
    ):
        style = BASE if value == base and row.group is not None else f"bold {colour(rule)}"
        cells.append((Text(_value(value, base, options, left_out=row.group is None), style=style), width))
    if not _goes_below(row, columns, options.marks):
        cells.append((_rule(row, options.marks, line=columns.line), 0))
    return [in_columns(cells), *map(Text, rest), *_below(entry, columns, options)]


def _below(entry: Fold, columns: Columns, options: TableOptions) -> list[Text]:
    """What stands under a name: its aliases, and the rule where there is no room for it beside."""
    row = entry.rows[0]
    lines = []
    aliases = row.parameter.aliases if len(entry.rows) == 1 else ()
    for alias in aliases:
        lines += [Text(part, style=BASE) for part in layout.broken(f"  = {visible(alias)}", columns.name_width)]
    tied = sum(bool(each.parameter.aliases) for each in entry.rows)
    if tied and not aliases:
        lines.append(Text(f"  {tied} of them tied to other names", style=BASE))
    rule = _rule(row, options.marks, line=columns.line)
    if _goes_below(row, columns, options.marks) and rule.plain != "default":
        lines.append(Text("    ").append_text(rule))
    return lines


def _goes_below(row: Row, columns: Columns, marks: Marks) -> bool:
    if columns.rule_width is None:
        return False
    return _rule(row, marks, line=columns.line).cell_len > columns.rule_width


def in_columns(cells: Sequence[Cell]) -> Text:
    """Returns cells as one line, each as wide as its column."""
    line = Text()
    for text, width in cells:
        line.append_text(text)
        line.append(" " * (max(width - text.cell_len, 0) + GAP))
    line.rstrip()
    return line


def _name_width(columns: Columns, widths: Widths) -> int:
    return min(widths.name, columns.name_width or widths.name)


def _rule(row: Row, marks: Marks, *, line: bool) -> Text:
    return Text.assemble(*labels(row.setting, marks, line=line, trainable=row.parameter.trainable))


def _value(value: float | None, base: float | None, options: TableOptions, *, left_out: bool = False) -> str:
    """Returns a value with its mark; values equal to the base have a blank in its place."""
    marks = options.marks
    if value is None:
        return f"{marks.left_out if left_out else ' '} {marks.none}"
    mark = " " if value == base or base is None else marks.higher if value > base else marks.lower
    text = f"{mark} {number(value)}"
    if options.mult and base and value != base:
        text += f" ({marks.times}{number(value / base)})"
    return text


def _shape(row: Row, marks: Marks) -> str:
    return shape(row.parameter.shape, marks.times)
