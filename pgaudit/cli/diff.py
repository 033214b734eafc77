"""``pgaudit diff``: what changes between two policies, parameter by parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pgaudit.cli.shared.common import Screen, note, parse_model_args, screen, spinner, stdout_reserved, the_cache, write
from pgaudit.cli.shared.options import Color, Constructor, ModelArgs, NoCache, NoCode, Output, Traceback, Width
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.render.choices import DiffFormat

if TYPE_CHECKING:
    from pgaudit.diff import Diff
    from pgaudit.models.cache import Cache
    from pgaudit.sources.pair import ReportPair

DIFFERENT = 1
"""The exit code of ``--exit-code`` where the sides differ."""


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A YAML config, a JSON report or a lock: how it was.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one: how it is now.")],
    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", metavar="MODEL", show_default=False, help="Instead of the configs' own `model:`."
        ),
    ] = None,
    fold: Annotated[bool, typer.Option(help="Join rows that repeat over blocks.")] = True,
    rules: Annotated[bool, typer.Option(help="List parameters whose rule is another, and its effect the same.")] = True,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 where anything but a rule differs.")
    ] = False,
    fmt: Annotated[DiffFormat, typer.Option("--format", help="What to write.")] = "table",
    output: Output = None,
    model_args: ModelArgs = None,
    constructor: Constructor = None,
    no_cache: NoCache = False,
    width: Width = None,
    colour: Color = "auto",
    no_code: NoCode = False,
    traceback: Traceback = False,
) -> None:
    """Show what changes from A to B: every lr and weight decay that differs, and the rules behind it."""
    keep_inputs([output], [a, b], [model])
    sides = _sides(a, b, model, parse_model_args(model_args or []), constructor, the_cache(unwanted=no_cache))
    from pgaudit.diff import compare

    found = compare(sides.a, sides.b)
    text = _rendered(found, fmt, screen(output, colour, width), fold=fold, rules=rules)
    note(sides.notes)
    write(text, output)
    if exit_code and found.differs:
        raise typer.Exit(DIFFERENT)


def _sides(
    a: str,
    b: str,
    model: str | None,
    model_args: dict[str, object],
    constructor: str | None,
    cache: Cache | None,
) -> ReportPair:
    from pgaudit.sources.files import open_file

    with stdout_reserved():  # a config may be code
        opened = [open_file(path, constructor=constructor) for path in (a, b)]  # before anything heavy
    with stdout_reserved(), spinner(f"comparing {a} and {b}"):
        from pgaudit.sources.pair import audit_pair

        return audit_pair(*opened, model=model, model_args=model_args, cache=cache)


def _rendered(found: Diff, fmt: DiffFormat, end: Screen, *, fold: bool, rules: bool) -> str:
    if fmt == "table":
        from pgaudit.render.diff.table import render_diff_table
        from pgaudit.render.style import marks_for
        from pgaudit.render.terminal import TableOptions

        options = TableOptions(end.width, end.colour, marks_for(end.encoding), fold)
        return render_diff_table(found, options, rules=rules)
    if fmt == "json":
        from pgaudit.render.diff.data import render_diff_json

        return render_diff_json(found, rules=rules)
    if fmt == "markdown":
        from pgaudit.render.diff.data import render_diff_markdown

        return render_diff_markdown(found, fold=fold, rules=rules)
    from pgaudit.render.diff.github import render_diff_github

    return render_diff_github(found, rules=rules)
