"""Lrs that are the same but for the last digits, and in words."""

from __future__ import annotations

from collections.abc import Iterable
from math import isclose

from pgaudit.numbers import apart, number

TOLERANCE = 1e-9
"""Lrs whose relative difference is smaller are the same: libraries compute them in floats, step by step."""


def same(one: float | None, other: float | None) -> bool:
    """Whether two lrs are the same."""
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=TOLERANCE)


def distinct(values: Iterable[float]) -> list[float]:
    """Returns the different ones of some lrs, ascending."""
    found: list[float] = []
    for value in sorted(values):
        if not found or not same(found[-1], value):
            found.append(value)
    return found


def numbers(values: Iterable[float]) -> str:
    """Returns different lrs in words: ``0.01 and 0.1``, ``1e-5 to 1e-3`` for more than three."""
    found = distinct(values)
    if len(found) > 3:
        return f"{number(found[0])} to {number(found[-1])}"
    texts = list(dict.fromkeys(map(number, found)))
    if len(texts) == 1 < len(found):
        texts = list(apart(found[0], found[-1]))
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last
