"""Which classes can be named in a config, and how."""

from __future__ import annotations

from functools import cache

from pgaudit.errors import PgauditError
from pgaudit.inventory.imports import qualified_class

_TOO_MUCH = frozenset({"builtins.object", "torch.nn.modules.module.Module"})
"""What every module is."""


@cache
def nameable(qualified: str) -> bool:
    """Whether a class is found by its qualified name: one that was made on the spot is not."""
    if qualified in _TOO_MUCH or not qualified.isprintable():
        return False
    try:
        return qualified_class(qualified) == qualified
    except PgauditError:
        return False


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
