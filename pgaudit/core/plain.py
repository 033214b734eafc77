"""A value that a group holds → its plain form: the same for a live object and for what a file says of it.

Numbers, texts, lists, tuples and mappings stay what they are, a set is the list of its items in their order, a tensor
of one element is its number. A dtype, class or function is the text that names it. Of any other object only the kind is
said, as :class:`Opaque`.
"""

from __future__ import annotations

import inspect
import itertools
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AnySet
from typing import Any

_MOST_DEEP = 8
_NO_DEEPER = 200
"""No config has that, and Python's own stack takes it."""
_MOST_ITEMS = 10_000
"""Of all that one value holds."""


class Opaque(str):
    """Stands for what is not read: says what kind of object it is, and not what is in it."""

    __slots__ = ()


CUT = Opaque("...")
"""Stands for what lies too deep, and for all items beyond the most."""


class Plain:
    """Makes one value plain."""

    def __init__(self, leaf: Callable[[Any], Any], most: int = _MOST_ITEMS) -> None:
        """Takes what makes an object plain that is neither a container, nor a text, a number or nothing; and how many
        items are made of one value.
        """
        self._leaf = leaf
        self._most = most
        self.items = 0
        """How many it has made."""

    def of(self, value: Any, depth: int = _MOST_DEEP) -> Any:
        """Returns the plain form of a value, to a depth."""
        self.items += 1
        kind = type(value)
        if value is None or kind in _SCALARS:
            return value
        if depth == 0 or self.items > self._most:
            return value if isinstance(value, _SCALARS) else CUT
        if isinstance(value, Mapping):
            mapping = {self._key(key): self.of(value[key], depth - 1) for key in self._few(value)}
            return mapping if len(mapping) == len(value) else {**mapping, CUT: CUT}
        if isinstance(value, (list, tuple)):
            items = [self.of(each, depth - 1) for each in self._few(value)]
            items += [CUT] if len(items) < len(value) else []
            return tuple(items) if isinstance(value, tuple) else items
        if isinstance(value, AnySet):
            return sorted((self.of(each, depth - 1) for each in value), key=repr) if len(value) <= self._left else CUT
        return self._leaf(value)

    @property
    def _left(self) -> int:
        return max(self._most - self.items, 0)

    def _few(self, values: Iterable[Any]) -> Iterable[Any]:
        return itertools.islice(values, self._left)

    def _key(self, key: Any) -> Any:
        return key if key is None or isinstance(key, (str, int, float)) else self._leaf(key)


_SCALARS = (bool, int, float, complex, str)


def plain(value: Any, *, whole: bool = False) -> Any:
    """Returns the plain form of a value of a live optimizer, or of a config.

    Args:
        value: any object.
        whole: however deep and long it is; else no further than that of a file is read.
    """
    return Plain(_of_object, sys.maxsize).of(value, _NO_DEEPER) if whole else Plain(_of_object).of(value)


def _of_object(value: Any) -> Any:
    if inspect.isroutine(value) or isinstance(value, type):
        bound = getattr(value, "__self__", None)
        name = f"<{getattr(value, '__module__', None)}.{getattr(value, '__qualname__', '')}>"
        return name if bound is None or inspect.ismodule(bound) else Opaque(name)
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")  # what is not imported made no object
    if torch is not None and isinstance(value, torch.dtype):
        return str(value)
    if torch is not None and isinstance(value, torch.Tensor):
        return value.item() if value.numel() == 1 and not value.is_meta else tensor(value.shape)
    if numpy is not None and isinstance(value, (numpy.generic, numpy.ndarray)) and value.ndim == 0:
        found = value.item()
        return found if isinstance(found, _SCALARS) else Opaque(f"<numpy.{type(value).__name__}>")
    if isinstance(value, _SCALARS):  # an enumeration's member, say
        return value
    return Opaque(f"<{type(value).__module__}.{type(value).__qualname__}>")


def tensor(shape: Iterable[int]) -> Opaque:
    """Returns what stands for a tensor of several elements, or of none that can be read."""
    return Opaque(f"<tensor of shape {'×'.join(map(str, shape)) or '()'}>")


def agree(one: Any, other: Any) -> bool | None:
    """Whether two plain values are equal; None where that depends on what was not read. What is not a number is equal
    to itself, and a list to a tuple of the same items, as a file's format may know only one of both.
    """
    if isinstance(one, Opaque) or isinstance(other, Opaque):
        return False if one is None or other is None else None
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return _all_agree(one, other) if len(one) == len(other) else False
    if isinstance(one, dict) and isinstance(other, dict):
        return _all_agree(list(one.values()), [other[key] for key in one]) if one.keys() == other.keys() else False
    return bool(one == other) or bool(one != one and other != other)


def _all_agree(some: Sequence[Any], others: Sequence[Any]) -> bool | None:
    found = [agree(*pair) for pair in zip(some, others, strict=True)]
    return False if False in found else None if None in found else True
