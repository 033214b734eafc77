"""Which names a list of globs means, as ``fnmatch.fnmatch`` says, asked once a parameter."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable


class Globs:
    """Names and globs. The operating system decides whether case matters, as timm leaves it to."""

    def __init__(self, patterns: Iterable[str]) -> None:
        plain: dict[str, str] = {}
        wild: list[tuple[re.Pattern[str], str]] = []
        for pattern in patterns:
            text = os.path.normcase(pattern)
            if any(char in text for char in "*?["):
                wild.append((re.compile(fnmatch.translate(text)), pattern))
            else:
                plain.setdefault(text, pattern)
        self._plain = plain
        self._wild = wild

    def first(self, name: str) -> str | None:
        """Returns the pattern that means a name: one without wildcards, or else the first; None if none does."""
        text = os.path.normcase(name)
        found = self._plain.get(text)
        if found is None and self._wild:
            found = next((pattern for regex, pattern in self._wild if regex.match(text)), None)
        return found
