"""``pgaudit verify``: the answer of the real library against ours."""

from __future__ import annotations

from typing import Annotated

import typer

from pgaudit.cli.shared.common import (
    parse_model_args,
    read_config,
    references,
    screen,
    spinner,
    stdout_reserved,
    the_cache,
    write,
)
from pgaudit.cli.shared.options import (
    Color,
    ConfigFile,
    Constructor,
    ModelArgs,
    ModelAsInShow,
    NoCode,
    Output,
    Traceback,
    Width,
)
from pgaudit.cli.shared.overwriting import keep_inputs
from pgaudit.core.errors import PgauditError
from pgaudit.render.choices import PlainFormat


def verify(
    model: ModelAsInShow = None,
    config: ConfigFile = None,
    fmt: Annotated[PlainFormat, typer.Option("--format", help="What to write.")] = "table",
    output: Output = None,
    model_args: ModelArgs = None,
    constructor: Constructor = None,
    width: Width = None,
    colour: Color = "auto",
    no_code: NoCode = False,
    traceback: Traceback = False,
) -> None:
    """Build the optimizer through the real library, where it is installed, and compare every parameter.

    Exit code 1 if anything differs; 2 if both refuse the config.
    """
    model_ref, config_path = references(model, config, command="verify")
    keep_inputs([output], [config_path], [model_ref])
    arguments = parse_model_args(model_args or [])
    read = read_config(config_path, constructor)
    with stdout_reserved(), spinner(f"building {model_ref or read.model or 'the model'} twice"):
        from pgaudit.models.timm_names import refuse_unknown_model
        from pgaudit.verify.run import verify as verified

        refuse_unknown_model(model_ref, read, the_cache(unwanted=False))
        found = verified(model_ref, read, arguments)
    from pgaudit.render.pages.verify import render_json, render_verification
    from pgaudit.render.style import marks_for
    from pgaudit.render.terminal import TableOptions

    end = screen(output, colour, width)
    options = TableOptions(end.width, end.colour, marks_for(end.encoding))
    write(render_json(found) if fmt == "json" else render_verification(found, options), output)
    if not found.agrees:
        raise typer.Exit(1)
    if found.ours_refused is not None:
        raise PgauditError(f"the config cannot be built: {found.ours_refused}")
