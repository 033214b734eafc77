"""``pgaudit show``: every parameter's lr and weight decay, and the rule that decided each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pgaudit.cli.shared.common import audited, note, parse_model_args, references, screen, the_cache, write
from pgaudit.cli.shared.options import (
    Color,
    ConfigFile,
    Constructor,
    Model,
    ModelArgs,
    NoCache,
    NoCode,
    Output,
    Traceback,
    Verbose,
    Width,
)
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.core.errors import UsageError
from pgaudit.render.choices import Format, GroupBy, Sort

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgaudit.render.select import Selection
    from pgaudit.render.terminal import TableOptions
    from pgaudit.report import Report


def show(
    model: Model = None,
    config: ConfigFile = None,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", "-f", metavar="GLOB", help="Only parameters of these names; repeatable."),
    ] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option("--rule", "-r", metavar="RULE", help="Only what this option, key or pattern decided; repeatable."),
    ] = None,
    changed: Annotated[
        bool, typer.Option("--changed", "-c", help="Only what differs from the base values, is frozen, or is left out.")
    ] = False,
    fold: Annotated[
        bool, typer.Option("--fold", help="Join rows that repeat over blocks: layer1.{0..2}.bn1.weight.")
    ] = False,
    group_by: Annotated[
        GroupBy | None, typer.Option("--group-by", help="Put rows under headings.", show_default=False)
    ] = None,
    groups: Annotated[bool, typer.Option("--groups", help="List the optimizer's parameter groups, too.")] = False,
    sort: Annotated[Sort, typer.Option("--sort", help="The order of rows.")] = "model",
    mult: Annotated[bool, typer.Option("--mult", help="Show by which factor a value differs from the base.")] = False,
    fmt: Annotated[Format, typer.Option("--format", help="What to write.")] = "table",
    output: Output = None,
    model_args: ModelArgs = None,
    constructor: Constructor = None,
    no_cache: NoCache = False,
    width: Width = None,
    colour: Color = "auto",
    verbose: Verbose = False,
    no_code: NoCode = False,
    traceback: Traceback = False,
) -> None:
    """Show every parameter's lr and weight decay, and the rule that decided each."""
    if fold and fmt in ("json", "csv"):
        raise UsageError(f"--fold is for people; {fmt} has one entry a parameter", "drop --fold")
    model_ref, config_path = references(model, config)
    keep_inputs([output], [config_path], [model_ref])
    arguments = parse_model_args(model_args or [])
    report = audited(model_ref, config_path, arguments, constructor, the_cache(unwanted=no_cache))
    from pgaudit.render.select import Selection
    from pgaudit.render.style import marks_for
    from pgaudit.render.terminal import TableOptions

    end = screen(output, colour, width)
    selection = Selection(tuple(filters or ()), tuple(rules or ()), changed, sort, group_by)
    options = TableOptions(end.width, end.colour, marks_for(end.encoding), fold, groups, mult, verbose)
    text = _rendered(report, selection, options, fmt)
    note(report.notes)
    write(text, output)


def _rendered(report: Report, selection: Selection, options: TableOptions, fmt: Format) -> str | Iterator[str]:
    if fmt == "table":
        from pgaudit.render.report.table import render_table

        return render_table(report, selection, options)
    if fmt == "svg":
        from pgaudit.render.report.svg import render_svg

        return render_svg(report, selection, options)
    if fmt == "markdown":
        from pgaudit.render.report.markdown import render_markdown

        return render_markdown(report, selection, folded=options.fold)
    from pgaudit.render.report import data

    if fmt == "json":
        return data.render_json(report, selection)
    return data.render_csv(report, selection)
