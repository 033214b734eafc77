"""``pgaudit explain``: every rule that was tried for a parameter, in order."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from pgaudit.cli.shared import completion, what_if
from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command, argument
from pgaudit.cli.shared.common import (
    audited,
    is_config,
    note,
    parse_model_args,
    references,
    table_options,
    the_cache,
    write,
)
from pgaudit.cli.shared.outputs import by_ending
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.cli.shared.schedule import TimeOptions
from pgaudit.core.errors import UsageError
from pgaudit.render.choices import Colour, PlainFormat
from pgaudit.user_code.imports import is_code, is_file


def _is_source(argument: str) -> bool:
    from pgaudit.checkpoints import is_checkpoint
    from pgaudit.sources.files import is_saved

    return is_config(argument) or is_code(argument) or is_checkpoint(argument) or is_saved(argument)


def _meant(
    model: str | None, config: str | None, param: str | None, named: str | None, *, tries: bool
) -> tuple[str | None, str | None, str]:
    """The model, the source and the parameter. What is tried needs no source: a model and a parameter are enough."""
    given = [word for word in (named, model, config, param) if word is not None]
    if tries and len(given) == 2:
        ref, name = given
        if not (_is_source(name) or is_file(name) or (named is None and _is_source(ref))):
            return ref, None, name
    if param is None and model is not None and config is not None and _is_source(model) and not is_config(config):
        config, param = None, config
    if param is None:
        raise UsageError("PARAM is missing", "pgaudit explain MODEL CONFIG PARAM")
    return *references(model, config, command="explain", model=named), param


@click.command(
    cls=Command,
    examples=(
        "pgaudit explain resnet50 config.yaml fc.weight",
        "pgaudit explain config.yaml '*.bias' --at 0,1000",
        "pgaudit explain resnet50 fc.weight --optimizer SGD",
    ),
)
@shared.model_as_in_show
@shared.source_or_parameter
@argument("param", shell_complete=completion.parameters, help="A parameter's name, an alias, a module, or a glob.")
@what_if.options
@shared.choice("--format", "fmt", of=PlainFormat, default="table", help="What to write.")
@shared.output
@shared.at
@shared.scheduler
@shared.run
@shared.epoch_steps
@shared.model_option
@shared.key
@shared.model_args
@shared.constructor
@shared.no_cache
@shared.width
@shared.color
@shared.no_code
@shared.traceback
def explain(
    model: str | None,
    config: str | None,
    param: str | None,
    fmt: PlainFormat,
    output: Path | None,
    at: str | None,
    scheduler: str | None,
    run: int | None,
    epoch_steps: int | None,
    named: str | None,
    key: str | None,
    model_args: tuple[str, ...],
    constructor: str | None,
    no_cache: bool,
    width: int | None,
    colour: Colour,
) -> None:
    """Explain a parameter's lr and weight decay: each rule in the order of evaluation, and what beat it."""
    fmt = by_ending(fmt, output, get_args(PlainFormat))
    trial = what_if.tried()
    model_ref, config_path, param = _meant(model, config, param, named, tries=bool(trial or constructor))
    keep_inputs([output], [config_path], [model_ref])
    arguments = parse_model_args(model_args)
    time = TimeOptions(at, scheduler, run, epoch_steps)
    report = audited(model_ref, config_path, arguments, constructor, the_cache(unwanted=no_cache), key, time, trial)
    from pgaudit.explanation import explanations, matching
    from pgaudit.render.pages.explain import render_explanations
    from pgaudit.render.pages.explain_data import render_json

    found = explanations(report, matching(report, param))
    note([*report.notes, *what_if.remarks(report, trial)])
    if fmt == "json":
        write(render_json(report, found), output)
        return
    write(render_explanations(report, found, table_options(output, colour, width)), output)
