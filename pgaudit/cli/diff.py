"""``pgaudit diff``: what changes between two sources, parameter by parameter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click
from click.exceptions import Exit

from pgaudit.cli.shared import completion, what_if
from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command, argument
from pgaudit.cli.shared.common import (
    note,
    parse_model_args,
    references,
    spinner,
    stdout_reserved,
    table_options,
    the_cache,
    write,
)
from pgaudit.cli.shared.outputs import by_ending
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.cli.shared.schedule import TimeOptions
from pgaudit.cli.shared.sides import Named, alone_in, sides_in
from pgaudit.core.errors import OnlyAModel
from pgaudit.render.choices import Colour, DiffFormat

if TYPE_CHECKING:
    from pgaudit.config.what_if import WhatIf
    from pgaudit.diff import Diff
    from pgaudit.models.cache import Cache
    from pgaudit.render.terminal import TableOptions
    from pgaudit.sources.pair import ReportPair

DIFFERENT = 1
"""The exit code of ``--exit-code`` where the sides differ."""


@click.command(
    cls=Command,
    examples=(
        "pgaudit diff a.yaml b.yaml --model resnet50",
        "pgaudit diff resnet50 config.yaml train.py:make  # where the code has drifted",
        "pgaudit diff resnet50 config.yaml --lr 0.01      # what that would change",
        "pgaudit diff a.yaml b.yaml -o diff.html          # a page: both configs side by side",
    ),
)
@argument(
    "sources",
    nargs=-1,
    type=shared.NAME,
    shell_complete=completion.models,
    metavar="SOURCE",
    help="Two of them, how it was and how it is now: a config, a JSON report, a lock, code that is or returns an "
    "optimizer (file.py:attribute), or a checkpoint; each may have its MODEL before it. Or one config, and what to try "
    "on it.",
)
@click.option(
    "--model",
    "-m",
    metavar="MODEL",
    shell_complete=completion.models,
    help="Instead of the configs' own `model:`.",
)
@click.option("--fold/--no-fold", default=True, help="Join rows that repeat over blocks.")
@click.option(
    "--rules/--no-rules", default=True, help="List parameters whose rule is another, and its effect the same."
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 where anything but a rule differs.")
@what_if.options
@shared.at
@shared.scheduler
@shared.run
@shared.epoch_steps
@shared.choice("--format", "fmt", of=DiffFormat, default="table", help="What to write.")
@shared.output
@shared.key
@shared.model_args
@shared.constructor
@shared.no_cache
@shared.width
@shared.color
@shared.no_code
@shared.traceback
def diff(
    sources: tuple[str, ...],
    model: str | None,
    fold: bool,
    rules: bool,
    exit_code: bool,
    at: str | None,
    scheduler: str | None,
    run: int | None,
    epoch_steps: int | None,
    fmt: DiffFormat,
    output: Path | None,
    key: str | None,
    model_args: tuple[str, ...],
    constructor: str | None,
    no_cache: bool,
    width: int | None,
    colour: Colour,
) -> None:
    """Show what changes from A to B: every lr and weight decay that differs, and the rules behind it.

    Of one config, shows what --lr, --set and the like would change; of two sources, they are tried on B.
    """
    fmt = by_ending(fmt, output, get_args(DiffFormat))
    trial = what_if.tried()
    tries = trial is not None or constructor is not None
    alone = alone_in(sources, model) if tries else None
    named = (alone,) if alone else sides_in(sources)
    keep_inputs([output], [path for _, path in named], [model, *(ref for ref, _ in named)])
    arguments, cache = parse_model_args(model_args), the_cache(unwanted=no_cache)
    time = TimeOptions(at, scheduler, run, epoch_steps)
    try:
        sides = _sides(named, model, arguments, constructor, key, cache, time, trial)
    except OnlyAModel:
        if not tries or len(sources) != 2:
            raise
        named = (references(*sources, command="diff", model=model),)  # the code before the config is its model
        sides = _sides(named, model, arguments, constructor, key, cache, time, trial)
    from pgaudit.diff import compare

    found = compare(sides.a, sides.b)
    text = _rendered(found, fmt, table_options(output, colour, width, fold=fold), rules=rules)
    note([*sides.notes, *found.notes, *what_if.remarks(found.b, trial)])
    write(text, output)
    if exit_code and found.differs:
        raise Exit(DIFFERENT)


def _sides(
    named: Sequence[Named],
    model: str | None,
    model_args: dict[str, object],
    constructor: str | None,
    key: str | None,
    cache: Cache | None,
    time: TimeOptions,
    trial: WhatIf | None,
) -> ReportPair:
    from pgaudit.sources.source import open_side, open_trial

    (ref, path), (new_ref, new_path) = named[0], named[-1]
    with stdout_reserved():  # before anything heavy; a config may be code
        if len(named) == 1:
            one, other = open_trial(path, ref, trial, constructor=constructor, key=key)
        else:
            one = open_side(path, ref, constructor=constructor, key=key)
            other = open_side(new_path, new_ref, constructor=constructor, key=key, what_if=trial)
    with stdout_reserved(), spinner(f"comparing {one.path} and {other.path}"):
        from pgaudit.sources.pair import audit_pair

        before, after = (time.request(side.found, lambda message: note([message])) for side in (one, other))
        return audit_pair(one, other, model=model, model_args=model_args, cache=cache, requests=(before, after))


def _rendered(found: Diff, fmt: DiffFormat, options: TableOptions, *, rules: bool) -> str:
    if fmt == "table":
        from pgaudit.render.diff.table import render_diff_table

        return render_diff_table(found, options, rules=rules)
    if fmt == "json":
        from pgaudit.render.diff.data import render_diff_json

        return render_diff_json(found, rules=rules)
    if fmt == "markdown":
        from pgaudit.render.diff.data import render_diff_markdown

        return render_diff_markdown(found, fold=options.fold, rules=rules)
    if fmt == "html":
        from pgaudit.render.diff.html import render_diff_html

        return render_diff_html(found, fold=options.fold, rules=rules)
    from pgaudit.render.diff.github import render_diff_github

    return render_diff_github(found, rules=rules)
