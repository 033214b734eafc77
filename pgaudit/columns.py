"""What CSV and data frames have of each parameter: one column after another, with the type of its values."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pgaudit import serialize
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import Provenance

Kind = Literal["text", "texts", "word", "int", "ints", "bool", "float"]
"""The type of values; a word is a text that many parameters have in common."""


@dataclass(frozen=True)
class Column:
    """One column."""

    name: str
    kind: Kind
    value: Callable[[ParamAssignment], Any]
    """What it says of a parameter; None for nothing."""


def over_time(name: str, steps: tuple[int, ...], of: Callable[[ParamAssignment], Mapping[int, Any]]) -> list[Column]:
    """Returns a column a step: ``lr_at_100``.

    Args:
        name: of all, before the step.
        steps: those that were asked.
        of: a parameter's values by step.
    """

    def at(step: int) -> Column:
        return Column(f"{name}_{step}", "float", lambda row: of(row)[step])

    return list(map(at, steps))


def _of_rule(name: str, get: Callable[[ParamAssignment], Provenance | None]) -> list[Column]:
    def line(row: ParamAssignment) -> str | None:
        rule = get(row)
        return rule.location.mark.removeprefix(":") if rule and rule.location else None

    return [
        Column(f"{name}_rule", "word", lambda row: (rule := get(row)) and rule.option),
        Column(f"{name}_key", "word", lambda row: (rule := get(row)) and rule.key),
        Column(f"{name}_line", "word", line),
    ]


def _extra(row: ParamAssignment) -> str | None:
    extra = serialize.extra(row.setting)["extra"]
    return json.dumps(extra, ensure_ascii=True) if extra else None


COLUMNS = (
    Column("name", "text", lambda row: row.name),
    Column("aliases", "texts", lambda row: row.param.aliases),
    Column("shape", "ints", lambda row: row.param.shape),
    Column("numel", "int", lambda row: row.param.numel),
    Column("dtype", "word", lambda row: row.param.dtype),
    Column("module_type", "word", lambda row: row.param.module_type),
    Column("trainable", "bool", lambda row: row.param.trainable),
    Column("in_optimizer", "bool", lambda row: row.in_optimizer),
    Column("group", "int", lambda row: row.group),
    Column("lr", "float", lambda row: row.lr),
    Column("weight_decay", "float", lambda row: row.weight_decay),
    *_of_rule("lr", lambda row: row.setting.lr_rule),
    *_of_rule("weight_decay", lambda row: row.setting.weight_decay_rule),
    Column("scheduled_lr", "float", lambda row: row.scheduled_lr),
    Column("extra", "word", _extra),
    Column("optimizer", "int", lambda row: row.optimizer),
)
"""Those that every report has."""
