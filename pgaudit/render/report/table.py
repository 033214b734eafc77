"""Report → the colour table for a terminal, or its plain text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from pgaudit.render.findings import findings_lines
from pgaudit.render.report.rows import rows_table
from pgaudit.render.report.summary import groups_lines, header, summary_table
from pgaudit.render.report.view import folds
from pgaudit.render.select import Selection
from pgaudit.render.style import BASE
from pgaudit.render.styled import Text
from pgaudit.render.terminal import TableOptions, in_pieces
from pgaudit.report import Report
from pgaudit.text import counted


def render_table(report: Report, selection: Selection, options: TableOptions) -> Iterator[str]:
    """Returns the whole report as text, in pieces; ANSI colours only where asked for.

    Raises:
        UsageError: the selection can match nothing. It is raised before the first piece.
    """
    return in_pieces(report_lines(report, selection, options), options)


def report_lines(report: Report, selection: Selection, options: TableOptions) -> Iterator[Text]:
    """Returns all that ``show`` prints, one thing after another.

    Raises:
        UsageError: the selection can match nothing.
    """
    shown_folds = folds(report, selection, folded=options.fold)
    before = [*header(report, options.marks, options.width), Text()]
    after = [Text(), *summary_table(report, options.marks, options.width).lines(options.width)]
    if options.groups and report.groups:
        after += [Text(), *groups_lines(report, options.marks)]
    if report.findings or report.ignored:
        after += [Text(), *findings_lines(report, options.width, verbose=options.verbose)]
    shown = sum(len(section.rows) for section, _ in shown_folds)
    if not shown:
        nothing = "every parameter has the base values" if selection.changed else "no parameter to show"
        return iter([*before, Text(nothing, BASE), *after])
    if hidden := len(report.params) - shown:
        after.insert(0, Text(f"{counted(hidden, 'tensor')} not shown", BASE))
    return chain(before, rows_table(report, shown_folds, options).lines(options.width), after)
