"""Report → one HTML file."""

from __future__ import annotations

from pgaudit.memory import gc_disabled
from pgaudit.render.html.along import along_of
from pgaudit.render.html.document import document
from pgaudit.render.html.facts import about, cards, title_of
from pgaudit.render.html.folded import folded_lines
from pgaudit.render.html.kinds import titles_of
from pgaudit.render.html.notices import notices_of
from pgaudit.render.html.packing import packed
from pgaudit.render.html.rows import columns_of
from pgaudit.render.html.schedules import pictures_of
from pgaudit.render.html.shares import shares_of
from pgaudit.render.select import Selection, select
from pgaudit.report import Report


@gc_disabled()
def render_html(report: Report, selection: Selection | None = None) -> str:
    """Returns the page. A selection chooses among the rows; all else speaks of the whole model.

    Raises:
        UsageError: the selection can match nothing.
    """
    selection = selection or Selection()
    rows = [row for section in select(report, selection) for row in section.rows]
    shares = shares_of(report)
    notices, files = notices_of(report)
    title, along = title_of(report), along_of(report, shares)
    schedules = pictures_of(report, shares)
    drawn = {"schedules": [each.data for each in schedules.drawn]} if schedules.drawn else {}
    return document(
        "report.html",
        styles=("table", "map", "along", *(["schedules"] if schedules else [])),
        vendored=("virtual-core", "hierarchy", *(["plot"] if along.pictures else []), *(["uplot"] if drawn else [])),
        app=(
            "numbers",
            "packed",
            "data",
            "lens",
            "virtual-rows",
            "table",
            "why",
            "saving",
            "roving",
            "map",
            "along",
            *(["schedules"] if drawn else []),
            "page",
        ),
        title=title,
        about=about(report),
        cards=list(cards(report)),
        notices=notices,
        files=files,
        shares=shares,
        schedules=schedules,
        titles=titles_of(report),
        lines=folded_lines(report, selection, len(rows)),
        shown=len(rows),
        every=len(report),
        along=along,
        scheduled=report.scheduled,
        sized=report.numel is not None,
        data=packed({**columns_of(report, rows, shares, notices, along, title), **drawn}),
    )
