"""The rows of a table as lines: names, counts, shapes, values with their marks, and rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rich.cells import cell_len
from rich.text import Text

from pgaudit.core.assignment import ParamAssignment
from pgaudit.render import layout
from pgaudit.render.folds import Fold
from pgaudit.render.layout import GAP, Columns, Widths
from pgaudit.render.numbers import number, shape
from pgaudit.render.select import Section
from pgaudit.render.style import BASE, DECIDED_BY, UNICODE, Marks, colour, labels
from pgaudit.render.summary import beside
from pgaudit.report import Report
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
    verbose: bool = False
    """Whether findings are spelled out that are otherwise only counted."""


def widths_of(report: Report, lines: Sequence[Fold], options: TableOptions) -> Widths:
    """Measures the widest cell of each column."""

    def widest(cells: Iterable[str], title: str) -> int:
        return max(cell_len(title), *map(cell_len, cells), 0)

    folded = any(len(line.rows) > 1 for line in lines)
    alike = {_kind(line.rows[0]): line.rows[0] for line in lines}.values()
    cells = [_cells(report, row, options) for row in alike]
    return Widths(
        name=widest((visible(line.name) for line in lines), "parameter"),
        count=widest((str(len(line.rows)) for line in lines), options.marks.times) if folded else 0,
        shape=0 if folded else widest((_shape(line.rows[0], options.marks) for line in lines), "shape"),
        lr=widest((each[0].plain for each in cells), "  lr"),
        scheduled=widest((each[1].plain for each in cells), "  scheduled") if report.scheduled else 0,
        decay=widest((each[2].plain for each in cells), "  decay"),
        rule=widest((_rule(report, row, options.marks, line=True).plain for row in alike), DECIDED_BY),
        rule_without_line=widest((_rule(report, row, options.marks, line=False).plain for row in alike), DECIDED_BY),
    )


def _kind(row: ParamAssignment) -> tuple[int, int | None, bool | None]:
    """What rows have in common that say the same right of the shape."""
    return id(row.setting), row.optimizer, row.param.trainable


def _cells(report: Report, row: ParamAssignment, options: TableOptions) -> tuple[Text, Text, Text]:
    """The lr, the scheduled lr and the weight decay, each with its mark and in its rule's colour."""
    setting, base = row.setting, report.optimizer_of(row).base
    lr, scheduled, decay = (
        Text(
            _value(value, own, options, left_out=not row.in_optimizer),
            style=BASE if value == own and row.in_optimizer else f"bold {colour(rule)}",
        )
        for value, own, rule in (
            (setting.lr, base.lr, setting.lr_rule),
            (setting.peak_lr, base.peak_lr, setting.lr_rule),
            (setting.weight_decay, base.weight_decay, setting.weight_decay_rule),
        )
    )
    return lr, scheduled, decay


def row_lines(
    report: Report,
    folds: Sequence[tuple[Section, Sequence[Fold]]],
    columns: Columns,
    widths: Widths,
    options: TableOptions,
) -> Iterator[Text]:
    """Yields the rows as lines. Not a rich table: there, a long rule under a name would widen the name's column."""
    yield in_columns(_titles(columns, widths, options.marks))
    endings: dict[tuple[int, int | None, bool | None], tuple[Text, Text | None]] = {}
    for section, entries in folds:
        if section.heading:
            yield from (Text(), Text(section.heading, style="bold underline"))
        for entry in entries:
            row = entry.rows[0]
            kind = _kind(row)
            if kind not in endings:
                endings[kind] = _ending(report, row, columns, widths, options)
            yield from _lines_of(entry, endings[kind], columns, widths, options.marks)


_AT_A_TIME = 1_000


def in_pieces(lines: Iterator[Text]) -> Iterator[Text]:
    """Joins lines, many at a time, for there may be a million."""
    while piece := list(islice(lines, _AT_A_TIME)):
        yield Text("\n").join(piece)


Cell = tuple[Text, int]
"""What stands in a column, and the column's width."""


