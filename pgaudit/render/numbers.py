"""Numbers and other values as people write them in configs."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pgaudit.numbers import apart, computed, elements, number
from pgaudit.serialize import plain
from pgaudit.text import visible

__all__ = [
    "apart",
    "argument",
    "bar",
    "byte_count",
    "computed",
    "elements",
    "hyperparameter",
    "needs_log",
    "number",
    "shape",
]

_LINEAR = 20
"""How many times the lowest value the highest may be on a scale that begins at 0."""


def argument(value: object) -> str:
    """Returns an optimizer's argument as a person writes it."""
    value = plain(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list):
        return f"({', '.join(argument(item) for item in value)})"
    return visible(value)


def hyperparameter(key: object, value: object) -> str:
    """Returns one that a group holds beside lr and weight decay, as a person writes it: ``momentum 0.8``."""
    return f"{visible(key)} {argument(value)}"


def shape(sizes: tuple[int, ...] | None, times: str = "×") -> str:
    """Returns ``64×3×7×7``; a scalar's is ``scalar``, and one that is not known is empty."""
    if sizes is None:
        return ""
    return times.join(map(str, sizes)) if sizes else "scalar"


def bar(share: float, width: int, *, ascii_only: bool = False) -> str:
    """Returns a bar of ``share`` (0 to 1) of ``width`` cells, never empty for a share above 0."""
    if ascii_only:
        return "#" * max(round(share * width), 1 if share else 0)
    eighths = max(round(share * width * 8), 1 if share else 0)
    return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]


def needs_log(values: Iterable[float | None]) -> bool:
    """Whether numbers differ so much that a picture shows them on a logarithmic scale: of those above 0, the highest is
    more than 20 times the lowest.
    """
    above = [value for value in values if value is not None and 0 < value < math.inf]
    return bool(above) and max(above) > _LINEAR * min(above)


def byte_count(count: int) -> str:
    """Returns ``38.4 kB``: three digits."""
    number = elements(count)
    return f"{number}B" if " " in number else f"{number} B"
