"""How often an expression may try at most to match a name."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ways:
    """In how many ways a part of an expression can match from one place, at most: ``times`` the ways to choose as many
    places of the text, in order, as it has ``repeats``.
    """

    times: float = 1
    repeats: int = 0
    size: int = 1
    """Parts of the expression, each of which may be tried in each of the ways."""
    apart: bool = False
    """Whether it looks at a text twice, so that its places are in no order."""

    def then(self, other: Ways) -> Ways:
        """Returns the ways of this part and then another."""
        return Ways(
            self.times * other.times,
            self.repeats + other.repeats,
            self.size + other.size,
            self.apart or other.apart,
        )

    def otherwise(self, other: Ways) -> Ways:
        """Returns the ways of this part or another."""
        apart = self.apart or other.apart
        return Ways(self.times + other.times, max(self.repeats, other.repeats), self.size + other.size, apart)

    def repeated(self, least: int, most: int) -> Ways:
        """Returns the ways of this part, time and again."""
        if least == most == 1 or most == 0:
            return self
        if (least, most) == (0, 1):
            return Ways(self.times + 1, self.repeats, self.size + 1, self.apart)
        if self.times <= 1 and not self.repeats:
            return Ways(1, 1, self.size + 1, self.apart)
        if most > 20:
            return Ways(math.inf, 1, self.size + 1, self.apart)
        times = min(sum(min(self.times, 1e9) ** count for count in range(least, most + 1)), 1e100)
        return Ways(times, self.repeats * most, self.size + 1, self.apart)

    def steps(self, length: int, *, starts: bool) -> float:
        """What may be tried on a name of a length, from one or from each of its places on."""
        places = self.repeats + starts
        if math.isinf(self.times) or (places > 40 and length > 40):
            return math.inf
        most = min(places, 100)  # more make no difference, but numbers of a million digits
        ways = (length + 2) ** most if self.apart else math.comb(length + most, most)
        return self.times * self.size * min(ways, 10**100)


_NEVER_ENDING = Ways(math.inf)


def ways_of(text: str) -> Ways:
    """Returns the ways of a whole expression."""
    try:
        from re import _parser as parser  # type: ignore[attr-defined, unused-ignore]
    except ImportError:  # Python 3.10
        import sre_parse as parser
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _of(parser.parse(text))
    except (RecursionError, OverflowError):
        return _NEVER_ENDING


def _of(parts: Iterable[tuple[Any, Any]]) -> Ways:
    found = Ways(size=0)
    for code, value in parts:
        found = found.then(_of_part(str(code), value))
    return found


def _of_part(code: str, value: Any) -> Ways:
    if code == "IN":
        return Ways(size=len(value))
    if code in ("LITERAL", "NOT_LITERAL", "ANY", "AT", "CATEGORY", "RANGE", "FAILURE"):
        return Ways()
    if code == "SUBPATTERN":
        return _of(value[-1])
    if code == "BRANCH":
        return _either(value[1])
    if code in ("MAX_REPEAT", "MIN_REPEAT"):
        least, most, inside = value
        return _of(inside).repeated(least, int(most))
    if code in ("ASSERT", "ASSERT_NOT"):
        inside = _of(value[1])
        return Ways(inside.times, inside.repeats, inside.size, apart=True)
    if code == "GROUPREF":
        return Ways(1, 1, apart=True)
    return _NEVER_ENDING  # rare things: it is told by trying


def _either(branches: Sequence[Any]) -> Ways:
    first, *others = map(_of, branches)
    for other in others:
        first = first.otherwise(other)
    return first
