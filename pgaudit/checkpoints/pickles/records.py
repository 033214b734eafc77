"""What stands for torch's objects in a pickle that is read as data.

Each class answers ``__setstate__``, which is the first thing that a pickle's BUILD asks for: so no pickle can set an
attribute of these classes or of their instances.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Record:
    """The base of all that a pickle may name."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        """Drops what the pickle says beyond its arguments."""


class Dtype(Record):
    """A dtype of torch."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Elements(Protocol):
    """Where the elements of storages lie."""

    byteorder: str
    """``little`` or ``big``."""

    def note(self, storage: Storage) -> None:
        """Takes note of a storage that the pickle names."""

    def element(self, storage: Storage, offset: int, length: int) -> bytes | None:
        """Returns some bytes of a storage; None where they cannot be read."""


class Storage(Record):
    """The elements of tensors, by the key under which they lie in the file; they are not read."""

    __slots__ = ("dtype", "elements", "key", "numel")

    def __init__(self, dtype: str | None, key: object, numel: object, elements: Elements | None) -> None:
        self.dtype = dtype
        self.key = key
        self.numel = numel
        self.elements = elements


class Tensor(Record):
    """A tensor's shape and dtype, and where its elements lie."""

    __slots__ = ("dtype", "offset", "requires_grad", "shape", "storage")

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: str | None,
        storage: Storage | None = None,
        offset: int = 0,
        requires_grad: bool | None = None,
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.storage = storage
        self.offset = offset
        self.requires_grad = requires_grad


class Pairs(Record, dict[Any, Any]):
    """A mapping of a class of its own: OrderedDict, defaultdict, Counter."""

    __slots__ = ()


class Stub(Record):
    """An object of any other class; what the pickle gives it is kept, and means nothing."""

    __slots__ = ("args", "elements", "entries", "state")

    qualname = ""
    """The module and name of the class that it stands for."""

    args: tuple[object, ...]
    state: object
    entries: dict[Any, Any] | None
    elements: list[object] | None

    def __new__(cls, *args: object, **kwargs: object) -> Stub:
        """Takes any arguments."""
        self = object.__new__(cls)
        self.args, self.state, self.entries, self.elements = args, None, None, None
        return self

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Takes what ``__new__`` has kept."""

    def __call__(self, *args: object, **kwargs: object) -> Stub:
        """A bound method is the result of a call, and is called in turn."""
        return Stub()

    def __setstate__(self, state: object) -> None:
        self.state = state

    def __setitem__(self, key: object, value: object) -> None:
        if self.entries is None:
            self.entries = {}
        self.entries[key] = value

    def append(self, value: object) -> None:
        """Keeps an element of a list or set."""
        if self.elements is None:
            self.elements = []
        self.elements.append(value)

    add = append


def mapping_in(value: object) -> Mapping[Any, Any] | None:
    """Returns what an object holds by key: a mapping's items, or an object's attributes; None where it has neither."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, Stub):
        return None
    if value.entries:
        return value.entries
    state = value.state
    if isinstance(state, tuple) and len(state) == 2:  # of __slots__
        state = state[1] if state[0] is None else state[0]
    return state if isinstance(state, dict) else None
