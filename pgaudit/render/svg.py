"""Report → an SVG picture of the table, for a README or a pull request. It names no fonts or styles of other hosts."""

from __future__ import annotations

import re
from dataclasses import replace

from rich.console import Group
from rich.measure import Measurement
from rich.terminal_theme import TerminalTheme

from pgaudit.render.select import Selection
from pgaudit.render.table import TableOptions, console_for, report_view
from pgaudit.report import Report
from pgaudit.text import visible

_BLANKS = re.compile(r" +$", re.MULTILINE)
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)

# Readable on its own dark ground, whatever the page around it has.
_THEME = TerminalTheme(
    (22, 27, 34),
    (230, 237, 243),
    [
        (72, 79, 88),
        (255, 123, 114),
        (63, 185, 80),
        (210, 153, 34),
        (88, 166, 255),
        (188, 140, 255),
        (57, 197, 207),
        (177, 186, 196),
    ],
    [
        (110, 118, 129),
        (255, 161, 152),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (255, 255, 255),
    ],
)


def render_svg(report: Report, selection: Selection, options: TableOptions) -> str:
    """Returns the picture; its width is that of the widest row unless ``options`` set one."""
    coloured = replace(options, colour=True)
    view = Group(*report_view(report, selection, coloured))
    width = options.width or Measurement.get(console_for(coloured), console_for(coloured).options, view).maximum + 1
    console = console_for(coloured, width=width, record=True)
    console.print(view, soft_wrap=False)
    picture = console.export_svg(
        title=f"pgaudit show {visible(report.assignment.model.ref)}", theme=_THEME, unique_id="pgaudit"
    )
    picture = _BLANKS.sub("", _FONT_FACE.sub("", picture))
    return picture.replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace")
