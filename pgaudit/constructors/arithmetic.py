"""The libraries' arithmetic, done on the numbers as written, so that the result is theirs to the last bit."""

from __future__ import annotations

import math
from typing import Any

from pgaudit.core.config import Config


def times(config: Config, what: str, base: Any, mult: Any, at: tuple[str | int, ...]) -> float:
    """Returns ``base * mult`` as the group would hold it.

    Raises:
        ConfigError: the product is no finite number, at ``at``.
    """
    try:
        product = float(base * mult)
    except OverflowError:
        product = math.inf
    if not math.isfinite(product):
        raise config.error(f"{what} {base} × {mult} is too large for a number", *at)
    return product
