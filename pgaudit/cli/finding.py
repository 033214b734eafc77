"""``pgaudit finding``: what a finding means, why it matters, how to fix it."""

from __future__ import annotations

from pathlib import Path

import click

from pgaudit.cli.shared import completion
from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command, argument
from pgaudit.cli.shared.common import table_options, write
from pgaudit.render.choices import Colour, PageFormat


@click.command(
    cls=Command,
    examples=(
        "pgaudit finding                              # all of them",
        "pgaudit finding PG003",
    ),
)
@argument("code", shell_complete=completion.findings, help="PG003, or overmatch; all without one.")
@shared.choice("--format", "fmt", of=PageFormat, default="table", help="What to write.")
@shared.output
@shared.width
@shared.color
@shared.traceback
def finding(code: str | None, fmt: PageFormat, output: Path | None, width: int | None, colour: Colour) -> None:
    """Say what a finding means, why it hurts, and how to fix it; list all without a CODE."""
    from pgaudit.checks.documentation import all_documentation, documentation
    from pgaudit.render.pages import finding as rendered

    findings = [documentation(code)] if code is not None else all_documentation()
    if fmt == "json":
        write(rendered.render_json(findings), output)
    elif fmt == "markdown":
        write(rendered.render_markdown(findings), output)
    else:
        options = table_options(output, colour, width)
        text = rendered.render_list(findings, options) if code is None else rendered.render_entry(findings[0], options)
        write(text, output)
