"""The model's own tensors in a file: a state dict, or a module that was saved whole → names and shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.checkpoints.pickles.records import Stub, Tensor, mapping_in
from pgaudit.checkpoints.plain import Path
from pgaudit.core.built import BuiltTensor

_KEYS = ("state_dict", "model", "model_state_dict", "model_state", "module", "net", "network", "weights", "params", "")
"""Where a model's weights stand in a file, the surest first."""
_AVERAGED = ("ema", "average", "swa", "teacher", "best", "momentum_encoder")
"""Parts of the names of copies that no optimizer trains."""


def parameters_in(models: Mapping[Path, Any]) -> dict[str, BuiltTensor]:
    """Returns the tensors of the model that was trained: of the places with a known name, the first; of others, the one
    with most tensors; of averaged copies only where there is nothing else.
    """
    read = {path: found for path, value in models.items() if _is_model(path, found := _tensors(value))}
    best = min(read, key=lambda path: (*_rank(path), -len(read[path])), default=None)
    return {} if best is None else read[best]


def _is_model(path: Path, tensors: Mapping[str, BuiltTensor]) -> bool:
    """Whether tensors are a model's, and not, say, the states of random generators: by their place or their names."""
    return bool(tensors) and (str(path[-1:] and path[-1]) in _KEYS[:-1] or any("." in name for name in tensors))


def _rank(path: Path) -> tuple[bool, int, int]:
    words = [str(step).lower() for step in path]
    averaged = any(part in word for word in words for part in _AVERAGED)
    last = words[-1] if words else ""
    return averaged, _KEYS.index(last) if last in _KEYS else len(_KEYS), len(path)


def _tensors(value: object) -> dict[str, BuiltTensor]:
    found = mapping_in(value) or {}
    if isinstance(found.get("_parameters"), dict):
        return _of_module(value)
    return {
        name: BuiltTensor(name, shape=each.shape, dtype=each.dtype)
        for name, each in found.items()
        if isinstance(name, str) and isinstance(each, Tensor)
    }


def _of_module(module: object) -> dict[str, BuiltTensor]:
    """Returns the parameters of a module and all below it, each tensor once, as ``named_parameters()`` does."""
    found: dict[str, BuiltTensor] = {}
    seen: set[int] = set()
    pending: list[tuple[str, object]] = [("", module)]
    while pending:
        prefix, each = pending.pop()
        attributes = mapping_in(each) or {}
        if id(each) in seen or not isinstance(each, Stub) or len(prefix) > 1000:
            continue
        seen.add(id(each))
        for name, tensor in (mapping_in(attributes.get("_parameters")) or {}).items():
            if isinstance(name, str) and isinstance(tensor, Tensor) and id(tensor) not in seen:
                seen.add(id(tensor))
                found[prefix + name] = BuiltTensor(
                    prefix + name, shape=tensor.shape, dtype=tensor.dtype, trainable=tensor.requires_grad
                )
        below = mapping_in(attributes.get("_modules")) or {}
        pending.extend((f"{prefix}{name}.", child) for name, child in reversed(list(below.items())))
    return found
