"""How strong a colour is that says by how much one value is another."""

from __future__ import annotations

import math
from collections.abc import Iterable

_LEAST = 40
"""Of 100: what differs is told from what does not, however little it differs."""


def distance(value: float | None, base: float | None) -> float:
    """Returns by how many powers of e a value is another one than the base; infinite where that is no number."""
    if not value or not base or value == base or not math.isfinite(value) or not math.isfinite(base):
        return 0.0 if value == base or value is None or base is None else math.inf
    return abs(math.log(abs(value)) - math.log(abs(base)))


def span(distances: Iterable[float]) -> float:
    """Returns the largest one on a page: a fixed scale would give all steps of a layer decay one colour."""
    return max(filter(math.isfinite, distances), default=0.0)


def shade(distance: float, widest: float) -> int:
    """Returns how strong a colour is, of 100.

    Args:
        distance: by how much a value is another one.
        widest: the span of the page.
    """
    if not widest or math.isinf(distance):
        return 100
    return min(round(_LEAST + (100 - _LEAST) * distance / widest), 100)
