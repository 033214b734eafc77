"""What stands where in a file: optimizers, schedulers, and the model's own tensors, each recognised by its form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgaudit.checkpoints.flat_state import is_flat_state, unflattened
from pgaudit.checkpoints.optimizer_state import is_optimizer_state
from pgaudit.checkpoints.pickles.limits import Budget
from pgaudit.checkpoints.pickles.records import Stub, Tensor, mapping_in
from pgaudit.checkpoints.plain import Path

_MOST_DEEP = 8
_MOST_VISITED = 1_000_000
_SCHEDULER_KEYS = frozenset(
    "last_epoch base_lrs _last_lr last_batch_iteration num_bad_epochs base_values last_step".split()
)
"""One of these is in what every scheduler of torch, timm, mmengine and DeepSpeed saves of itself."""


@dataclass
class Found:
    """What a file holds, by its place in it."""

    optimizers: dict[Path, Any]
    schedulers: dict[Path, Mapping[Any, Any]]
    models: dict[Path, Any]
    """State dicts, and modules that were saved whole."""


def search(value: object, budget: Budget) -> Found:
    """Returns all that is found to a reasonable depth. Nothing is looked for in what has been found.

    Args:
        value: what a file holds.
        budget: what is made of it may take.

    Raises:
        Refused: there is not so much left.
    """
    found = Found({}, {}, {})
    seen: set[int] = set()
    pending: list[tuple[Path, object]] = [((), value)]
    while pending and len(seen) < _MOST_VISITED:
        path, each = pending.pop()
        if id(each) in seen or len(path) > _MOST_DEEP:
            continue
        if isinstance(each, (dict, list, tuple, Stub)):
            seen.add(id(each))
            if not _is_one(found, path, each, budget):
                pending.extend(reversed(list(_below(path, each))))
    return found


def _is_one(found: Found, path: Path, value: object, budget: Budget) -> bool:
    if is_optimizer_state(value):
        found.optimizers[path] = value
    elif is_flat_state(value):
        assert isinstance(value, dict)
        found.optimizers[path] = unflattened(value, budget)
        found.models.update({path: value} if is_state_dict(value) else {})
    elif is_module(value) or is_state_dict(value):
        found.models[path] = value
        return is_module(value) or all(isinstance(each, Tensor) for each in (mapping_in(value) or {}).values())
    elif (mapping := mapping_in(value)) is not None and _is_scheduler(path, mapping):
        found.schedulers[path] = mapping
    else:
        return False
    return True


def _is_scheduler(path: Path, mapping: Mapping[Any, Any]) -> bool:
    names = {key for key in mapping if isinstance(key, str)}
    return "_step_count" in names or (bool(path) and not names.isdisjoint(_SCHEDULER_KEYS))


def _below(path: Path, value: object) -> Iterator[tuple[Path, object]]:
    mapping = mapping_in(value)
    if mapping is not None:
        for key, each in mapping.items():
            if isinstance(key, (str, int)) and isinstance(each, (dict, list, tuple, Stub)):
                yield (*path, key), each
    elif isinstance(value, (list, tuple)):
        for index, each in enumerate(value):
            yield (*path, index), each


def is_state_dict(value: object) -> bool:
    """Whether it is a model's state dict: tensors by name, and little else."""
    mapping = mapping_in(value)
    if not mapping or not all(isinstance(key, str) for key in mapping):
        return False
    tensors = sum(isinstance(each, Tensor) for each in mapping.values())
    return tensors > 0 and 2 * tensors >= len(mapping)


def is_module(value: object) -> bool:
    """Whether it is an ``nn.Module`` that was saved whole."""
    mapping = mapping_in(value) if isinstance(value, Stub) else None
    return mapping is not None and isinstance(mapping.get("_parameters"), dict) and "_modules" in mapping
