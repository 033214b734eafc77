"""``pgaudit rule``: what a finding means, why it matters, how to mend it."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from pgaudit.cli.common import screen, write
from pgaudit.render.choices import Colour


@enum.unique
class RuleFormat(str, enum.Enum):
    """What documentation is written as."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


def rule(
    code: Annotated[
        str | None, typer.Argument(metavar="CODE", show_default=False, help="PG003, or overmatch; all without one.")
    ] = None,
    fmt: Annotated[RuleFormat, typer.Option("--format", help="What to write.")] = RuleFormat.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.", show_default=False)
    ] = None,
    width: Annotated[
        int | None,
        typer.Option("--width", min=20, metavar="CELLS", show_default=False, help="Instead of the terminal's width."),
    ] = None,
    colour: Annotated[Colour, typer.Option("--color", help="Whether to write colours.")] = Colour.AUTO,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where an error comes from.")] = False,
) -> None:
    """Say what a finding means, why it hurts, and how to mend it; list all without a CODE."""
    from pgaudit.checks.documentation import all_documentation, documentation
    from pgaudit.render import rule as rendered
    from pgaudit.render.rows import TableOptions
    from pgaudit.render.style import marks_for

    rules = [documentation(code)] if code is not None else all_documentation()
    if fmt is RuleFormat.JSON:
        write(rendered.render_json(rules), output)
    elif fmt is RuleFormat.MARKDOWN:
        write(rendered.render_markdown(rules), output)
    else:
        end = screen(output, colour, width)
        options = TableOptions(end.width, end.colour, marks_for(end.encoding))
        text = rendered.render_rules(rules, options) if code is None else rendered.render_rule(rules[0], options)
        write(text, output)
