"""Records of a file → plain values of Python; and paths in a file → text."""

from __future__ import annotations

from typing import Any

from pgaudit.checkpoints.pickles.limits import Budget
from pgaudit.checkpoints.pickles.numbers import number_in
from pgaudit.checkpoints.pickles.rebuilders import Rebuilder
from pgaudit.checkpoints.pickles.records import Dtype, Storage, Stub, Tensor
from pgaudit.core.plain import Opaque, Plain, tensor

Path = tuple[object, ...]
_ITEM = 300
"""Bytes of memory."""


def plain(value: object, budget: Budget | None = None) -> Any:
    """Returns a value as plain Python, in the form of :mod:`pgaudit.core.plain`.

    Args:
        value: what a file holds.
        budget: what values may take: a file of a few bytes can name one value a million times.

    Raises:
        Refused: there is not so much left.
    """
    maker = Plain(_of_record)
    made = maker.of(value)
    if budget is not None:
        budget.take(_ITEM * maker.items)
    return made


def _of_record(value: object) -> Any:
    if isinstance(value, Tensor):
        number = number_in(value)
        return number if number is not None else tensor(value.shape)
    if isinstance(value, type) and issubclass(value, (Stub, Rebuilder)):
        return f"<{value.qualname}>"
    if isinstance(value, Dtype):
        return f"torch.{value.name}"
    if isinstance(value, Stub):
        return Opaque(f"<{value.qualname}>")
    return Opaque("<storage>" if isinstance(value, Storage) else f"<builtins.{type(value).__name__}>")


def path_text(path: Path) -> str:
    """Returns a place in a file as it is written after ``--key``: ``optimizer_states[1]``, ``optimizer.gen``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else f"{step}"
    return text