def _titles(columns: Columns, widths: Widths, marks: Marks) -> list[Cell]:
    titles = [("parameter", _name_width(columns, widths))]
    if widths.count:
        titles.append((marks.times.rjust(widths.count), widths.count))
    if columns.shape and widths.shape:
        titles.append(("shape", widths.shape))
    titles.append(("  lr", widths.lr))
    if widths.scheduled:
        titles.append(("  scheduled", widths.scheduled))
    titles.append(("  decay", widths.decay))
    if columns.rule_width != 0:
        titles.append((DECIDED_BY, 0))
    return [(Text(title, style="bold"), width) for title, width in titles]


def _ending(
    report: Report, row: ParamAssignment, columns: Columns, widths: Widths, options: TableOptions
) -> tuple[Text, Text | None]:
    """What stands right of the shape; and the rule, if it needs a line of its own."""
    lr, scheduled, decay = _cells(report, row, options)
    cells: list[Cell] = [(lr, widths.lr), *([(scheduled, widths.scheduled)] if widths.scheduled else [])]
    cells.append((decay, widths.decay))
    rule = _rule(report, row, options.marks, line=columns.line)
    if columns.rule_width is None or rule.cell_len <= columns.rule_width:
        return in_columns([*cells, (rule, 0)]), None
    return in_columns(cells), None if rule.plain == "default" else Text("    ").append_text(rule)


def _lines_of(
    entry: Fold, ending: tuple[Text, Text | None], columns: Columns, widths: Widths, marks: Marks
) -> Iterator[Text]:
    name, *rest = layout.broken(visible(entry.name), columns.name_width)
    cells: list[Cell] = [(Text(name), _name_width(columns, widths))]
    if widths.count:
        count = str(len(entry.rows)).rjust(widths.count)
        cells.append((Text(count, style=BASE if len(entry.rows) == 1 else ""), widths.count))
    if columns.shape and widths.shape:
        cells.append((Text(_shape(entry.rows[0], marks), style=BASE), widths.shape))
    values, rule = ending
    yield _padded(cells).append_text(values)
    yield from map(Text, rest)
    yield from _aliases(entry, columns)
    if rule is not None:
        yield rule


def _aliases(entry: Fold, columns: Columns) -> list[Text]:
    """What stands under a name: its aliases."""
    row = entry.rows[0]
    lines = []
    aliases = row.param.aliases if len(entry.rows) == 1 else ()
    for alias in aliases:
        lines += [Text(part, style=BASE) for part in layout.broken(f"  = {visible(alias)}", columns.name_width)]
    named = sum(bool(each.param.aliases) for each in entry.rows)
    if named and not aliases:
        lines.append(Text(f"  {named} of them have other names, too", style=BASE))
    return lines


def in_columns(cells: Sequence[Cell]) -> Text:
    """Returns cells as one line, each as wide as its column."""
    line = _padded(cells)
    line.rstrip()
    return line


def _padded(cells: Sequence[Cell]) -> Text:
    line = Text()
    for text, width in cells:
        line.append_text(text)
        line.append(" " * (max(width - text.cell_len, 0) + GAP))
    return line


def _name_width(columns: Columns, widths: Widths) -> int:
    return min(widths.name, columns.name_width or widths.name)


def _rule(report: Report, row: ParamAssignment, marks: Marks, *, line: bool) -> Text:
    """The rules, and what else they write into the group."""
    words = labels(row.setting, marks, line=line, trainable=row.param.trainable)
    held = report.extra_of(row.setting, row.optimizer)
    extra = [(beside(key, value), colour(row.setting.lr_rule)) for key, value in held.items()]
    if row.optimizer is not None and len(report.assignment.optimizers) > 1:
        extra.append((visible(report.optimizer_of(row).type), BASE))
    return Text.assemble(*words, *(word for each in extra for word in ((f" {marks.dot} ", BASE), each)))


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


def _shape(row: ParamAssignment, marks: Marks) -> str:
    return shape(row.param.shape, marks.times)
