"""``pgaudit models`` and ``pgaudit constructors``: what can be named."""

from __future__ import annotations

from pathlib import Path

import click

from pgaudit.cli.shared import completion
from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command, argument
from pgaudit.cli.shared.common import note, spinner, stdout_reserved, table_options, the_cache, write
from pgaudit.core.errors import UsageError
from pgaudit.render.choices import Colour, PageFormat


@click.command(
    cls=Command,
    examples=(
        "pgaudit models 'vit_*'",
        "pgaudit show vit_base_patch16_224",
    ),
)
@argument("glob", default="", shell_complete=completion.timm_names, help="Such as 'vit_*'.")
@shared.no_cache
@shared.traceback
def models(glob: str, no_cache: bool) -> None:
    """List the timm models that MODEL can name."""
    with stdout_reserved(), spinner("asking timm"):
        from pgaudit.models.timm_names import timm_names

        names = timm_names(glob, the_cache(unwanted=no_cache))
    write("".join(f"{name}\n" for name in names), None)


@click.command(
    cls=Command,
    examples=(
        "pgaudit constructors",
        "pgaudit constructors mmengine",
    ),
)
@argument("name", shell_complete=completion.constructors, help="One of them, in detail; all without one.")
@shared.choice("--format", "fmt", of=PageFormat, default="table", help="What to write.")
@shared.output
@shared.width
@shared.color
@shared.no_code
@shared.traceback
def constructors(name: str | None, fmt: PageFormat, output: Path | None, width: int | None, colour: Colour) -> None:
    """List the constructors that a config can name, with their sources; or say what one of them does.

    Markdown leaves plug-ins out.
    """
    from pgaudit.catalogue import listing
    from pgaudit.render.pages import constructors as rendered

    broken: list[UsageError] = []
    if name is not None:
        entries = [listing.entry(name)]
    elif fmt == "markdown":
        entries = listing.built_in()
    else:
        entries, broken = listing.everything()
    options = table_options(output, colour, width)
    if fmt == "json":
        text = rendered.render_json(entries)
    elif fmt == "markdown":
        text = rendered.render_markdown(entries)
    else:
        text = rendered.render_list(entries, options) if name is None else rendered.render_entry(entries[0], options)
    note([str(error) for error in broken])
    write(text, output)
