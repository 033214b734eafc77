"""One glob on whole names, read and matched in time of at most name × glob."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

_BRACES = re.compile(r"\{([^{}]*)\}")
_SPAN = re.compile(r"([0-9]{1,15})\.\.([0-9]{1,15})")
_MOST_NAMES = 1_000_000
"""Names that one text may be unfolded to; a damaged range must not fill the memory."""
_MOST_TEXTS = 1000
"""Texts that braces may stand for in an expression; more are looked up in a set."""
_MOST_STARS = 50
"""Stars in an expression; it grows with them."""


class GlobError(ValueError):
    """A text is no glob; the message says why."""


@dataclass(frozen=True)
class _One:
    """Any one character of some, as an expression."""

    expression: str

    def matches(self, char: str) -> bool:
        return re.fullmatch(self.expression, char, re.DOTALL) is not None


@dataclass(frozen=True)
class _Braces:
    """One of several texts, and of numbers from first to last."""

    parts: tuple[str | range, ...]

    @cached_property
    def texts(self) -> frozenset[str]:
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
        return sum(1 if isinstance(part, str) else len(part) for part in self.parts)

    def __iter__(self) -> Iterator[str]:
        for part in self.parts:
            yield from (part,) if isinstance(part, str) else map(str, part)

    def matches(self, text: str) -> bool:
        if text in self.texts:
            return True
        is_number = text.isascii() and text.isdecimal() and (text == "0" or text[0] != "0")
        return is_number and any(isinstance(part, range) and int(text) in part for part in self.parts)


STAR: Final = None
"""Any text."""
_Piece = str | _One | _Braces | None


class Glob:
    """A text that stands for names.

    ``*`` is any text, dots included; ``?`` is any character; ``[abc]`` is one of these, and ``[!abc]`` one of the
    others; ``{a,b}`` is one of these texts, and ``{0..11}`` one of these numbers. Upper and lower case differ.

    Raises:
        GlobError: braces that do not close, hold others, or count down.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._pieces = _pieces(text)

    def matches(self, name: str) -> bool:
        """Whether it stands for a name, from end to end."""
        return self._regex.fullmatch(name) is not None if self._regex else _reaches_end(self._pieces, name)

    @property
    def is_wild(self) -> bool:
        """Whether it has wildcards; braces and letters alone can be spelled out."""
        return any(piece is STAR or isinstance(piece, _One) for piece in self._pieces)

    @property
    def names(self) -> int:
        """How many texts braces and letters spell out."""
        return math.prod(piece.size for piece in self._pieces if isinstance(piece, _Braces))

    def spelled_out(self) -> Iterator[str]:
        """Yields the names that it stands for, in the order of its braces.

        Raises:
            GlobError: there is no end to them.
        """
        if self.is_wild:
            raise GlobError("a wildcard stands for names without end")
        if self.names > _MOST_NAMES:
            raise GlobError(f"more than {_MOST_NAMES:,} names")
        choices = [piece if isinstance(piece, _Braces) else (str(piece),) for piece in self._pieces]
        return map("".join, itertools.product(*choices))

    @property
    def head(self) -> str:
        """The text with which every name of it begins."""
        return self._pieces[0] if self._pieces and isinstance(self._pieces[0], str) else ""

    @property
    def tail(self) -> str:
        """The text with which every name of it ends."""
        return self._pieces[-1] if self._pieces and isinstance(self._pieces[-1], str) else ""

    @property
    def needle(self) -> str:
        """The longest text that every name of it holds somewhere."""
        return max((piece for piece in self._pieces if isinstance(piece, str)), key=len, default="")

    @cached_property
    def _regex(self) -> re.Pattern[str] | None:
        expression = self.expression()
        return None if expression is None else re.compile(expression, re.DOTALL)

    def expression(self, first: int = 0) -> str | None:
        """Returns the regular expression that says the same and never tries more than it must; None if there is none.

        Between two stars a text is taken where it first stands, for good. That is right as long as it cannot be longer
        in one place than in another.

        Args:
            first: the number of its first group, where it becomes a part of a larger one.
        """
        start, *others = _between_stars(self._pieces)
        middle, end = others[:-1], others[-1:]
        braces = [piece for piece in self._pieces if isinstance(piece, _Braces)]
        ways = math.prod(len(each.lengths) for each in braces)
        too_many = sum(each.size for each in braces) > _MOST_TEXTS or len(middle) > _MOST_STARS
        if too_many or ways > _MOST_TEXTS or any(len(each.lengths) > 1 for part in middle for each in _braces(part)):
            return None
        found = [_written(start)]
        for number, part in enumerate(middle, start=first):
            found.append(f"(?=(?P<_{number}>.*?{_written(part)}))(?P=_{number})")
        return "".join(found + [f".*{_written(part)}" for part in end])


