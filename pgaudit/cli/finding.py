"""``pgaudit finding``: what a finding means, why it matters, how to fix it."""

from __future__ import annotations

from typing import Annotated

import typer

from pgaudit.cli.shared import completion
from pgaudit.cli.shared.common import screen, write
from pgaudit.cli.shared.options import Color, Output, Traceback, Width
from pgaudit.render.choices import PageFormat


def finding(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE",
            show_default=False,
            autocompletion=completion.findings,
            help="PG003, or overmatch; all without one.",
        ),
    ] = None,
    fmt: Annotated[PageFormat, typer.Option("--format", help="What to write.")] = "table",
    output: Output = None,
    width: Width = None,
    colour: Color = "auto",
    traceback: Traceback = False,
) -> None:
    """Say what a finding means, why it hurts, and how to fix it; list all without a CODE."""
    from pgaudit.checks.documentation import all_documentation, documentation
    from pgaudit.render.pages import finding as rendered
    from pgaudit.render.style import marks_for
    from pgaudit.render.terminal import TableOptions

    findings = [documentation(code)] if code is not None else all_documentation()
    if fmt == "json":
        write(rendered.render_json(findings), output)
    elif fmt == "markdown":
        write(rendered.render_markdown(findings), output)
    else:
        end = screen(output, colour, width)
        options = TableOptions(end.width, end.colour, marks_for(end.encoding))
        text = rendered.render_list(findings, options) if code is None else rendered.render_entry(findings[0], options)
        write(text, output)
