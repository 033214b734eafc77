"""The words that a shell completes, and that only pgaudit knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def models(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Returns timm's names, as far as the cache has them: a shell does not wait for torch. Without a letter, files come
    first.
    """
    from click.shell_completion import CompletionItem

    from pgaudit.models.cache import Cache

    names = (Cache().get("lists", "models") or []) if incomplete else []  # silently: no note into the shell's line
    found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


def findings(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Returns the codes and the names of findings, each with what it says."""
    from click.shell_completion import CompletionItem

    from pgaudit.checks.documentation import all_documentation

    words = [(word, each.title) for each in all_documentation() for word in (each.kind.code, each.kind.name)]
    return [CompletionItem(word, help=title) for word, title in words if word.startswith(incomplete)]
