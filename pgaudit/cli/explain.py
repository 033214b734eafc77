"""``pgaudit explain``: every rule that was tried for a parameter, in order."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from pgaudit.cli.common import audited, is_yaml, note, references, screen, write
from pgaudit.errors import UsageError
from pgaudit.render.choices import Colour


@enum.unique
class ExplainFormat(str, enum.Enum):
    """What an explanation is written as."""

    TABLE = "table"
    JSON = "json"


def explain(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", show_default=False, help="As in `show`; may be left to the config's `model:`."),
    ] = None,
    config: Annotated[str | None, typer.Argument(metavar="CONFIG", show_default=False, help="A YAML file.")] = None,
    param: Annotated[
        str | None,
        typer.Argument(metavar="PARAM", show_default=False, help="A parameter's name, an alias, a module, or a glob."),
    ] = None,
    fmt: Annotated[ExplainFormat, typer.Option("--format", help="What to write.")] = ExplainFormat.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.", show_default=False)
    ] = None,
    model_args: Annotated[
        list[str] | None,
        typer.Option("--model-arg", metavar="KEY=VALUE", help="An argument of the model's factory; repeatable."),
    ] = None,
    constructor: Annotated[
        str | None,
        typer.Option(
            "--constructor", metavar="NAME", help="Take the place of the config's constructor.", show_default=False
        ),
    ] = None,
    width: Annotated[
        int | None,
        typer.Option("--width", min=20, metavar="CELLS", show_default=False, help="Instead of the terminal's width."),
    ] = None,
    colour: Annotated[Colour, typer.Option("--color", help="Whether to write colours.")] = Colour.AUTO,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where an error comes from.")] = False,
) -> None:
    """Explain a parameter's lr and weight decay: each rule in the order of trial, and what beat it."""
    if param is None and model is not None and config is not None and is_yaml(model):
        model, config, param = None, model, config
    if param is None:
        raise UsageError("PARAM is missing", "pgaudit explain MODEL CONFIG PARAM")
    model_ref, config_path = (None, config) if model is None else references(model, config, command="explain")
    assert config_path is not None
    report = audited(model_ref, config_path, model_args, constructor)
    from pgaudit.explanation import explanations, matching
    from pgaudit.render.explain import render_explanations
    from pgaudit.render.explain_data import render_json
    from pgaudit.render.rows import TableOptions
    from pgaudit.render.style import marks_for

    found = explanations(report, matching(report, param))
    note(report.inventory.notes)
    if fmt is ExplainFormat.JSON:
        write(render_json(report, found), output)
        return
    end = screen(output, colour, width)
    write(render_explanations(report, found, TableOptions(end.width, end.colour, marks_for(end.encoding))), output)
