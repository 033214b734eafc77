"""``pgaudit cache``: what was found out about timm's models, and where it is kept."""

from __future__ import annotations

from typing import get_args

import click

from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command, argument
from pgaudit.cli.shared.common import note, write
from pgaudit.core.errors import UsageError
from pgaudit.render.choices import CacheAction
from pgaudit.render.numbers import byte_count
from pgaudit.text import counted, quoted, visible


@click.command(
    cls=Command,
    examples=(
        "pgaudit cache",
        "pgaudit cache clear",
    ),
)
@argument("action", type=click.Choice(get_args(CacheAction)), default="info", help="`info` or `clear`.")
@shared.traceback
def cache(action: CacheAction) -> None:
    """Show what is kept of timm's models, so that a second run needs no torch; or take it out.

    PGAUDIT_CACHE_DIR says where, and --no-cache does without.
    """
    from pgaudit.models.cache import Cache

    kept = Cache()
    if (why := kept.refusal()) is not None:
        note([f"no run uses it, for {why}"])
    if action == "info":
        used = kept.usage()
        stale = f", {byte_count(used.stale_bytes)} of it of other versions" if used.stale_bytes else ""
        held = f"{counted(used.models, 'model')}, {byte_count(used.bytes)}{stale}"
        write(f"{visible(kept.folder)}\n{held}; at most {byte_count(kept.most_bytes)}\n", None)
        return
    try:
        before = kept.clear()
    except OSError as error:
        raise UsageError(f"cannot clear {quoted(kept.folder)}: {error.strerror}") from None
    write(f"{visible(kept.folder)}: {byte_count(before.bytes)} removed\n", None)
