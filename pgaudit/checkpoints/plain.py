"""Records of a file → plain values of Python; and paths in a file → text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pgaudit.checkpoints.pickles.numbers import number_in
from pgaudit.checkpoints.pickles.records import Dtype, Storage, Stub, Tensor

Path = tuple[object, ...]
_MOST_DEEP = 8
_MOST_ITEMS = 10_000
"""Of all that one value holds: the place of the others is taken by ``...``."""


def plain(value: object) -> Any:
    """Returns a value as plain Python: a tensor of one element is its number, as ``lr`` may be; what is no plain value
    is a text that names it, such as ``<torch.nn.modules.activation.SiLU>``.
    """
    return _plain(value, _MOST_DEEP, [_MOST_ITEMS])


def _plain(value: object, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if value is None or isinstance(value, (bool, int, float, complex, str)):
        return value
    if depth == 0 or left[0] < 0:
        return "..."
    if isinstance(value, (list, tuple)):
        items = [_plain(each, depth - 1, left) for each in value[: max(left[0], 0)]]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        few = [(key, value[key]) for key, _ in zip(value, range(max(left[0], 0)), strict=False)]
        return {_key(key): _plain(each, depth - 1, left) for key, each in few}
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(each, depth - 1, left) for each in value), key=repr) if len(value) <= left[0] else "..."
    if isinstance(value, Tensor):
        number = number_in(value)
        return number if number is not None else f"<tensor of shape {_shape(value.shape)}>"
    return _named(value)


def _named(value: object) -> str:
    if isinstance(value, Stub):
        return f"<{value.qualname}>"
    if isinstance(value, type) and issubclass(value, Stub):
        return f"<{value.qualname}>"
    if isinstance(value, Dtype):
        return f"torch.{value.name}"
    if isinstance(value, Storage):
        return "<storage>"
    return f"<{type(value).__name__}>"


def _key(key: object) -> object:
    return key if isinstance(key, (str, int, float)) else _named(key)


def _shape(shape: Iterable[int]) -> str:
    return "×".join(map(str, shape)) or "()"


def path_text(path: Path) -> str:
    """Returns a place in a file as it is written after ``--key``: ``optimizer_states[1]``, ``optimizer.gen``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else f"{step}"
    return text
