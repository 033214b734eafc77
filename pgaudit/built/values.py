"""Hyperparameters as plain values."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any


class OnMeta(Exception):
    """A hyperparameter is a tensor on the meta device, which has no value."""


def plain_value(value: Any) -> Any:
    """Returns a hyperparameter without tensors and arrays: one of a single number as that number, and what else is a
    real number, such as a fraction, as a float.

    Raises:
        OnMeta: the tensor has no value.
    """
    if value is None or type(value) in (bool, int, float, str):  # numpy's derive from these
        return value
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain_value, value)) if type(value) in (list, tuple) else value
    if hasattr(value, "item") and (hasattr(value, "numel") or hasattr(value, "__array__")):  # torch's, or numpy's
        if getattr(value, "is_meta", False):
            raise OnMeta
        return value.item() if _is_one(value) else value
    return as_float(value) if isinstance(value, Real) else value


def as_float(value: Any) -> float:
    """Returns a real number as a float: an infinite one, where it is larger than all of them."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _is_one(value: Any) -> bool:
    count = value.numel if hasattr(value, "numel") else value.size
    return bool((count() if callable(count) else count) == 1)


def same(one: Any, other: Any) -> bool:
    """Whether two hyperparameters are equal; what is not a number is equal to itself."""
    try:
        return bool(one == other) or bool(one != one and other != other)
    except Exception:  # an array, whose comparison is one, too
        return False