def escaped(name: str) -> str:
    """Returns the glob that stands for this name alone."""
    return "".join(f"[{char}]" if char in "*?[{}" else char for char in name)


def unfolded(text: str) -> list[str]:
    """Returns the names that a folded name stands for.

    Raises:
        GlobError: it is none, or there are too many.
    """
    return list(Glob(text).spelled_out())


def expression_of(folded: str) -> str:
    """Returns a folded name as a regular expression to be read by people: ``layer(?:1|2)\\.weight``."""
    return _written(_pieces(folded))


@lru_cache(maxsize=100_000)  # a config's are asked for at each of its steps
def _pieces(glob: str) -> tuple[_Piece, ...]:
    found: list[_Piece] = []
    at = 0
    while at < len(glob):
        char = glob[at]
        piece: _Piece = char
        if char == "*":
            piece = STAR
        elif char == "?":
            piece = _One(".")
        elif char == "[" and (end := _class_end(glob, at)) > 0:
            piece = _class(glob[at + 1 : end])
            at = end
        elif char == "{":
            braces = _BRACES.match(glob, at)
            if braces is None:
                raise GlobError("a brace does not close, or holds another; [{] is the character")
            piece = _Braces(tuple(_parts(braces[1])))
            at = braces.end() - 1
        elif char == "}":
            raise GlobError("a brace closes that was not open; [}] is the character")
        found.append(piece)
        at += 1
    return tuple(_merged(found))


def _merged(pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    """Letters beside letters as one text, stars beside stars as one star, and nothing that is empty."""
    for is_text, run in itertools.groupby(pieces, key=lambda piece: isinstance(piece, str)):
        if is_text:
            yield "".join(map(str, run))
            continue
        before: _Piece = ""
        for piece in run:
            is_nothing = isinstance(piece, _Braces) and set(piece.parts) == {""}
            if not is_nothing and not (piece is STAR and before is STAR):
                yield piece
                before = piece


def _class_end(glob: str, at: int) -> int:
    """Where a class of characters ends; a bracket that comes first in it, or after a ``!``, does not end it."""
    return glob.find("]", at + (3 if glob[at + 1 : at + 2] == "!" else 2))


def _class(inside: str) -> _Piece:
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
        return _One("." if negated else r"(?!)")
    return _One(f"[{'^' if negated else ''}{spelled}]")


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


def _between_stars(pieces: Iterable[_Piece]) -> list[list[_Piece]]:
    found: list[list[_Piece]] = [[]]
    for piece in pieces:
        if piece is STAR:
            found.append([])
        else:
            found[-1].append(piece)
    return found


def _braces(pieces: Iterable[_Piece]) -> Iterator[_Braces]:
    return (piece for piece in pieces if isinstance(piece, _Braces))


def _written(pieces: Iterable[_Piece]) -> str:
    return "".join(_of_piece(piece) for piece in pieces)


def _of_piece(piece: _Piece) -> str:
    if isinstance(piece, _Braces):
        return f"(?:{'|'.join(map(re.escape, dict.fromkeys(piece)))})"
    if isinstance(piece, _One):
        return piece.expression
    return ".*" if piece is STAR else re.escape(piece)


def _reaches_end(pieces: Sequence[_Piece], name: str) -> bool:
    """Follows all places of a name that the pieces so far may reach."""
    places: Iterable[int] = (0,)
    for piece in pieces:
        if piece is STAR:
            places = range(min(places), len(name) + 1)
        elif isinstance(piece, str):
            places = {at + len(piece) for at in places if name.startswith(piece, at)}
        elif isinstance(piece, _One):
            places = {at + 1 for at in places if at < len(name) and piece.matches(name[at])}
        else:
            ends = ((at, at + length) for at in places for length in piece.lengths)
            places = {end for at, end in ends if end <= len(name) and piece.matches(name[at:end])}
        if not places:
            return False
    return len(name) in places
