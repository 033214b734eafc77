"""Arguments and options that several commands have, each declared once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click

from pgaudit.cli.shared import completion
from pgaudit.cli.shared.command import F, argument
from pgaudit.cli.shared.common import LEAST_WIDTH
from pgaudit.files.inputs import STDIN
from pgaudit.render.choices import Colour

FILE = click.Path(readable=False, path_type=Path)
"""The path of a file of which click asks nothing: whoever opens it says what is wrong. Shells complete it."""


class _Name(click.Path):
    """The same as a string, for what may be a reference as well; ``-`` is standard input."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the name of the file."""
        return STDIN if value == "-" else super().convert(value, param, ctx)


NAME = _Name(readable=False)


def choice(*names: str, of: Any, **attrs: Any) -> Callable[[F], F]:
    """Declares an option that takes one of the words of a Literal."""
    words = get_args(of)
    attrs.setdefault("metavar", f"<{'|'.join(words)}>")
    return click.option(*names, type=click.Choice(words), **attrs)


model = argument(
    "model",
    type=NAME,
    shell_complete=completion.models,
    help="A timm name, package.module:attribute, file.py:attribute or a saved inventory; may be left to the config's "
    "`model:`.",
)
model_as_in_show = argument(
    "model",
    type=NAME,
    shell_complete=completion.models,
    help="As in `show`; may be left to the config's `model:`.",
)
config = argument("config", type=NAME, help="YAML, or OpenMMLab's Python.")
_SOURCE: dict[str, Any] = {
    "type": NAME,
    "metavar": "SOURCE",
    "help": "A config (YAML, TOML, JSON, OpenMMLab's Python; - is stdin), code that is or returns an optimizer "
    "(file.py:attribute), or a checkpoint.",
}
source = argument("config", shell_complete=completion.sources, **_SOURCE)
source_or_parameter = argument("config", shell_complete=completion.sources_or_parameters, **_SOURCE)
"""Where one argument may be enough, and a parameter stands behind it."""
model_option = click.option(
    "--model", "-m", "named", metavar="MODEL", shell_complete=completion.models, help="MODEL, as an option."
)
key = click.option("--key", metavar="PATH", help="Which optimizer of a checkpoint, such as 'optimizer_states[1]'.")
output = click.option("--output", "-o", type=FILE, metavar="FILE", help="Write to a file.")
model_args = click.option(
    "--model-arg",
    "model_args",
    metavar="KEY=VALUE",
    multiple=True,
    help="An argument of the model's factory; repeatable.",
)
constructor = click.option(
    "--constructor",
    metavar="NAME",
    shell_complete=completion.constructors,
    help="Used in place of the config's constructor.",
)
at = click.option(
    "--at",
    metavar="STEP,...",
    help="Show the lr after so many steps of the schedule, or epochs if that is what it counts.",
)
scheduler = click.option(
    "--scheduler",
    metavar="YAML",
    help="A schedule in place of the source's: '{type: CosineAnnealingLR, T_max: 100}'.",
)
plot = click.option("--plot", is_flag=True, help="Draw the lrs along the model; of a schedule, over the run, too.")
product = click.option(
    "--product", is_flag=True, help="Show weight decay × lr: what a step takes off a weight where decay is decoupled."
)
run = click.option(
    "--steps", "run", type=click.IntRange(min=1), metavar="N", help="How long the run is, in the schedule's own unit."
)
epoch_steps = click.option(
    "--epoch-steps", type=click.IntRange(min=1), metavar="N", help="Steps of an epoch, for a schedule that counts both."
)
width = click.option(
    "--width", type=click.IntRange(min=LEAST_WIDTH), metavar="CELLS", help="Instead of the terminal's width."
)
color = choice("--color", "colour", of=Colour, default="auto", help="Whether to write colours.")
no_cache = click.option("--no-cache", is_flag=True, help="Build the model anew, and keep nothing of it.")
verbose = click.option("--verbose", "-v", is_flag=True, help="Show in full what is otherwise only counted.")
no_code = click.option(
    "--no-code",
    is_flag=True,
    expose_value=False,  # main() looks for this and for --traceback
    help="Run no code but torch's and timm's: no file.py, no class or config that is code.",
)
_TRACEBACK: dict[str, Any] = {"is_flag": True, "help": "Show where an error comes from."}
traceback = click.option("--traceback", expose_value=False, **_TRACEBACK)
traceback_of_each = click.option("--traceback", **_TRACEBACK)
"""For commands that collect the errors of many audits, and go on."""
