"""A checkpoint's groups and states → what the optimizer's own class makes of them, tried on small stand-ins.

Which keys a class needs, which it fills in and whether it goes on with the state of another class, its own
``load_state_dict``, ``__setstate__`` and ``step`` say (torch 2.15, torch/optim): an Adam refuses an SGD's state with a
``KeyError`` where it has momentum, and takes it without; an SGD takes an Adam's state, and begins its momentum anew.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgaudit.built.values import same
from pgaudit.core.built import BuiltOptimizer, BuiltTensor
from pgaudit.resume.answer import Mismatch
from pgaudit.resume.pairs import Pair
from pgaudit.text import format_exception, quoted, visible
from pgaudit.user_code import suppress_output
from pgaudit.user_code.offline import without_network

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

Make = Callable[[list[dict[str, Any]]], "Optimizer"]
"""Builds an optimizer of the source's class on groups."""
_MOST_DIMENSIONS = 8
_ANOTHER_CLASS = "Resume with the optimizer's class that wrote the checkpoint; or load the model alone, and begin anew."


@dataclass(frozen=True)
class Tried:
    """What the class did."""

    mismatches: tuple[Mismatch, ...] = ()
    changed: Mapping[str, Any] = field(default_factory=dict)
    """What it writes into a group after loading: keys that it lacks, or that the class insists on."""
    known: bool = True
    """Whether it could be tried at all."""


def tried(pairs: Sequence[Pair], source: BuiltOptimizer, checkpoint: BuiltOptimizer, make: Make) -> Tried:
    """Loads each kind of group and state into an optimizer of its own, and makes a step with it.

    Args:
        pairs: each tensor with its state.
        source: its groups.
        checkpoint: its groups.
        make: builds the source's optimizer.
    """
    mismatches: dict[str, Mismatch] = {}
    changed: dict[str, Any] = {}
    for samples in _kinds(pairs, source, checkpoint):
        pair = samples[0]
        ours, theirs = source.groups[pair.group].values, checkpoint.groups[pair.from_group].values
        try:
            trial = _Trial(make, ours, theirs, pair.checkpoint, len(pair.source.shape or ()))
        except Exception:  # a class that needs a closure, a process group, a device: nothing is told
            return Tried(known=False)
        found = trial.outcome()
        changed |= trial.changed
        if found is not None:
            before = mismatches.get(found.message)
            params = (*(before.params if before else ()), *(each.name for each in samples))
            mismatches[found.message] = Mismatch(found.message, params, found.hint, found.refused)
    return Tried(tuple(mismatches.values()), changed)


def _kinds(pairs: Sequence[Pair], source: BuiltOptimizer, checkpoint: BuiltOptimizer) -> Iterator[Sequence[Pair]]:
    """Yields the pairs that a class cannot tell apart: by the keys of their groups, and by what is kept of them."""
    keys = [tuple((key, _is_on(value)) for key, value in group.values.items()) for group in checkpoint.groups]
    ours = [tuple(group.values) for group in source.groups]
    alike: dict[Any, list[Pair]] = {}
    for pair in pairs:
        state = tuple((key, shape is None) for key, shape in pair.checkpoint.state)
        kind = keys[pair.from_group], ours[pair.group], state, len(pair.source.shape or ())
        alike.setdefault(kind, []).append(pair)
    yield from alike.values()


def _is_on(value: Any) -> bool:
    """Whether it is neither zero, false nor absent: ``momentum=0`` needs no buffer."""
    return value is not None and value is not False and value != 0


class _Trial:
    """One tensor that stands for all of its kind. Raises whatever a class raises that cannot be tried."""

    def __init__(
        self, make: Make, ours: Mapping[str, Any], theirs: Mapping[str, Any], state: BuiltTensor, dimensions: int
    ) -> None:
        self._make, self._ours, self._theirs = make, ours, theirs
        self._dimensions = min(dimensions, _MOST_DIMENSIONS)
        fresh = self._built()
        _step(fresh)
        self._own: dict[str, Any] = dict(fresh.state_dict()["state"].get(0, {}))
        self._state = {key: self._value(key, shape) for key, shape in state.state}
        self.changed: dict[str, Any] = {}

    def outcome(self) -> Mismatch | None:
        """Loads, and makes a step; a missing key is what tells. Other errors may come of the stand-ins."""
        loaded = self._built()
        kind = visible(type(loaded).__name__)
        state = {0: self._state} if self._state else {}
        group = {**copy.deepcopy(dict(self._theirs)), "params": [0]}
        try:
            with _quietly():
                loaded.load_state_dict({"state": state, "param_groups": [group]})
        except KeyError as error:
            message = (
                f"load_state_dict of {kind} raises {format_exception(error)}: the checkpoint was written by another "
                "optimizer"
            )
            return Mismatch(message, (), _ANOTHER_CLASS, refused=True)
        after = loaded.param_groups[0]
        self.changed = {
            key: after[key]
            for key in after
            if key != "params" and not (key in self._theirs and same(after[key], self._theirs[key]))
        }
        try:
            _step(loaded)
        except KeyError as error:
            key = error.args[0] if error.args else ""
            who = "groups" if key in self._ours else "states"
            message = (
                f"it loads, and the first step of {kind} raises {format_exception(error)}: another optimizer wrote the "
                f"checkpoint's {who}, and they have no {quoted(key)}"
            )
            return Mismatch(message, (), _ANOTHER_CLASS)
        except Exception:
            return None
        if self._own and self._state and self._own.keys().isdisjoint(self._state):
            message = (
                f"it loads, and {kind} uses nothing of it: it keeps {_words(self._own)}, and the checkpoint has "
                f"{_words(self._state)}: another optimizer wrote it"
            )
            return Mismatch(message, (), _ANOTHER_CLASS)
        return None

    def _built(self) -> Optimizer:
        import torch

        tensor = torch.ones([1] * self._dimensions, requires_grad=True)
        with _quietly():
            return self._make([{**copy.deepcopy(dict(self._ours)), "params": [tensor]}])

    def _value(self, key: str, shape: tuple[int, ...] | None) -> Any:
        """The class's own value where it has one of that kind, so that it is of the right type."""
        import torch

        own = self._own.get(key)
        if own is not None and isinstance(own, torch.Tensor) == (shape is not None):
            return copy.deepcopy(own)
        return 1 if shape is None else torch.zeros([1] * min(len(shape), _MOST_DIMENSIONS))


def _words(keys: Iterable[str]) -> str:
    return " and ".join(map(visible, keys))


def _step(optimizer: Optimizer) -> None:
    import torch

    for group in optimizer.param_groups:
        for tensor in group["params"]:
            gradient: Tensor = torch.full_like(tensor, 0.5)
            tensor.grad = gradient
    with _quietly():
        optimizer.step()


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Neither words nor warnings of other people's code, and no network."""
    with suppress_output(), without_network():
        yield
