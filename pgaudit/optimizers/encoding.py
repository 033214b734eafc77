"""Values as JSON holds them, so that what is read is what was written: a tuple stays one."""

from __future__ import annotations

from functools import cache
from typing import Any


def encoded(value: Any) -> Any:
    """Returns a value as JSON; an object that JSON cannot hold is known by the name of its class alone.

    Raises:
        TypeError: a mapping, or something within a list, cannot be held.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) in (list, tuple):
        return {type(value).__name__: [encoded(item) for item in value]}
    if isinstance(value, (dict, set, frozenset)):
        raise TypeError(f"{type(value).__name__} cannot be kept")
    return {"object": type(value).__name__}


def decoded(value: Any) -> Any:
    """Returns the value again; a stand-in of the same class name for an object."""
    if not isinstance(value, dict):
        return value
    ((kind, held),) = value.items()
    if kind == "object":
        return _stand_in(held)
    items = [decoded(item) for item in held]
    return tuple(items) if kind == "tuple" else items


@cache
def _stand_in(name: str) -> Any:
    return type(name, (), {})()
