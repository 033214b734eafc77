"""Which classes can be named in a config, and how."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterable
from functools import cache

from pgaudit.convert.predicates import Condition
from pgaudit.user_code import LIBRARIES

_TOO_MUCH = frozenset({"builtins.object", "torch.nn.modules.module.Module"})
"""What every module is."""


def conditions_on(classes: Iterable[str], *, is_norm: bool) -> list[Condition]:
    """Returns what can be said of a module by those of its classes that can be named."""
    return [Condition("norm")] * is_norm + [Condition("type", (name,)) for name in classes if _nameable(name)]


def _nameable(qualified: str) -> bool:
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
    return _qualified(getattr(sys.modules.get(place), "__dict__", {}).get(name)) == qualified


def _qualified(found: object) -> str | None:
    """Returns the qualified name of a class; None for what is none."""
    return f"{found.__module__}.{found.__qualname__}" if isinstance(found, type) else None


def of_torch(bases: Iterable[str]) -> list[str]:
    """Returns those classes that torch itself defines."""
    return [name for name in bases if name.startswith("torch.nn.")]


@cache
def name_in(prefix: str, qualified: str) -> str:
    """Returns the plainest name of a class: the bare one behind a prefix where ``torch.nn`` exports it under its own
    name, else where it is defined.
    """
    from torch import nn

    name = qualified.rpartition(".")[2]
    return prefix + name if _qualified(getattr(nn, name, None)) == qualified else qualified
