"""``pgaudit convert``: a policy, code or a checkpoint in a library's words, proved to come to the same."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgaudit.cli.shared import completion
from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command
from pgaudit.cli.shared.common import is_config, note, parse_model_args, spinner, stdout_reserved, the_cache, write
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.core.config import Config
from pgaudit.core.errors import OnlyAModel, UsageError
from pgaudit.text import did_you_mean, quoted, visible
from pgaudit.user_code.imports import is_code

if TYPE_CHECKING:
    from pgaudit.convert import Converted
    from pgaudit.sources.source import Source

TARGETS = ("rules", "mmcv", "mmengine", "timm", "basecls", "python")
"""As in :data:`pgaudit.convert.TARGETS`, which is too heavy to ask for `--help`."""


@click.command(
    cls=Command,
    examples=(
        "pgaudit convert config.yaml --to mmengine",
        "pgaudit convert train.py:make --to rules -o policy.yaml",
    ),
)
@shared.source
@click.option(
    "--to",
    metavar="TARGET",
    shell_complete=completion.words(TARGETS),
    help=f"One of {', '.join(TARGETS)}.",
)
@click.option(
    "--model",
    "-m",
    metavar="MODEL",
    shell_complete=completion.models,
    help="The model of a config or a checkpoint.",
)
@click.option("--optimizer", metavar="CLASS", help="The class of a checkpoint's optimizer, such as AdamW.")
@click.option("--ignore-frozen", is_flag=True, help="Frozen parameters may be in the optimizer or not.")
@shared.output
@shared.key
@shared.model_args
@shared.constructor
@shared.no_code
@shared.traceback
def convert(
    config: str | None,
    to: str | None,
    model: str | None,
    optimizer: str | None,
    ignore_frozen: bool,
    output: Path | None,
    key: str | None,
    model_args: tuple[str, ...],
    constructor: str | None,
) -> None:
    """Write a policy in a library's words, so that every parameter of the model gets the same.

    SOURCE is a policy in another library's words, or what was built: the way from code to a policy.

    The result is audited as well, and compared bit for bit, before it is written.
    """
    wanted = _target(to)
    if config is None:
        raise UsageError("SOURCE is missing", f"pgaudit convert SOURCE --to {wanted} --model MODEL")
    if model is not None and is_config(model) and not is_config(config):
        right = f"pgaudit convert {visible(model)} --to {wanted} --model {visible(config)}"
        raise UsageError(f"--model is a config, and {quoted(config)} is none", right)
    if not (is_config(config) or is_code(config) or os.path.lexists(config)):
        hint = f"a model alone holds no policy: pgaudit convert config.yaml --to {wanted} --model {visible(config)}"
        raise UsageError(f"{quoted(config)} is neither a file nor code that builds an optimizer", hint)
    keep_inputs([output], [config], [model])
    arguments = parse_model_args(model_args)
    from pgaudit.sources.source import read_source

    with stdout_reserved():  # before anything heavy: a typo answers at once
        read = read_source(config, model, constructor=constructor, key=key)
    with stdout_reserved(), spinner(f"building {model or getattr(read, 'model', None) or config}"):
        if isinstance(read, Config):
            if optimizer is not None:
                raise UsageError(f"--optimizer is for a checkpoint, and {quoted(config)} is none", "drop --optimizer")
            found = _of_config(read, wanted, model, arguments, ignore_frozen=ignore_frozen)
        else:
            found = _of_built(read, wanted, model, arguments, optimizer, ignore_frozen=ignore_frozen)
    note(found.notes)
    write(found.text, output)


def _of_config(
    read: Config, to: str, model: str | None, arguments: Mapping[str, Any], *, ignore_frozen: bool
) -> Converted:
    from pgaudit.convert import convert as converted
    from pgaudit.models.timm_names import refuse_unknown_model

    refuse_unknown_model(model, read, the_cache(unwanted=False))
    return converted(model, read, to, model_args=arguments, ignore_frozen=ignore_frozen)


def _of_built(
    read: Source,
    to: str,
    model: str | None,
    arguments: Mapping[str, Any],
    optimizer: str | None,
    *,
    ignore_frozen: bool,
) -> Converted:
    from pgaudit.convert import convert_built
    from pgaudit.sources.source import report_of

    try:
        report = report_of(read, model, model_args=arguments)
    except OnlyAModel as error:
        ref = visible(getattr(read, "path", ""))
        hint = f"name what makes its optimizer; or pgaudit convert config.yaml --to {to} --model {ref}"
        raise UsageError(f"{ref} is a model without an optimizer", hint) from error
    found = convert_built(report, to, optimizer=optimizer, model=model, ignore_frozen=ignore_frozen)
    return replace(found, notes=(*report.notes, *found.notes))


def _target(to: str | None) -> str:
    known = f"--to {', --to '.join(TARGETS)}"
    if to is None:
        raise UsageError("--to is missing", known)
    if to not in TARGETS:
        raise UsageError(f"nothing is written as {quoted(to)}", did_you_mean(to, TARGETS) or known)
    return to
