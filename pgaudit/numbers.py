"""Numbers as people write them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

_DIGITS = 6
COMPUTED = 3
"""Significant digits of what was computed."""
_EXACT = 17
"""Digits from which every float has a text of its own."""


def number(value: float | None) -> str:
    """Returns ``1e-4``, ``0.05``, ``1.2e-5`` or ``10``: six significant digits at most."""
    return _written(value, _DIGITS)


def computed(value: float | None) -> str:
    """Returns a number that nobody has written, but which was computed: three significant digits at most."""
    return _written(value, COMPUTED)


def apart(old: float | None, new: float | None, least: int = _DIGITS) -> tuple[str, str]:
    """Returns two different numbers with as many digits as tell them apart: 0.3 and 0.30000000000000004."""
    for digits in range(least, _EXACT):
        words = _written(old, digits), _written(new, digits)
        if words[0] != words[1]:
            return words
    return _written(old, _EXACT), _written(new, _EXACT)


def _written(value: float | None, digits: int) -> str:
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return str(value)
    exact = Decimal(repr(value) if digits == _EXACT else f"{value:.{digits - 1}e}").normalize()
    exponent = exact.adjusted()
    if -4 < exponent < 6:
        return f"{exact:f}"
    mantissa = exact.scaleb(-exponent).normalize()
    return f"{mantissa:f}e{exponent}"


def elements(count: int | None) -> str:
    """Returns ``38.4 k`` or ``86.6 M`` for a count of elements: three digits, as parameter counts are spoken of.

    A count that is not known is a dash.
    """
    if count is None:
        return "–"
    for unit, size in (("G", 1_000_000_000), ("M", 1_000_000), ("k", 1_000)):
        if count >= size * 0.9995:
            scaled = count / size
            places = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
            return f"{scaled:.{places}f} {unit}"
    return str(count)


def is_monotonous(values: Sequence[float | None]) -> bool:
    """Whether numbers go one way, or stay: never up and down, and never missing for some only."""
    found = [value for value in values if value is not None]
    if len(found) < len(values):
        return not found
    steps = [*pairwise(found)]
    return all(a <= b for a, b in steps) or all(a >= b for a, b in steps)
