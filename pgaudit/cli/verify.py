"""``pgaudit verify``: the answer of the real library against ours."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click
from click.exceptions import Exit

from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command
from pgaudit.cli.shared.common import (
    parse_model_args,
    read_config,
    references,
    spinner,
    stdout_reserved,
    table_options,
    the_cache,
    write,
)
from pgaudit.cli.shared.outputs import by_ending
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.core.errors import PgauditError
from pgaudit.render.choices import Colour, PlainFormat


@click.command(
    cls=Command,
    examples=(
        "pgaudit verify vit_base_patch16_224 config.yaml",
        "pgaudit verify config.yaml --format json",
    ),
)
@shared.model_as_in_show
@shared.config
@shared.choice("--format", "fmt", of=PlainFormat, default="table", help="What to write.")
@shared.output
@shared.model_args
@shared.constructor
@shared.width
@shared.color
@shared.no_code
@shared.traceback
def verify(
    model: str | None,
    config: str | None,
    fmt: PlainFormat,
    output: Path | None,
    model_args: tuple[str, ...],
    constructor: str | None,
    width: int | None,
    colour: Colour,
) -> None:
    """Build the optimizer through the real library, where it is installed, and compare every parameter.

    Exit code 1 if anything differs; 2 if both refuse the config.
    """
    fmt = by_ending(fmt, output, get_args(PlainFormat))
    model_ref, config_path = references(model, config, command="verify")
    keep_inputs([output], [config_path], [model_ref])
    arguments = parse_model_args(model_args)
    read = read_config(config_path, constructor)
    with stdout_reserved(), spinner(f"building {model_ref or read.model or 'the model'} twice"):
        from pgaudit.models.timm_names import refuse_unknown_model
        from pgaudit.verify.run import verify as verified

        refuse_unknown_model(model_ref, read, the_cache(unwanted=False))
        found = verified(model_ref, read, arguments)
    from pgaudit.render.pages.verify import render_json, render_verification

    options = table_options(output, colour, width)
    write(render_json(found) if fmt == "json" else render_verification(found, options), output)
    if not found.agrees:
        raise Exit(1)
    if found.ours_refused is not None:
        raise PgauditError(f"the config cannot be built: {found.ours_refused}")
