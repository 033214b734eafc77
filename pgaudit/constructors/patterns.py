"""The rules of one config as things to ask: whether a parameter is theirs, and on what they match.

Deciding does not go through these; checks and explanations do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pgaudit.config.layouts import Path
from pgaudit.constructors.evaluation import Spans
from pgaudit.core.parameters import Visit
from pgaudit.core.setting import Provenance


@dataclass(frozen=True)
class Pattern:
    """One rule of a config: a custom key, a pattern, or an option."""

    rule: Provenance
    at: Path
    """Where it stands in the config, section first; empty for a rule of the library's own, which no config can change.
    """
    states: frozenset[str]
    """Which of ``lr`` and ``weight_decay`` it names itself; the other it leaves at, or returns to, the base value."""
    find: Callable[[Visit], Spans | None]
    """Returns the matching parts of what is searched, none of them for a match on the module; None for no match."""
    says: Callable[[Visit], str]
    """Says in words on what it matched, or why it did not."""
    searched: Callable[[Visit], str] | None = None
    """Returns the text in which a key or a pattern is searched; None where a rule looks at the module."""
    regex: bool = False
    """Whether it is a regular expression, rather than a part of a name."""
    in_text: Callable[[str], Spans | None] | None = None
    """The same as ``find``, of what is searched: given where many rules search one text."""
    whole: bool = False
    """Whether what is searched must match from end to end: a glob, or what pgaudit's own policy makes of it."""

    @property
    def written(self) -> bool:
        """Whether it stands in the config, so that somebody can fix it."""
        return bool(self.at)


def occurrences(key: str, text: str) -> Spans | None:
    """Returns where ``key`` stands in ``text``; an empty key stands everywhere, and so nowhere in particular."""
    if key not in text:
        return None
    found = []
    at = text.find(key) if key else -1
    while at >= 0:
        found.append((at, at + len(key)))
        at = text.find(key, at + 1)
    return tuple(found)
