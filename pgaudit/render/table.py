"""Report → the colour table for a terminal, or its plain text."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import chain

from rich.console import Console, RenderableType
from rich.text import Text

from pgaudit.render import layout
from pgaudit.render.findings import findings_text
from pgaudit.render.folds import fold, unfolded
from pgaudit.render.rows import TableOptions, in_pieces, row_lines, widths_of
from pgaudit.render.select import Selection, select
from pgaudit.render.style import BASE
from pgaudit.render.summary import groups_table, header, summary_table
from pgaudit.render.wrap import fitted
from pgaudit.report import Report
from pgaudit.text import counted

__all__ = ["TableOptions", "console_for", "printed", "render_table", "report_view"]


def render_table(report: Report, selection: Selection, options: TableOptions) -> Iterator[str]:
    """Returns the whole report as text, in pieces; ANSI colours only where asked for.

    Raises:
        UsageError: the selection can match nothing. It is raised before the first piece.
    """
    return _printed(report_view(report, selection, options), options)


def printed(view: RenderableType, options: TableOptions) -> str:
    """Returns a view as text whose lines fit, without blanks at their ends."""
    return "".join(_printed([view], options))


def _printed(views: Iterable[RenderableType], options: TableOptions) -> Iterator[str]:
    console = console_for(options)
    for view in views:
        if isinstance(view, Text) and not options.colour:
            text = view.plain + view.end  # what rich would say after some time
        else:
            with console.capture() as written:
                console.print(view)
            text = written.get()
        yield fitted(text, options.width)


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


def report_view(report: Report, selection: Selection, options: TableOptions) -> Iterator[RenderableType]:
    """Returns all that ``show`` prints, one thing after another.

    Raises:
        UsageError: the selection can match nothing.
    """
    sections = select(report, selection)
    taken = report.taken
    folds = [(each, fold(each.rows, taken) if options.fold else unfolded(each.rows)) for each in sections]
    lines = [entry for _, entries in folds for entry in entries]
    widths = widths_of(report, lines, options)
    columns = layout.fit(widths, options.width)
    before: list[RenderableType] = [header(report, options.marks, options.width), ""]
    after: list[RenderableType] = ["", summary_table(report, options.marks, options.width)]
    if options.groups and report.groups:
        after += ["", groups_table(report, options.marks)]
    if report.findings or report.ignored:
        after += ["", findings_text(report, options.width, verbose=options.verbose)]
    if not lines:
        nothing = "every parameter has the base values" if selection.changed else "no parameter to show"
        return iter([*before, Text(nothing, style=BASE), *after])
    hidden = len(report.params) - sum(len(section.rows) for section in sections)
    if hidden:
        after.insert(0, Text(f"{counted(hidden, 'tensor')} not shown", style=BASE))
    return chain(before, in_pieces(row_lines(report, folds, columns, widths, options)), after)
