"""``pgaudit resume``: what happens where a checkpoint is loaded into what a config or code builds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
from click.exceptions import Exit

from pgaudit.cli.shared import completion
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
from pgaudit.core.errors import UsageError
from pgaudit.core.findings import Threshold, at_least
from pgaudit.render.choices import Colour, ResumeFormat
from pgaudit.text import quoted

if TYPE_CHECKING:
    from pgaudit.models.cache import Cache
    from pgaudit.render.terminal import TableOptions
    from pgaudit.report import Report
    from pgaudit.resume import Resumption

GOES_WRONG = 1
"""The exit code of a run that does not resume, or resumes wrong; with ``--fail-on``, of what reaches it."""


@click.command(
    cls=Command,
    examples=(
        "pgaudit resume last.ckpt config.yaml",
        "pgaudit resume last.ckpt train.py:make --fail-on warning",
        "pgaudit resume last.ckpt config.yaml -o resume.html",
    ),
)
@argument("checkpoint", required=True, type=shared.NAME, help="What training would resume from: a file or a folder.")
@shared.model_as_in_show
@argument(
    "config",
    type=shared.NAME,
    shell_complete=completion.sources,
    metavar="SOURCE",
    help="What training would begin with: a config (YAML, or OpenMMLab's Python), or code that is or returns its "
    "optimizer (file.py:attribute).",
)
@shared.choice("--fail-on", of=Threshold, default="error", help="From which severity on findings fail.")
@shared.choice("--format", "fmt", of=ResumeFormat, default="table", help="What to write.")
@shared.output
@shared.model_option
@shared.key
@shared.model_args
@shared.constructor
@shared.no_cache
@shared.width
@shared.color
@shared.no_code
@shared.traceback
def resume(
    checkpoint: str,
    model: str | None,
    config: str | None,
    fail_on: Threshold,
    fmt: ResumeFormat,
    output: Path | None,
    named: str | None,
    key: str | None,
    model_args: tuple[str, ...],
    constructor: str | None,
    no_cache: bool,
    width: int | None,
    colour: Colour,
) -> None:
    """Say whether a checkpoint loads, whether every state lands on its own tensor, and which values it replaces.

    Exit code 1 where it does not load or loads wrong; with --fail-on warning, also where it replaces values.
    """
    fmt = by_ending(fmt, output, get_args(ResumeFormat))
    if model is None:
        raise UsageError("SOURCE is missing after the checkpoint", "pgaudit resume CHECKPOINT [MODEL] SOURCE")
    model_ref, config_path = references(model, config, command="resume CHECKPOINT", model=named)
    keep_inputs([output], [checkpoint, config_path], [model_ref])
    arguments = parse_model_args(model_args)
    found, report = _compared(checkpoint, key, model_ref, config_path, arguments, constructor, no_cache)
    text = _rendered(found, fmt, table_options(output, colour, width))
    note(report.notes)
    write(text, output)
    if any(at_least(finding.severity, fail_on) for finding in found.findings):
        raise Exit(GOES_WRONG)


def _compared(
    path: str,
    key: str | None,
    model: str | None,
    config_path: str,
    arguments: dict[str, Any],
    constructor: str | None,
    no_cache: bool,
) -> tuple[Resumption, Report]:
    from pgaudit.checkpoints import chosen, read_checkpoint
    from pgaudit.sources.source import read_source, report_of

    cache: Cache | None = the_cache(unwanted=no_cache)
    with stdout_reserved():  # a config may be code
        source = read_source(config_path, model, constructor=constructor)
        _refuse_saved(source, config_path, path)
        whole = read_checkpoint(path)
        checkpoint = whole if key is None else chosen(whole, key)
    with stdout_reserved(), spinner(f"building {model or 'the model'}"):
        report = report_of(source, model, model_args=arguments, cache=cache)
        from pgaudit.resume import resumption

        return resumption(checkpoint, report, whole=whole), report


def _refuse_saved(source: object, path: str, checkpoint: str) -> None:
    """Raises UsageError for a source of which nothing says what training would build."""
    from pgaudit.core.built import Checkpoint
    from pgaudit.report import Report

    if isinstance(source, Checkpoint):
        message = f"{quoted(path)} is a checkpoint, and SOURCE is what the run is started with: a config or code"
        raise UsageError(message, f"pgaudit diff {quoted(checkpoint)} {quoted(path)} compares two checkpoints")
    if isinstance(source, Report):
        message = f"{quoted(path)} is a saved report, which does not hold all values of its groups"
        raise UsageError(message, "name the config or the code that it was made from")


def _rendered(found: Resumption, fmt: ResumeFormat, options: TableOptions) -> str:
    if fmt == "html":
        from pgaudit.render.html.resume import render_resume_html

        return render_resume_html(found)
    from pgaudit.render.pages import resume as page

    if fmt == "json":
        return page.render_json(found)
    if fmt == "markdown":
        return page.render_markdown(found)
    return page.render_resumption(found, options)
