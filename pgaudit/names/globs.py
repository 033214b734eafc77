"""One glob on whole names, matched in time of at most name × glob."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from pgaudit.names.pieces import STAR, Braces, GlobError, One, Piece, pieces_of

_MOST_NAMES = 1_000_000
"""Names that one text may be unfolded to; a damaged range must not fill the memory."""
_MOST_TEXTS = 1000
"""Texts that braces may stand for in an expression; more are looked up in a set."""
_MOST_STARS = 50
"""Stars in an expression; it grows with them."""


class Glob:
    """A text that stands for names.

    ``*`` is any text, dots included; ``?`` is any character; ``[abc]`` is one of these, and ``[!abc]`` one of the
    others; ``{a,b}`` is one of these texts, and ``{0..11}`` one of these numbers. Upper and lower case differ.

    Raises:
        GlobError: braces that do not close, hold others, or count down.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._pieces = pieces_of(text)

    def matches(self, name: str) -> bool:
        """Whether it stands for a name, from end to end."""
        return self._regex.fullmatch(name) is not None if self._regex else _reaches_end(self._pieces, name)

    @property
    def is_wild(self) -> bool:
        """Whether it has wildcards; braces and letters alone can be spelled out."""
        return any(piece is STAR or isinstance(piece, One) for piece in self._pieces)

    @property
    def names(self) -> int:
        """How many texts braces and letters spell out."""
        return math.prod(piece.size for piece in self._pieces if isinstance(piece, Braces))

    def spelled_out(self) -> Iterator[str]:
        """Yields the names that it stands for, in the order of its braces.

        Raises:
            GlobError: there is no end to them.
        """
        if self.is_wild:
            raise GlobError("a wildcard stands for names without end")
        if self.names > _MOST_NAMES:
            raise GlobError(f"more than {_MOST_NAMES:,} names")
        choices = [piece if isinstance(piece, Braces) else (str(piece),) for piece in self._pieces]
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
        braces = [piece for piece in self._pieces if isinstance(piece, Braces)]
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
    return _written(pieces_of(folded))


def _between_stars(pieces: Iterable[Piece]) -> list[list[Piece]]:
    found: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece is STAR:
            found.append([])
        else:
            found[-1].append(piece)
    return found


def _braces(pieces: Iterable[Piece]) -> Iterator[Braces]:
    return (piece for piece in pieces if isinstance(piece, Braces))


def _written(pieces: Iterable[Piece]) -> str:
    return "".join(_of_piece(piece) for piece in pieces)


def _of_piece(piece: Piece) -> str:
    if isinstance(piece, Braces):
        return f"(?:{'|'.join(map(re.escape, dict.fromkeys(piece)))})"
    if isinstance(piece, One):
        return piece.expression
    return ".*" if piece is STAR else re.escape(piece)


def _reaches_end(pieces: Sequence[Piece], name: str) -> bool:
    """Follows all places of a name that the pieces so far may reach."""
    places: Iterable[int] = (0,)
    for piece in pieces:
        if piece is STAR:
            places = range(min(places), len(name) + 1)
        elif isinstance(piece, str):
            places = {at + len(piece) for at in places if name.startswith(piece, at)}
        elif isinstance(piece, One):
            places = {at + 1 for at in places if at < len(name) and piece.matches(name[at])}
        else:
            ends = ((at, at + length) for at in places for length in piece.lengths)
            places = {end for at, end in ends if end <= len(name) and piece.matches(name[at:end])}
        if not places:
            return False
    return len(name) in places
