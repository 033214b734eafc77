"""Rows of a report that have equal settings, under one name."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Sequence

from pgaudit.core.assignment import ParamAssignment
from pgaudit.names import Folded, fold_named

Fold = Folded[ParamAssignment]
"""Rows of a report that have equal settings."""


def unfolded(rows: Iterable[ParamAssignment]) -> list[Fold]:
    """Returns every row by itself."""
    return [Folded(row.name, (row,)) for row in rows]


def fold(rows: Sequence[ParamAssignment], taken: Container[str] = ()) -> list[Fold]:
    """Joins rows of equal settings under equal rules that belong to modules of one class.

    Args:
        rows: what to join.
        taken: names of other parameters that no folded name may look like.
    """
    return fold_named(((row.name, _lot(row), row.param.module_type, row) for row in rows), taken)


def _lot(row: ParamAssignment) -> tuple[Hashable, ...]:
    """What rows must have in common: two settings may say the same, having come about in two ways."""
    rules = (row.setting.lr_rule, row.setting.weight_decay_rule)
    return row.setting.effect, *(rule and rule.name for rule in rules), row.param.trainable
