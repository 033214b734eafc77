"""Report → one HTML file. It works from a disk and in a frame, asks nobody for anything, and is the same bytes for the
same report.

A content security policy forbids every request, and every script but those whose hashes it names. Text goes through
``pgaudit.text`` and jinja2's autoescape; what the scripts show, they set as text.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pgaudit.render.html.facts import about, cards, title_of
from pgaudit.render.html.folded import folded_lines
from pgaudit.render.html.kinds import titles_of
from pgaudit.render.html.notices import notices_of
from pgaudit.render.html.packing import packed
from pgaudit.render.html.rows import columns_of
from pgaudit.render.html.shares import shares_of
from pgaudit.render.select import Selection, select
from pgaudit.report import Report
from pgaudit.version import __version__

_FOLDER = Path(__file__).parent
_VENDORED = ("virtual-core.js",)
_APP = ("data.js", "lens.js", "table.js", "why.js", "saving.js", "page.js")
"""In this order, one scope for all."""


def render_html(report: Report, selection: Selection) -> str:
    """Returns the page. A selection chooses among the rows; all else speaks of the whole model.

    Raises:
        UsageError: the selection can match nothing.
    """
    rows = [row for section in select(report, selection) for row in section.rows]
    shares = shares_of(report)
    notices, files = notices_of(report)
    return (
        _environment()
        .get_template("report.html")
        .render(
            title=title_of(report),
            about=about(report),
            cards=list(cards(report)),
            notices=notices,
            files=files,
            shares=shares,
            titles=titles_of(report),
            lines=folded_lines(report, selection, len(rows)),
            shown=len(rows),
            every=len(report),
            data=packed(columns_of(report, rows, shares, notices)),
            version=__version__,
            policy=_policy(_scripts()),
            scripts=_scripts(),
            style=Markup(_text("style.css")),
        )
    )


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_FOLDER / "templates")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip


@cache
def _scripts() -> tuple[Markup, ...]:
    """The scripts of the page: our own code, and no other text of whatever origin."""
    vendored = (_text(f"vendor/{name}") for name in _VENDORED)
    app = "\n".join(_text(f"app/{name}") for name in _APP)
    return tuple(map(Markup, (*vendored, f'"use strict";\n(() => {{\n{app}}})();\n')))


def _policy(scripts: tuple[Markup, ...]) -> str:
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{each}'" for each in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
