"""What a checkpoint holds of a tensor and its group → a state that a stand-in can load, as near to it as can be."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pgaudit.core.built import BuiltTensor
from pgaudit.core.plain import Opaque, agree, plain
from pgaudit.resume.stand_in import MOST_DIMENSIONS, StandIn, quietly, stepped


class Given:
    """What is given to ``load_state_dict``."""

    def __init__(
        self, stand: StandIn, theirs: Mapping[str, Any], state: BuiltTensor, further: Mapping[str, Any]
    ) -> None:
        """Takes the stand-in, the values of the checkpoint's group, its tensor, and what else its state holds."""
        self._stand = stand
        self._theirs = theirs
        stored = {key: self._stored(key, shape) for key, shape in state.state}
        group = {key: _real(value, stand.values.get(key)) for key, value in theirs.items()}
        self.state_dict: dict[str, Any] = {
            "state": {0: stored} if stored else {},
            "param_groups": [{**group, "params": [0]}],
            **{key: _real(value, stand.state_dict.get(key)) for key, value in further.items()},
        }
        self.keys = frozenset({*stored, *group, *further})
        """Those that the checkpoint has."""
        self.is_exact = not any(isinstance(each, (Opaque, list, tuple, dict)) for each in further.values()) and all(
            agree(value, value) is not None for value in theirs.values()
        )
        """Whether a class that looks at nothing but groups and keys is given what the checkpoint really holds."""

    @property
    def own_keys(self) -> frozenset[str]:
        """Those that the source's own group and state have."""
        return frozenset({*self._stand.values, *self._stand.state})

    @cached_property
    def takes_its_own(self) -> bool:
        """Whether the stand-in loads what it has saved itself."""
        return self._loads(self._stand.state_dict, and_steps=False)

    @cached_property
    def groups_stop_it(self) -> bool:
        """Whether the stand-in makes a step after it has loaded what it has saved itself, and none with the
        checkpoint's group in it.
        """
        own = self._stand.state_dict
        group = {key: _real(value, self._stand.values.get(key)) for key, value in self._theirs.items()}
        return self._loads(own, and_steps=True) and not self._loads(
            {**own, "param_groups": [{**group, "params": [0]}]}, and_steps=True
        )

    def _loads(self, saved: Mapping[str, Any], *, and_steps: bool) -> bool:
        try:
            another = self._stand.another()
            with quietly():
                another.load_state_dict(copy.deepcopy(dict(saved)))
            if and_steps:
                stepped(another)
        except Exception:
            return False
        return True

    def _stored(self, key: str, shape: tuple[int, ...] | None) -> Any:
        """The class's own value where it has one of that kind, so that it is of the right type."""
        import torch

        own = self._stand.state.get(key)
        if own is not None and isinstance(own, torch.Tensor) == (shape is not None):
            return copy.deepcopy(own)
        return 1 if shape is None else torch.zeros([1] * min(len(shape), MOST_DIMENSIONS))


def _real(value: Any, own: Any) -> Any:
    """The source's own object where the checkpoint's is the same, or is not read; a dtype for its name."""
    if own is not None and agree(value, plain(own)) is not False:
        return copy.deepcopy(own)
    if isinstance(value, str) and value.startswith("torch."):
        import torch

        found = getattr(torch, value.removeprefix("torch."), None)
        return found if isinstance(found, torch.dtype) else value
    return copy.deepcopy(value)
