"""Plain values as JSON and back, type for type and bit for bit: a tuple stays a tuple, 1.0 a float, -0.0 what it is."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def encoded(value: Any) -> Any:
    """Returns a plain value as JSON holds it; of a mapping the order counts, and a key may be any plain value.

    Raises:
        TypeError: it is, or holds, something else, such as a tensor, a function or a number of numpy's.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) in (list, tuple):
        return {type(value).__name__: [encoded(item) for item in value]}
    if type(value) is dict:
        return {"dict": [[encoded(key), encoded(item)] for key, item in value.items()]}
    raise TypeError(f"a {type(value).__name__} is no plain value")


def decoded(value: Any) -> Any:
    """Returns the value again; raises TypeError or ValueError for what :func:`encoded` never returns."""
    if not isinstance(value, (dict, list)):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError("no encoded value")
    ((kind, held),) = value.items()
    if kind == "dict":
        return {decoded(key): decoded(item) for key, item in held}
    if kind not in ("list", "tuple"):
        raise ValueError("no encoded value")
    items = [decoded(item) for item in held]
    return tuple(items) if kind == "tuple" else items


def digest(value: Any) -> str | None:
    """Returns a short text that stands for a plain value and for no other; None for what is none."""
    try:
        return hashlib.sha256(json.dumps(encoded(value)).encode()).hexdigest()
    except (TypeError, ValueError, RecursionError):
        return None
