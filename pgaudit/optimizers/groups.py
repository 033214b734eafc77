"""What an optimizer's class is tried on, and what it makes of it, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class TensorKind:
    """What an optimizer's class may look at in a tensor before the first step."""

    shape: tuple[int, ...]
    dtype: str
    leaf: bool = True


@dataclass(frozen=True, slots=True)
class SampleGroup:
    """A group to try an optimizer on."""

    settings: tuple[tuple[str, Any], ...]
    tensors: tuple[TensorKind, ...]


class GroupValues(NamedTuple):
    """What a group of a built optimizer holds."""

    lr: float | None
    weight_decay: float
    """0 for a class that knows no weight decay."""


def settings_in(group: Mapping[str, Any]) -> GroupValues:
    """Returns the lr and weight decay that a group holds."""
    lr, decay = group.get("lr"), group.get("weight_decay")
    return GroupValues(None if lr is None else float(lr), 0.0 if decay is None else float(decay))
