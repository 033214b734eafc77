"""How high each parameter's lr comes, with the factors that are meant for schedulers: what makes a staircase."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, prod
from typing import Any

from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited
from pgaudit.core.schedule import SCALES
from pgaudit.core.setting import Setting


@dataclass(frozen=True, slots=True)
class Height:
    """A trainable parameter, and the lr that it comes to."""

    index: int
    """Its place in the assignment."""
    name: str
    lr: float


def of_policy(audited: Audited) -> list[Height]:
    """Returns those of all parameters that train, in the model's order."""
    rows = zip(audited.inventory.parameters, audited.assignment.params, strict=True)
    return [
        Height(index, parameter.name, lr)
        for index, (parameter, decision) in enumerate(rows)
        if parameter.trainable and decision.group is not None
        for lr in _lr(decision.setting, decision.setting.get("initial_lr"), decision.setting.inert)
    ]


def of_built(audit: BuiltAudit) -> list[list[Height]]:
    """Returns the same of each optimizer."""
    found: list[list[Height]] = [[] for _ in audit.optimizers]
    for index, row in enumerate(audit.assignment.params):
        if row.optimizer is not None and row.name not in audit.frozen:
            lrs = _lr(row.setting, audit.values(row).get("initial_lr"), frozenset())
            found[row.optimizer].extend(Height(index, row.name, lr) for lr in lrs)
    return found


def _lr(setting: Setting, begin: Any, notes: frozenset[str]) -> Iterator[float]:
    """The lr before a schedule has its say, times the factors in the group that are no notes of the constructor's own;
    nothing where that is no number above 0.
    """
    lr = setting.lr if begin is None else begin
    scales: Iterable[Any] = (setting.extra.get(key, 1.0) for key in SCALES if key not in notes)
    factors: Sequence[Any] = [lr, *scales]
    if all(isinstance(each, (int, float)) for each in factors):
        product = prod(map(float, factors))
        if product > 0 and isfinite(product):
            yield product
