"""What a key was probably meant to be, as far as the model's own names tell. Nothing is proposed that does not match."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pgaudit.constructors.patterns import Pattern
from pgaudit.text import did_you_mean, quoted

if TYPE_CHECKING:
    from pgaudit.checks.base import Audited

_CLASSIFIERS = frozenset("fc head heads classifier cls_head linear last_linear head_fc".split())
_MOST = 4000
"""Names that are compared with a key; finding the nearest takes time."""


def for_dead_key(audited: Audited, pattern: Pattern) -> str | None:
    """Returns a hint for a key or pattern that matches no name, or None."""
    key = pattern.rule.key or ""
    names = [visit.name for visit in audited.inventory.visits]
    word = re.sub(r"^\^|\$$|\\(?=\.)", "", key) if pattern.regex else key
    if word.startswith(".") and any(name.startswith(word[1:]) for name in names):
        return f"{quoted(word[1:])} stands at the root, where no dot comes before it"
    plain = word.strip(".")
    if plain.startswith("module.") and any(plain[7:] in name for name in names):
        return f"names begin inside `module` here: {quoted(plain[7:])}"
    for name in _without_first_segments(plain):
        if any(f".{name}" in f".{full}" for full in names):
            return f"{quoted(name)} is here, but not below {quoted(plain[: -len(name) - 1])}"
    return did_you_mean(plain, _runs(names, plain.count(".") + 1)) or classifier(audited, plain)


def classifier(audited: Audited, word: str) -> str | None:
    """Returns the model's own classifier for a word that usually means one."""
    of_model = [name for name in audited.inventory.hints.classifier if name != word]
    if word in _CLASSIFIERS and of_model:
        return f"did you mean {' or '.join(map(quoted, of_model))}? That is this model's classifier"
    return None


def _without_first_segments(plain: str) -> Iterable[str]:
    segments = plain.split(".")
    return (".".join(segments[first:]) for first in range(1, len(segments)))


def _runs(names: Iterable[str], length: int) -> list[str]:
    """Returns every run of ``length`` segments of the names, in order."""
    runs: dict[str, None] = {}
    for name in names:
        segments = name.split(".")
        for first in range(len(segments) - length + 1):
            runs[".".join(segments[first : first + length])] = None
        if len(runs) > _MOST:
            break
    return list(runs)
