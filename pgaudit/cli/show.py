"""``pgaudit show``: every parameter's lr and weight decay, and the rule that decided each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgaudit.cli.shared import fixing
from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command
from pgaudit.cli.shared.common import audited, note, parse_model_args, references, table_options, the_cache, write
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.cli.shared.schedule import TimeOptions
from pgaudit.core.errors import UsageError
from pgaudit.render.choices import Colour, Format, GroupBy, Sort

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgaudit.render.select import Selection
    from pgaudit.render.terminal import TableOptions
    from pgaudit.report import Report


@click.command(cls=Command)
@shared.model
@shared.source
@click.option(
    "--filter", "-f", "filters", metavar="GLOB", multiple=True, help="Only parameters of these names; repeatable."
)
@click.option(
    "--rule",
    "-r",
    "rules",
    metavar="RULE",
    multiple=True,
    help="Only what this option, key or pattern decided; repeatable.",
)
@click.option(
    "--changed", "-c", is_flag=True, help="Only what differs from the base values, is frozen, or is left out."
)
@click.option("--fold", is_flag=True, help="Join rows that repeat over blocks: layer1.{0..2}.bn1.weight.")
@shared.choice("--group-by", of=GroupBy, help="Put rows under headings.")
@click.option("--groups", is_flag=True, help="List the optimizer's parameter groups, too.")
@shared.choice("--sort", of=Sort, default="model", help="The order of rows.")
@click.option("--mult", is_flag=True, help="Show by which factor a value differs from the base.")
@fixing.options
@shared.at
@shared.scheduler
@shared.run
@shared.epoch_steps
@shared.product
@shared.plot
@shared.choice("--format", "fmt", of=Format, default="table", help="What to write.")
@shared.output
@shared.model_option
@shared.key
@shared.model_args
@shared.constructor
@shared.no_cache
@shared.width
@shared.color
@shared.verbose
@shared.no_code
@shared.traceback
def show(
    model: str | None,
    config: str | None,
    filters: tuple[str, ...],
    rules: tuple[str, ...],
    changed: bool,
    fold: bool,
    group_by: GroupBy | None,
    groups: bool,
    sort: Sort,
    mult: bool,
    fix: bool,
    unsafe_fixes: bool,
    dry_run: bool,
    at: str | None,
    scheduler: str | None,
    run: int | None,
    epoch_steps: int | None,
    product: bool,
    plot: bool,
    fmt: Format,
    output: Path | None,
    named: str | None,
    key: str | None,
    model_args: tuple[str, ...],
    constructor: str | None,
    no_cache: bool,
    width: int | None,
    colour: Colour,
    verbose: bool,
) -> None:
    """Show every parameter's lr and weight decay, and the rule that decided each."""
    if fold and fmt in ("json", "csv"):
        raise UsageError(f"--fold is for people; {fmt} has one entry a parameter", "drop --fold")
    if plot and fmt in ("json", "csv"):
        raise UsageError(f"--plot is for people; {fmt} has the lr at the steps of --at", "drop --plot")
    model_ref, config_path = references(model, config, model=named)
    keep_inputs([output], [config_path], [model_ref])
    arguments = parse_model_args(model_args)
    time = TimeOptions(at, scheduler, run, epoch_steps, plot=plot, product=product)
    cache = the_cache(unwanted=no_cache)
    if (wish := fixing.Wish(fix, unsafe_fixes, dry_run)).fixes:
        from pgaudit.gate import Audit

        same: dict[str, Any] = {"key": key, "scheduler": scheduler, "steps": run, "epoch_steps": epoch_steps}
        audit = Audit(model_ref, config_path, "", arguments, constructor, cache=cache, **same)
        fixing.fix_configs([audit], wish, colour)
    report = audited(model_ref, config_path, arguments, constructor, cache, key, time)
    from pgaudit.render.select import Selection

    selection = Selection(filters, rules, changed, sort, group_by)
    options = table_options(output, colour, width, fold=fold, groups=groups, mult=mult, verbose=verbose, plot=plot)
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

        return render_markdown(report, selection, folded=options.fold, plot=options.plot)
    from pgaudit.render.report import data

    if fmt == "json":
        return data.render_json(report, selection)
    return data.render_csv(report, selection)
