"""Multipliers that make one value of another, bit for bit."""

from __future__ import annotations

import math

_NEIGHBOURS = 8
"""Floats on each side of the quotient that are tried: rounding moves it by one or two."""


def multiplier(base: float, value: float) -> float | None:
    """Returns the shortest number by which ``base`` becomes exactly ``value``; None if there is none."""
    if base == value:
        return 1.0
    if value == 0:
        return 0.0
    if base == 0:
        return None
    quotient = value / base
    if not math.isfinite(quotient) or quotient == 0:
        return None
    for digits in range(1, 18):
        short = float(f"{quotient:.{digits}g}")
        if base * short == value:
            return short
    below = above = quotient
    for _ in range(_NEIGHBOURS):
        below, above = math.nextafter(below, 0), math.nextafter(above, math.inf)
        for near in (below, above):
            if base * near == value:
                return near
    return None
