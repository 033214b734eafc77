"""OmegaConf's ``${a.b}`` and ``${..a}``, by plain lookup. No resolver runs: what ``${oc.env:LR}`` or ``${now:%Y}`` is,
only the run knows.

Source of the semantics: OmegaConf 2.4.0, ``omegaconf/grammar`` and ``base.py``. A value that is one interpolation is
what that refers to; among other text it becomes text. One leading dot is the mapping or list in which the value stands,
each further one the next around it. What is referred to means what it means at its own place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pgaudit.config.dialects.words import Words
from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Path
from pgaudit.text import quoted

MANDATORY = "???"
"""What stands where the command line has to say it."""
_MOST = 10_000
"""Values that one value may be made of, and characters that it may have."""
_ELSEWHERE = "where another file says it, hydra's `--cfg job` writes them all in one"
_STEP = re.compile(r"\.|\[([^\[\].]*)\]|([^\[\].]+)")
_RESOLVER = re.compile(r"\s*[A-Za-z_][\w.]*\s*:")


class Interpolation:
    """Resolves what one config says."""

    def __init__(self, words: Words) -> None:
        """Takes the config."""
        self._words = words
        self._asked: list[Path] = []
        self._count = 0

    def get(self, *at: str | int) -> Any:
        """Returns what stands there, and in it, with all that it refers to.

        Raises:
            ConfigError: it needs what only the run knows, or refers to nothing; at its place.
        """
        self._count = 0
        return self._value(at)

    def _value(self, at: Path) -> Any:
        self._count += 1
        if at in self._asked:
            raise self._refused(at, "refers to itself", _ELSEWHERE)
        if self._count > _MOST:
            raise self._refused(at, f"is made of more than {_MOST:,} values")
        value = self._words.get(*at)
        self._asked.append(at)
        try:
            if isinstance(value, dict):
                return {key: self._value((*at, key)) for key in value}
            if isinstance(value, list):
                return [self._value((*at, index)) for index in range(len(value))]
            return self._text(value, at) if isinstance(value, str) else value
        finally:
            self._asked.pop()

    def _text(self, text: str, at: Path) -> Any:
        if text == MANDATORY:
            hint = "write the value that the run was given"
            raise self._words.error(f"`{MANDATORY}` is given when the run is started", *at, hint=hint)
        if "${" not in text:
            return text
        parts = list(self._parts(text, at))
        if len(parts) == 1 and parts[0][1]:
            return self._value(self._target(parts[0][0], at))
        found = "".join(self._word(part, at) if refers else part for part, refers in parts)
        if len(found) > _MOST:
            raise self._refused(at, f"is longer than {_MOST:,} characters")
        return found

    def _word(self, reference: str, at: Path) -> str:
        value = self._value(self._target(reference, at))
        if isinstance(value, (dict, list)):
            raise self._refused(at, "has a mapping or list among its text")
        return str(value)

    def _parts(self, text: str, at: Path) -> Iterator[tuple[str, bool]]:
        """The pieces of a text, each with whether it is what stands between ``${`` and ``}``."""
        begin, plain = 0, ""
        while (found := text.find("${", begin)) >= 0:
            before = text[begin:found]
            slashes = len(before) - len(before.rstrip("\\"))
            plain += before[: len(before) - slashes] + "\\" * (slashes // 2)
            if slashes % 2:
                plain, begin = plain + "${", found + 2
                continue
            end = _end(text, found + 2)
            if end is None:
                raise self._refused(at, "has a `${` without its `}`")
            if plain:
                yield plain, False
            yield text[found + 2 : end], True
            begin, plain = end + 1, ""
        if plain + text[begin:]:
            yield plain + text[begin:], False

    def _target(self, reference: str, at: Path) -> Path:
        """Where that stands which an interpolation at ``at`` refers to."""
        if _RESOLVER.match(reference):
            name = reference.partition(":")[0].strip()
            raise self._words.error(
                f"`${{{name}:...}}` is made by a resolver, and pgaudit runs none",
                *at,
                hint="write the value in its place",
            )
        if "${" in reference:
            reference = str(self._text(reference, at))
        reference = reference.strip()
        dots = len(reference) - len(reference.lstrip("."))
        if dots > len(at):
            raise self._refused(at, "reaches out of the config")
        found = at[: len(at) - dots] if dots else ()
        for step in _steps(reference[dots:]):
            below = self._below(found, step)
            if below is None or not self._words.has(*below):
                raise self._words.error(f"`${{{reference}}}` refers to nothing in this file", *at, hint=_ELSEWHERE)
            found = below
        return found

    def _below(self, at: Path, step: str) -> Path | None:
        """One step down, through what stands there by reference."""
        value = self._words.peek(*at)
        if isinstance(value, str) and "${" in value:
            parts = list(self._parts(value, at))
            if len(parts) != 1 or not parts[0][1] or at in self._asked:
                return None
            self._asked.append(at)
            try:
                return self._below(self._target(parts[0][0], at), step)
            finally:
                self._asked.pop()
        if isinstance(value, list):
            return (*at, int(step)) if step.isdecimal() else None
        return (*at, step)

    def _refused(self, at: Path, why: str, hint: str | None = None) -> ConfigError:
        return self._words.error(f"{quoted(str(self._words.peek(*at))[:60])} {why}", *at, hint=hint)


def _steps(reference: str) -> Iterator[str]:
    for found in _STEP.finditer(reference):
        if found[0] != ".":
            yield found[1] if found[1] is not None else found[2]


def _end(text: str, begin: int) -> int | None:
    """Where the ``}`` stands that ends what begins there."""
    depth = 0
    for at in range(begin, len(text)):
        if text[at] == "{":
            depth += 1
        elif text[at] == "}":
            if not depth:
                return at
            depth -= 1
    return None
