"""Which classes can be named in a config, and how."""

from __future__ import annotations

import contextlib
import importlib
import sys
from functools import cache

from pgaudit.user_code import LIBRARIES

_TOO_MUCH = frozenset({"builtins.object", "torch.nn.modules.module.Module"})
"""What every module is."""


def nameable(qualified: str) -> bool:
    """Whether a class is found by its qualified name: one that was made on the spot is not.

    Nothing is imported for it but torch and timm, for a file may name anything. A model that was built has imported its
    own.
    """
    if qualified in _TOO_MUCH or not qualified.isprintable():
        return False
    package = qualified.partition(".")[0]
    if package in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(package)
    place, _, name = qualified.rpartition(".")
    found = getattr(sys.modules.get(place), "__dict__", {}).get(name)
    return isinstance(found, type) and f"{found.__module__}.{found.__qualname__}" == qualified


@cache
def short_name(qualified: str) -> str:
    """Returns the plainest name of a class: ``LayerNorm`` for one of ``torch.nn``, else where it is defined."""
    name = qualified.rpartition(".")[2]
    return name if of_torch(qualified) else qualified


@cache
def of_torch(qualified: str) -> bool:
    """Whether ``torch.nn`` has a class, under its own name."""
    from torch import nn

    found = getattr(nn, qualified.rpartition(".")[2], None)
    return found is not None and f"{found.__module__}.{found.__qualname__}" == qualified
