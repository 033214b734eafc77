"""Report → an SVG picture of the table, for a README or a pull request. It names no fonts or styles of other hosts."""

from __future__ import annotations

import io
import re

from rich.console import Console
from rich.text import Text

from pgaudit.render.palettes import ON_DARK
from pgaudit.render.report.table import report_lines
from pgaudit.render.select import Selection
from pgaudit.render.styled import fitted
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import visible

_BLANKS = re.compile(r" +$", re.MULTILINE)
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def render_svg(report: Report, selection: Selection, options: TableOptions) -> str:
    """Returns the picture; its width is that of the widest row unless ``options`` set one."""
    lines = [line for part in report_lines(report, selection, options) for line in part.lines()]
    width = options.width or max(line.cells for line in lines) + 1
    console = Console(file=io.StringIO(), width=width, record=True, legacy_windows=False, _environ={})
    for line in lines:
        for part in fitted(line, options.width):
            console.print(Text.assemble(*part.pieces))
    console.print()  # else the last line is cut below its letters
    picture = console.export_svg(
        title=f"pgaudit show {visible(report.assignment.model.ref)}", theme=ON_DARK, unique_id="pgaudit"
    )
    picture = _BLANKS.sub("", _FONT_FACE.sub("", picture))
    return picture.replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace")
