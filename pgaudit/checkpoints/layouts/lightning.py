"""Lightning's ``.ckpt``: ``optimizer_states``, and the names of their tensors where a finetuning callback keeps them.

Source: lightning 2.6, pytorch/callbacks/finetuning.py, ``BaseFinetuning.state_dict``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgaudit.checkpoints.parts import Evidence
from pgaudit.checkpoints.pickles.records import mapping_in
from pgaudit.checkpoints.plain import Path

NAME = "Lightning"
_METADATA = "internal_optimizer_metadata"


def evidence(top: Mapping[Any, Any]) -> Evidence | None:
    """Returns what the callbacks in a file say of names; None where none does."""
    callbacks = mapping_in(top.get("callbacks")) or {}
    kept = [mapping_in(state) or {} for state in callbacks.values()]
    by_index: dict[object, Sequence[Sequence[str]]] = {}
    for each in kept:
        for index, groups in (mapping_in(each.get(_METADATA)) or {}).items():
            names = _names(groups)
            if names is not None:
                by_index[index] = names
    if not by_index:
        return None

    def said(path: Path) -> tuple[Sequence[Sequence[str]], str] | None:
        found = by_index.get(path[1]) if len(path) == 2 and path[0] == "optimizer_states" else None
        return (found, "Lightning's finetuning callback") if found is not None else None

    return said


def _names(groups: object) -> list[list[str]] | None:
    if not isinstance(groups, (list, tuple)):
        return None
    names = [(mapping_in(group) or {}).get("params") for group in groups]
    if all(isinstance(each, list) and all(isinstance(name, str) for name in each) for each in names):
        return names  # type: ignore[return-value]
    return None
