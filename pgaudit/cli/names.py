"""``pgaudit models`` and ``pgaudit constructors``: what can be named."""

from __future__ import annotations

from typing import Annotated

import typer

from pgaudit.cli.common import report_stream_kept, spinner, write
from pgaudit.cli.options import Traceback


def models(
    glob: Annotated[str, typer.Argument(metavar="GLOB", show_default=False, help="Such as 'vit_*'.")] = "",
    traceback: Traceback = False,
) -> None:
    """List the timm models that MODEL can name."""
    with report_stream_kept(), spinner("asking timm"):
        from pgaudit.inventory.sources import timm_models

        names = timm_models(glob)
    write("".join(f"{name}\n" for name in names), None)


def constructors() -> None:
    """List the constructors that a config can name."""
    from pgaudit.config.grammars import BUILT_IN

    width = max(map(len, BUILT_IN))
    write("".join(f"{name:<{width}}  {grammar.title}\n" for name, grammar in BUILT_IN.items()), None)
