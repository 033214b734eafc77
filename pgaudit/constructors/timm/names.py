"""Which names a list of globs means, as ``fnmatch.fnmatch`` says, asked once a parameter."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable


class NameGlobs:
    """Names and globs. The operating system decides whether case matters, as timm leaves it to."""

    def __init__(self, patterns: Iterable[str]) -> None:
        plain: set[str] = set()
        wild: list[tuple[re.Pattern[str], str]] = []
        for pattern in patterns:
            text = os.path.normcase(pattern)
            if any(char in text for char in "*?["):
                wild.append((re.compile(fnmatch.translate(text)), pattern))
            else:
                plain.add(text)
        self._plain = plain
        self._wild = wild

    def first(self, name: str) -> str | None:
        """Returns the pattern that means a name: the name itself, or else the first glob; None if none does."""
        text = os.path.normcase(name)
        if text in self._plain or not self._wild:
            return name if text in self._plain else None
        return next((pattern for regex, pattern in self._wild if regex.match(text)), None)
