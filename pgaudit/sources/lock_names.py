"""Names in a lock file: folded where they repeat, and spelled so that nothing else can be meant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from pgaudit.names import GlobError, unfolded

_PLAIN = re.compile(r"[\w.<>-]+", re.ASCII)
_FOLDED = re.compile(r"[\w.<>{},\[\]-]+", re.ASCII)
_MOST = 1_000_000
"""Names that one line may stand for."""


def spelled(name: str, members: Sequence[str]) -> Iterator[str]:
    """Yields what stands in the file for some parameters: their folded name, or each by itself where one of them has
    letters that a lock quotes.
    """
    if 1 < len(members) <= _MOST and all(map(_PLAIN.fullmatch, members)):
        yield name
        return
    for member in members:
        yield member if _PLAIN.fullmatch(member) else json.dumps(member)


def expanded(text: str) -> list[str]:
    """Returns the names that a text stands for.

    Raises:
        ValueError: it is no name, in words that say why.
    """
    if text.startswith('"'):
        try:
            return [json.loads(text)]
        except ValueError:
            raise ValueError(f"not a quoted name: {text}") from None
    if not _FOLDED.fullmatch(text):
        raise ValueError(f"not a parameter's name: {text}")
    try:
        names = unfolded(text)
    except GlobError as error:
        raise ValueError(f"{error}: {text}") from None
    if "" in names or any("," in name for name in names):
        raise ValueError(f"a comma that belongs to no set: {text}")
    return names
