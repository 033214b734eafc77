"""How high each parameter's lr comes, with the factors that are meant for schedulers: what makes a staircase."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, prod
from typing import Any, NamedTuple

from pgaudit.core.schedule import SCALES
from pgaudit.core.setting import Setting


class Height(NamedTuple):
    """A trainable parameter, and the lr that it comes to."""

    place: int
    """Where it stands in the assignment."""
    name: str
    lr: float


class Heights:
    """The heights of parameters, worked out once for all that share a setting."""

    def __init__(self, *, built: bool) -> None:
        """Takes whether the groups were built: then no factor in them is a note of the constructor's own."""
        self._built = built
        self._known: dict[tuple[int, str], float | None] = {}

    def of(self, rows: Iterable[tuple[int, str, Setting, Any]]) -> list[Height]:
        """Returns those of parameters, each given by its place, its name, its setting and the group's ``initial_lr``;
        without those whose lr is no number above 0.
        """
        found = ((place, name, self._lr(setting, begin)) for place, name, setting, begin in rows)
        return [Height(place, name, lr) for place, name, lr in found if lr is not None]

    def _lr(self, setting: Setting, begin: Any) -> float | None:
        key = id(setting), repr(begin)  # whatever a group may hold there
        if key not in self._known:
            self._known[key] = self._worked_out(setting, begin)
        return self._known[key]

    def _worked_out(self, setting: Setting, begin: Any) -> float | None:
        """The lr before a schedule has its say, times the factors in the group."""
        lr = setting.lr if begin is None else begin
        scales = (setting.extra.get(key, 1.0) for key in SCALES if self._built or key not in setting.inert)
        factors: list[Any] = [lr, *scales]
        if not all(isinstance(each, (int, float)) for each in factors):
            return None
        product = prod(map(float, factors))
        return product if product > 0 and isfinite(product) else None
