"""What a training config of another tool says, word by word; and what is wrong with it, where that matters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location, Path
from pgaudit.files.document import Document

WAY_IN = "`pgaudit show train.py:make` audits the optimizer as built"
"""What always works, whatever a config says."""
ONE_GROUP = f"one group of model.parameters(); if code makes others, {WAY_IN}"
"""What a config leaves to the code that hands the parameters over."""
ANY = re.compile(r".*", re.DOTALL)


class Words:
    """A document, asked by whoever knows the tool."""

    def __init__(self, document: Document) -> None:
        """Takes a document that was read with all its faults."""
        self.document = document

    def has(self, *at: str | int) -> bool:
        """Returns whether something stands there, if only null."""
        return _MISSING is not self._found(at)

    def get(self, *at: str | int) -> Any:
        """Returns what stands there; None for nothing.

        Raises:
            ConfigError: with all that is wrong there, or in what leads there.
        """
        wrong = [found for path, found in self.document.wrong if path[: len(at)] == at or at[: len(path)] == path]
        if wrong:
            raise ConfigError(wrong)
        return self.peek(*at)

    def peek(self, *at: str | int) -> Any:
        """Returns the same, whatever is wrong with it: to look for something in it."""
        found = self._found(at)
        return None if found is _MISSING else found

    def holds(self, kind: type, *at: str | int) -> bool:
        """Returns whether something of this kind stands there."""
        return isinstance(self._found(at), kind)

    def where(self, at: Path) -> Location | None:
        """Returns where a key stands, or else its nearest parent."""
        found = (
            self.document.keys.get(at[:length]) or self.document.values.get(at[:length])
            for length in range(len(at), -1, -1)
        )
        return next(filter(None, found), None)

    def error(self, message: str, *at: str | int, hint: str | None = WAY_IN) -> ConfigError:
        """Returns an error at a key."""
        return ConfigError(message, hint, self.where(at))

    def mappings(self, named: re.Pattern[str], word: str, text: re.Pattern[str] = ANY) -> list[Path]:
        """Returns where mappings stand that have such a text under ``word``: those of which the key is so named, and
        none inside another.
        """
        return list(_mappings(self.document.value, named, word, text, ()))

    def _found(self, at: Path) -> Any:
        found = self.document.value
        for step in at:
            inside = found if isinstance(found, dict) else dict(enumerate(found)) if isinstance(found, list) else {}
            if step not in inside:
                return _MISSING
            found = inside[step]
        return found


_MISSING = object()


def _mappings(value: Any, named: re.Pattern[str], word: str, text: re.Pattern[str], at: Path) -> Iterator[Path]:
    if not isinstance(value, dict):
        return
    for key, below in value.items():
        here, said = (*at, key), below.get(word) if isinstance(below, dict) else None
        if isinstance(said, str) and named.fullmatch(str(key)) and text.fullmatch(said):
            yield here
        else:
            yield from _mappings(below, named, word, text, here)
