"""``pgaudit diff``: what changes between two policies, parameter by parameter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.exceptions import Exit

from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command, argument
from pgaudit.cli.shared.common import Screen, note, parse_model_args, screen, spinner, stdout_reserved, the_cache, write
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.render.choices import Colour, DiffFormat

if TYPE_CHECKING:
    from pgaudit.diff import Diff
    from pgaudit.models.cache import Cache
    from pgaudit.sources.pair import ReportPair

DIFFERENT = 1
"""The exit code of ``--exit-code`` where the sides differ."""


@click.command(cls=Command)
@argument("a", required=True, type=shared.NAME, help="A YAML config, a JSON report or a lock: how it was.")
@argument("b", required=True, type=shared.NAME, help="Another one: how it is now.")
@click.option("--model", "-m", metavar="MODEL", help="Instead of the configs' own `model:`.")
@click.option("--fold/--no-fold", default=True, help="Join rows that repeat over blocks.")
@click.option(
    "--rules/--no-rules", default=True, help="List parameters whose rule is another, and its effect the same."
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 where anything but a rule differs.")
@shared.choice("--format", "fmt", of=DiffFormat, default="table", help="What to write.")
@shared.output
@shared.model_args
@shared.constructor
@shared.no_cache
@shared.width
@shared.color
@shared.no_code
@shared.traceback
def diff(
    a: str,
    b: str,
    model: str | None,
    fold: bool,
    rules: bool,
    exit_code: bool,
    fmt: DiffFormat,
    output: Path | None,
    model_args: tuple[str, ...],
    constructor: str | None,
    no_cache: bool,
    width: int | None,
    colour: Colour,
) -> None:
    """Show what changes from A to B: every lr and weight decay that differs, and the rules behind it."""
    keep_inputs([output], [a, b], [model])
    sides = _sides(a, b, model, parse_model_args(model_args), constructor, the_cache(unwanted=no_cache))
    from pgaudit.diff import compare

    found = compare(sides.a, sides.b)
    text = _rendered(found, fmt, screen(output, colour, width), fold=fold, rules=rules)
    note(sides.notes)
    write(text, output)
    if exit_code and found.differs:
        raise Exit(DIFFERENT)


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
