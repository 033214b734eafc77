"""Asks one process about the layer decay of several libraries, and describes models that have layers."""

from __future__ import annotations

from typing import Any

from tests.parity.client import Oracle
from tests.parity.trees import Node


class Named(Oracle):
    """One of the constructors behind a process that knows several."""

    def __init__(self, oracle: Oracle, constructor: str) -> None:
        """With pgaudit's name of the constructor; the process stays the other's."""
        self._oracle = oracle
        self.constructor = constructor

    def ask(self, **request: Any) -> dict[str, Any]:
        """The real library's answer."""
        return self._oracle.ask(constructor=self.constructor, **request)


def layered(inner: Node, layers: Any = 4, **kwargs: Any) -> Node:
    """A container that says how deep its parameters are: see :class:`tests.parity.modules.Layered`."""
    return {**inner, "kind": "Layered", "args": [layers], "kwargs": kwargs}


def classifier(**backbone: Any) -> dict[str, Any]:
    """One of mmpretrain's own models, which only the oracle's process can build."""
    head = {"type": "LinearClsHead", "num_classes": 10, "in_channels": 8}
    return {"mmpretrain": {"type": "ImageClassifier", "backbone": backbone, "head": head}}
