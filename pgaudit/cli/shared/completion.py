"""What a shell completes. typer writes the scripts, and asks for the words that only pgaudit knows here."""

from __future__ import annotations

import os
from collections.abc import Iterator

VARIABLE = "_PGAUDIT_COMPLETE"
OPTIONS = ("--install-completion", "--show-completion")


def asked_by_a_shell() -> bool:
    """Whether a shell asks for its script, or for words.

    Both ``bash_source``, as click says it, and ``source_bash``, as typer does, are understood.
    """
    words = os.environ.get(VARIABLE, "")
    first, _, second = words.partition("_")
    if second in ("source", "complete"):
        os.environ[VARIABLE] = f"{second}_{first}"
    if words:
        os.environ.setdefault("COMP_WORDS", "")
        if not os.environ.get("COMP_CWORD", "").isdecimal():  # a script of somebody's own; bash itself always counts
            os.environ["COMP_CWORD"] = "0"
    return bool(words)


def models(incomplete: str) -> list[str]:
    """Returns timm's names, as far as the cache has them: a shell does not wait for torch. Without a letter, files come
    first.
    """
    if not incomplete:
        return []
    from pgaudit.models.cache import Cache

    names = Cache().get("lists", "models") or []  # silently: the shell's line is no place for a note
    return [name for name in names if name.startswith(incomplete)]


def findings(incomplete: str) -> Iterator[tuple[str, str]]:
    """Yields the codes and the names of findings, each with what it says."""
    from pgaudit.checks.documentation import all_documentation

    for each in all_documentation():
        for word in (each.kind.code, each.kind.name):
            if word.startswith(incomplete):
                yield word, each.title
