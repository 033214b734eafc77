"""What is read of one file of a checkpoint, in the words of ``pgaudit.core.built``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgaudit.checkpoints.model_state import parameters_in
from pgaudit.checkpoints.optimizer_state import read_optimizer
from pgaudit.checkpoints.pickles.limits import Budget
from pgaudit.checkpoints.pickles.records import Tensor, mapping_in
from pgaudit.checkpoints.plain import Path, path_text, plain
from pgaudit.checkpoints.search import search
from pgaudit.core.built import BuiltOptimizer, BuiltTensor, SchedulerState
from pgaudit.text import counted, visible

Evidence = Callable[[Path], "tuple[Sequence[Sequence[str]], str] | None"]
"""The place of an optimizer → the names of each of its groups' tensors, and what says so."""
_FEW = 8


@dataclass(frozen=True)
class Parts:
    """What a file or folder holds."""

    layout: str
    """What wrote it."""
    optimizers: tuple[BuiltOptimizer, ...] = ()
    parameters: Mapping[str, BuiltTensor] = field(default_factory=dict)
    schedulers: tuple[SchedulerState, ...] = ()
    notes: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    """What else there is, in few words, for who finds no optimizer in it."""


def parts_of(value: object, layout: str, *, under: str = "", evidence: Evidence | None = None) -> Parts:
    """Returns what the content of a file holds.

    Args:
        value: plain values and records.
        layout: what wrote it.
        under: what stands before each place in the file: the file's own name among others.
        evidence: what says names, where the optimizers do not.

    Raises:
        Refused: it would take more memory than any checkpoint does.
    """
    budget = Budget()
    found = search(value, budget)
    optimizers = []
    for path, state in found.optimizers.items():
        names, names_from = (evidence(path) if evidence else None) or (None, None)
        optimizers.append(read_optimizer(state, _place(under, path), names, names_from, budget))
    return Parts(
        layout=layout,
        optimizers=tuple(optimizers),
        parameters=parameters_in(found.models),
        schedulers=tuple(
            SchedulerState(_place(under, path), {str(key): plain(each, budget) for key, each in values.items()})
            for path, values in found.schedulers.items()
        ),
        holds=_contents(value),
    )


def _place(under: str, path: Path) -> str:
    place = path_text(path)
    return place if not under else f"{under}{'' if place.startswith('[') or not place else '.'}{place}"


def _contents(value: object) -> tuple[str, ...]:
    """Returns a few words for each of what stands at the top of a file."""
    mapping = mapping_in(value)
    if mapping is None:
        return (f"one value of type {type(value).__name__.lower()}",)
    tensors = sum(isinstance(each, Tensor) for each in mapping.values())
    if tensors and 2 * tensors >= len(mapping):
        return (counted(tensors, "tensor"),)
    words = [_content(key, each) for key, each in list(mapping.items())[:_FEW]]
    return (*words, *([f"{len(mapping) - _FEW} more"] if len(mapping) > _FEW else []))


def _content(key: object, value: Any) -> str:
    below = mapping_in(value)
    tensors = sum(isinstance(each, Tensor) for each in below.values()) if below else 0
    name = visible(str(plain(key)))[:60]
    return f"{name} ({counted(tensors, 'tensor')})" if tensors else name
