"""Options that several commands have, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pgaudit.cli.shared import completion
from pgaudit.render.choices import Colour

Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.", show_default=False)
]
Model = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL",
        show_default=False,
        autocompletion=completion.models,
        help="A timm name, package.module:attribute, file.py:attribute or a saved inventory; may be left to the "
        "config's `model:`.",
    ),
]
ModelAsInShow = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL",
        show_default=False,
        autocompletion=completion.models,
        help="As in `show`; may be left to the config's `model:`.",
    ),
]
ConfigFile = Annotated[
    str | None, typer.Argument(metavar="CONFIG", show_default=False, help="YAML, or OpenMMLab's Python.")
]
ModelArgs = Annotated[
    list[str] | None,
    typer.Option("--model-arg", metavar="KEY=VALUE", help="An argument of the model's factory; repeatable."),
]
Constructor = Annotated[
    str | None,
    typer.Option(
        "--constructor", metavar="NAME", help="Used in place of the config's constructor.", show_default=False
    ),
]
Width = Annotated[
    int | None,
    typer.Option("--width", min=20, metavar="CELLS", show_default=False, help="Instead of the terminal's width."),
]
Color = Annotated[Colour, typer.Option("--color", help="Whether to write colours.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Build the model anew, and keep nothing of it.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show in full what is otherwise only counted.")]
NoCode = Annotated[
    bool,
    typer.Option("--no-code", help="Run no code but torch's and timm's: no file.py, no class or config that is code."),
]
Traceback = Annotated[bool, typer.Option("--traceback", help="Show where an error comes from.")]
