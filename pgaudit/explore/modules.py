"""The modules of a model, looked for where somebody opens one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Module:
    """A module that has parameters."""

    path: str
    tensors: int
    """In it, and below it."""
    opens: bool
    """Whether there are modules in it that have parameters."""

    @property
    def own(self) -> str:
        """What its parent calls it."""
        return self.path.rpartition(".")[2]


def modules_in(names: Sequence[str], path: str = "") -> list[Module]:
    """Returns the modules right inside one, in the model's order.

    Args:
        names: those of all parameters.
        path: the module's; empty for the model.
    """
    start = f"{path}." if path else ""
    tensors: dict[str, int] = {}
    opens: set[str] = set()
    for name in names:
        if name.startswith(start):
            own, dot, below = name[len(start) :].partition(".")
            if dot:
                tensors[own] = tensors.get(own, 0) + 1
                if "." in below:
                    opens.add(own)
    return [Module(start + own, count, own in opens) for own, count in tensors.items()]
