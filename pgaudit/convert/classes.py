"""Which classes can be named in a config, and how."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterable
from functools import cache

from pgaudit.convert.features import Key
from pgaudit.core.parameters import ModuleType
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


def torch_kinds(module: ModuleType, *, is_norm: bool) -> list[Key]:
    """Returns what can be said of a module's class in torch's own words."""
    return kinds((name for name in module.bases if name.startswith("torch.nn.")), is_norm=is_norm)


def kinds(names: Iterable[str], *, is_norm: bool) -> list[Key]:
    """Returns what can be said of a module by those of its classes that can be named."""
    return [("norm",)] * is_norm + [("type", name) for name in names if nameable(name)]


@cache
def name_in(prefix: str, qualified: str) -> str:
    """Returns the plainest name of a class: the bare one behind a prefix where ``torch.nn`` exports it under its own
    name, else where it is defined.
    """
    from torch import nn

    name = qualified.rpartition(".")[2]
    found = getattr(nn, name, None)
    is_exported = found is not None and f"{found.__module__}.{found.__qualname__}" == qualified
    return prefix + name if is_exported else qualified
