"""``pgaudit show``: every parameter's lr and weight decay, and the rule that decided each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from pgaudit.cli.shared import choosing, completion, fixing, what_if
from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command
from pgaudit.cli.shared.common import (
    audited,
    model_and_source,
    note,
    parse_model_args,
    screen,
    table_options,
    the_cache,
    write,
)
from pgaudit.cli.shared.outputs import by_ending
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.cli.shared.schedule import TimeOptions
from pgaudit.core.errors import OnlyAModel, UsageError
from pgaudit.render.choices import Colour, Format, GroupBy, Sort

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pgaudit.models.cache import Cache
    from pgaudit.render.select import Selection
    from pgaudit.render.terminal import TableOptions
    from pgaudit.report import Report


_LEVELS = 3
"""Levels of modules that a tree shows where nobody says how many."""


@click.command(
    cls=Command,
    examples=(
        "pgaudit show resnet50                        # what there is to train",
        "pgaudit show resnet50 config.yaml            # what each parameter gets, and why",
        "pgaudit show config.yaml -o report.html      # a page to open, or to send",
        "pgaudit show train.py:make --tree            # what an optimizer really holds",
    ),
)
@shared.model
@shared.source
@click.option(
    "--filter",
    "-f",
    "filters",
    metavar="GLOB",
    multiple=True,
    shell_complete=completion.parameters,
    help="Only parameters of these names; repeatable.",
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
@click.option(
    "--fold", is_flag=True, help="Join rows that repeat over blocks: layer1.{0..2}.bn1.weight. A terminal always does."
)
@click.option("--all", "-a", "every", is_flag=True, help="A row for every parameter, on a terminal, too.")
@click.option("--tree", is_flag=True, help="Show modules in place of parameters, each with what it holds.")
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many levels --tree shows, in place of 3.",
)
@shared.choice("--group-by", of=GroupBy, help="Put rows under headings.")
@click.option("--groups", is_flag=True, help="List the optimizer's parameter groups, too.")
@shared.choice("--sort", of=Sort, default="model", help="The order of rows.")
@click.option("--mult", is_flag=True, help="Show by which factor a value differs from the base.")
@choosing.select
@choosing.ignore
@choosing.severity
@fixing.options
@what_if.options
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
    every: bool,
    tree: bool,
    depth: int | None,
    group_by: GroupBy | None,
    groups: bool,
    sort: Sort,
    mult: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    severities: tuple[str, ...],
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
    fmt = by_ending(fmt, output, get_args(Format))
    levels = depth or (_LEVELS if tree else 0)
    _refuse_beside(fmt, fold=fold, plot=plot, tree=bool(levels))
    if levels:
        rows = {"--sort": sort != "model", "--group-by": group_by, "--mult": mult, "--at": at, "--product": product}
        _refuse_for_modules(rows)
    model_ref, config_path = model_and_source(model, config, named)
    keep_inputs([output], [config_path], [model_ref])
    arguments = parse_model_args(model_args)
    time = TimeOptions(at, scheduler, run, epoch_steps, plot=plot, sketch=fmt == "html", product=product)
    wish = fixing.Wish(fix, unsafe_fixes, dry_run)
    cache, trial = the_cache(unwanted=no_cache), what_if.tried(beside=wish.written)
    if wish.fixes:
        same: dict[str, Any] = {"key": key, "scheduler": scheduler, "steps": run, "epoch_steps": epoch_steps}
        _fix(wish, model_ref, config_path, arguments, constructor, cache, same, colour)
    try:
        report = audited(model_ref, config_path, arguments, constructor, cache, key, time, trial)
    except OnlyAModel:
        model_ref, config_path = config_path, None
        report = audited(model_ref, None, arguments, constructor, cache, key, time, trial)
    if (choice := choosing.choice_of(select, ignore, severities)) is not None:
        report = choice.of(report)
    from pgaudit.render.select import Selection

    brief = fmt == "table" and not every and screen(output, colour, width).terminal
    frozen = not brief or bool(filters or rules or changed)  # what is asked for by name has its rows
    selection = Selection(filters, rules, changed, sort, group_by, frozen)
    folded = (fold or brief) and not every
    options = table_options(
        output, colour, width, fold=folded, groups=groups, mult=mult, verbose=verbose, plot=plot, depth=levels
    )
    note(report.notes)
    asked = trial, constructor, levels, groups, mult, at, scheduler, product, plot, every
    if config_path is None and fmt == "table" and selection == Selection(frozen=frozen) and not any(asked):
        from pgaudit.render.pages.model import render_model

        write(render_model(report, options), output)
        return
    write(_rendered(report, selection, options, fmt), output)


def _refuse_beside(fmt: Format, *, fold: bool, plot: bool, tree: bool) -> None:
    """Raises UsageError for what only people can use, or only text can show, beside another format."""
    for option, given, unlike, instead in (
        ("--fold", fold, ("json", "csv", "html"), "one entry a parameter"),
        ("--plot", plot, ("json", "csv"), "the lr at the steps of --at"),
        ("--tree", tree, ("json", "csv", "markdown", "html"), "one entry a parameter"),
    ):
        if given and fmt in unlike:
            whom = "text" if fmt == "html" else "people"
            raise UsageError(f"{option} is for {whom}; {fmt} has {instead}", f"drop {option}")


def _refuse_for_modules(given: Mapping[str, object]) -> None:
    """Raises UsageError for what is said of the rows of parameters, beside a table of modules."""
    for option in filter(given.get, given):
        raise UsageError(f"--tree shows modules as the model has them; {option} is about parameters", f"drop {option}")


def _fix(
    wish: fixing.Wish,
    model: str | None,
    config: str | None,
    arguments: dict[str, Any],
    constructor: str | None,
    cache: Cache | None,
    same: dict[str, Any],
    colour: Colour,
) -> None:
    if config is None:
        raise UsageError("--fix writes into a config, and none is named", "pgaudit show MODEL CONFIG --fix")
    from pgaudit.gate import Audit

    fixing.fix_configs([Audit(model, config, "", arguments, constructor, cache=cache, **same)], wish, colour)


def _rendered(report: Report, selection: Selection, options: TableOptions, fmt: Format) -> str | Iterator[str]:
    if fmt == "table":
        from pgaudit.render.report.table import render_table

        return render_table(report, selection, options)
    if fmt == "svg":
        from pgaudit.render.report.svg import render_svg

        return render_svg(report, selection, options)
    if fmt == "html":
        from pgaudit.render.html.page import render_html

        return render_html(report, selection)
    if fmt == "markdown":
        from pgaudit.render.report.markdown import render_markdown

        return render_markdown(report, selection, folded=options.fold, plot=options.plot)
    from pgaudit.render.report import data

    if fmt == "json":
        return data.render_json(report, selection)
    return data.render_csv(report, selection)
