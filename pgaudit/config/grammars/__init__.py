"""Which constructors a config can name, and how each one's configs are written."""

from __future__ import annotations

from pgaudit.config.grammars.base import Grammar
from pgaudit.config.grammars.basecls import BASECLS
from pgaudit.config.grammars.openmmlab import MMCV, MMENGINE
from pgaudit.config.grammars.plugins import plugged, plugged_names
from pgaudit.config.grammars.rules import RULES
from pgaudit.text import did_you_mean, quoted

BUILT_IN = {grammar.name: grammar for grammar in (MMCV, MMENGINE, BASECLS, RULES)}
_BY_ALIAS = {alias: grammar for grammar in BUILT_IN.values() for alias in grammar.aliases}


def grammar_named(name: object) -> Grammar | None:
    """Returns the grammar of a constructor, by its name or one of its aliases; None if there is none.

    Raises:
        UsageError: a plug-in of that name cannot be loaded.
    """
    if not isinstance(name, str):
        return None
    found = BUILT_IN.get(name) or _BY_ALIAS.get(name)
    if found is None and (plugin := plugged(name)) is not None:
        found = plugin.grammar
    return found


def constructor_names() -> list[str]:
    """Returns what ``constructor:`` can say: the built-in ones, then those of plug-ins."""
    return [*BUILT_IN, *(name for name in plugged_names() if name not in BUILT_IN)]


def unknown_constructor(name: str) -> tuple[str, str]:
    """Returns what to say of a name that is none, and a hint."""
    known = constructor_names()
    hint = did_you_mean(name, [*known, *_BY_ALIAS]) or f"known: {', '.join(known)}"
    return f"unknown constructor {quoted(name)}", hint


__all__ = ["BUILT_IN", "Grammar", "constructor_names", "grammar_named", "unknown_constructor"]
