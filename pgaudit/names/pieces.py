"""A glob's text, read into pieces: letters, wildcards, classes of characters, braces."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

_BRACES = re.compile(r"\{([^{}]*)\}")
_IN_BRACKETS = re.compile(r"\[\{[^\[\]{}]+\}\]")
"""Braces between brackets, which are then no class of characters: ``group 0 [{0..11}]``."""
_SPAN = re.compile(r"([0-9]{1,15})\.\.([0-9]{1,15})")


class GlobError(ValueError):
    """A text is no glob; the message says why."""


@dataclass(frozen=True)
class One:
    """Any one character of some, as an expression."""

    expression: str

    def matches(self, char: str) -> bool:
        """Whether a character is one of them."""
        return re.fullmatch(self.expression, char, re.DOTALL) is not None


@dataclass(frozen=True)
class Braces:
    """One of several texts, and of numbers from first to last."""

    parts: tuple[str | range, ...]

    @cached_property
    def texts(self) -> frozenset[str]:
        """Those that are no numbers of a range."""
        return frozenset(part for part in self.parts if isinstance(part, str))

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """The lengths that a text of it may have."""
        found = {len(part) for part in self.texts}
        for part in self.parts:
            if isinstance(part, range):
                found |= {*range(len(str(part[0])), len(str(part[-1])) + 1)}
        return tuple(sorted(found))

    @property
    def size(self) -> int:
        """How many texts it stands for."""
        return sum(1 if isinstance(part, str) else len(part) for part in self.parts)

    def __iter__(self) -> Iterator[str]:
        for part in self.parts:
            yield from (part,) if isinstance(part, str) else map(str, part)

    def matches(self, text: str) -> bool:
        """Whether a text is one of them."""
        if text in self.texts:
            return True
        is_number = text.isascii() and text.isdecimal() and (text == "0" or text[0] != "0")
        return is_number and any(isinstance(part, range) and int(text) in part for part in self.parts)


STAR: Final = None
"""Any text."""
Piece = str | One | Braces | None


@lru_cache(maxsize=100_000)  # a config's are asked for at each of its steps
def pieces_of(glob: str) -> tuple[Piece, ...]:
    """Returns the pieces of a glob.

    Raises:
        GlobError: braces that do not close, hold others, or count down.
    """
    found: list[Piece] = []
    at = 0
    while at < len(glob):
        char = glob[at]
        piece: Piece = char
        if char == "*":
            piece = STAR
        elif char == "?":
            piece = One(".")
        elif char == "[" and not _IN_BRACKETS.match(glob, at) and (end := _class_end(glob, at)) > 0:
            piece = _class(glob[at + 1 : end])
            at = end
        elif char == "{":
            braces = _BRACES.match(glob, at)
            if braces is None:
                raise GlobError("a brace does not close, or holds another; [{] is the character")
            piece = Braces(tuple(_parts(braces[1])))
            at = braces.end() - 1
        elif char == "}":
            raise GlobError("a brace closes that was not open; [}] is the character")
        found.append(piece)
        at += 1
    return tuple(_merged(found))


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Letters beside letters as one text, stars beside stars as one star, and nothing that is empty."""
    for is_text, run in itertools.groupby(pieces, key=lambda piece: isinstance(piece, str)):
        if is_text:
            yield "".join(map(str, run))
            continue
        before: Piece = ""
        for piece in run:
            is_nothing = isinstance(piece, Braces) and set(piece.parts) == {""}
            if not is_nothing and not (piece is STAR and before is STAR):
                yield piece
                before = piece


def _class_end(glob: str, at: int) -> int:
    """Where a class of characters ends; a bracket that comes first in it, or after a ``!``, does not end it."""
    return glob.find("]", at + (3 if glob[at + 1 : at + 2] == "!" else 2))


def _class(inside: str) -> Piece:
    if len(inside) == 1:
        return inside
    negated = inside.startswith("!")
    members = inside[negated:]
    # A dash between two characters is a span; one that counts down holds nothing.
    parts = re.findall(r"(.)-(.)|(.)", members, re.DOTALL)
    spelled = "".join(
        f"{re.escape(first)}-{re.escape(last)}" if first and first <= last else "" if first else re.escape(single)
        for first, last, single in parts
    )
    if not spelled:
        return One("." if negated else r"(?!)")
    return One(f"[{'^' if negated else ''}{spelled}]")


def _parts(inside: str) -> Iterator[str | range]:
    for part in inside.split(","):
        span = _SPAN.fullmatch(part)
        if span is None:
            yield part
            continue
        first, last = int(span[1]), int(span[2])
        if first > last:
            raise GlobError(f"{{{part}}} counts down")
        yield range(first, last + 1)
