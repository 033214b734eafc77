"""Records while they are made by the thousand.

A frozen dataclass sets each of its fields by a call, which takes three times as long as setting it. These classes have
the same fields, and their objects become the record: ``mutable.__class__ = Parameter``.
"""

from __future__ import annotations

from pgaudit.core.parameters import Conv, ModuleType


class MutableParameter:
    """A :class:`Parameter` without further names."""

    __slots__ = ("aliases", "dtype", "leaf", "module", "name", "numel", "reachable", "shape", "trainable")

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: str,
        trainable: bool,
        module: ModuleType,
        reachable: bool,
        numel: int,
        leaf: bool,
    ) -> None:
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.trainable = trainable
        self.module = module
        self.aliases = ()
        self.reachable = reachable
        self.numel = numel
        self.leaf = leaf


class MutableVisit:
    """A :class:`Visit`."""

    __slots__ = ("conv", "index", "module", "ndim", "own", "parents", "prefix")

    def __init__(
        self,
        prefix: str,
        own: str,
        index: int,
        module: ModuleType,
        parents: tuple[ModuleType, ...],
        conv: Conv | None,
        ndim: int,
    ) -> None:
        self.prefix = prefix
        self.own = own
        self.index = index
        self.module = module
        self.parents = parents
        self.conv = conv
        self.ndim = ndim
