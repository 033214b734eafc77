"""Hyperparameters as plain values."""

from __future__ import annotations

from typing import Any


class OnMeta(Exception):
    """A hyperparameter is a tensor on the meta device, which has no value."""


def plain_value(value: Any) -> Any:
    """Returns a hyperparameter without tensors: a tensor of one number as that number.

    Raises:
        OnMeta: the tensor has no value.
    """
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain_value, value)) if type(value) in (list, tuple) else value
    if hasattr(value, "numel") and hasattr(value, "item"):
        if getattr(value, "is_meta", False):
            raise OnMeta
        return value.item() if _is_one(value) else value
    return value


def _is_one(value: Any) -> bool:
    count = value.numel() if callable(value.numel) else value.numel
    return bool(count == 1)


def same(one: Any, other: Any) -> bool:
    """Whether two hyperparameters are equal; what is not a number is equal to itself."""
    try:
        return bool(one == other) or bool(one != one and other != other)
    except Exception:  # an array, whose comparison is one, too
        return False
