"""What is read of a JSON report, schema version 1; what else stands there is left alone."""

from __future__ import annotations

from typing import get_args

from pgaudit.core.findings import Severity
from pgaudit.core.schedule import Unit
from pgaudit.files.schemas import COUNT, FLAG, FROM_ONE, NUMBER, TEXT, array, each, fields, mapping, one_of, optional

_RULE = mapping(
    {"option": TEXT, "key": optional(TEXT), **fields("line column", optional(FROM_ONE)), "path": optional(TEXT)},
    needs=["option", "key", "line", "column"],
)
"""``lr_rule`` and ``weight_decay_rule``; ``path`` where it is another file than the config."""

_REAL = {**NUMBER, "type": ["number", "string", "null"], "pattern": "^(nan|-?inf)$"}
"""A number, or the word for what JSON has no number for; null for none."""

_PARAM = mapping(
    {
        "name": TEXT,
        "aliases": array(TEXT),
        "shape": optional(array(COUNT)),
        "numel": optional(COUNT),
        **fields("dtype module_type", optional(TEXT)),
        "trainable": optional(FLAG),
        "in_optimizer": FLAG,
        **fields("optimizer group", optional(COUNT)),
        "also_in": array(mapping(fields("optimizer group", COUNT), needs=["optimizer", "group"])),
        **fields("lr weight_decay", _REAL),
        **fields("lr_rule weight_decay_rule", optional(_RULE)),
        "scheduled_lr": _REAL,
        "extra": each(),
        "inert": array(TEXT),
        "lr_at": each(optional(NUMBER)),
    },
    needs=(
        "name aliases shape numel module_type trainable in_optimizer lr weight_decay lr_rule weight_decay_rule".split()
    ),
)

_FINDING = mapping(
    {
        **fields("code name", TEXT),
        "severity": one_of(get_args(Severity)),
        "message": TEXT,
        "hint": optional(TEXT),
        "params": array(TEXT),
        "path": optional(TEXT),
        **fields("line column", optional(FROM_ONE)),
    },
    needs=["code", "severity", "message"],
)

_SCHEDULE = mapping(
    {
        "title": TEXT,
        "unit": one_of(get_args(Unit)),
        "turning_points": array(COUNT),
        **fields("ends run warms_up", optional(COUNT)),
    },
    needs=["title", "unit", "turning_points"],
)

REPORT = mapping(
    {
        "model": mapping(
            {**fields("ref source", optional(TEXT)), "parameters": COUNT}, needs=["ref", "source", "parameters"]
        ),
        "config": optional(
            mapping(
                {"path": optional(TEXT), "constructor": TEXT, "optimizer": each()},
                needs=["path", "constructor", "optimizer"],
            )
        ),
        "optimizers": optional(
            array(
                mapping(
                    {
                        "type": optional(TEXT),
                        "arguments": each(),
                        "name": TEXT,
                        "decoupled": FLAG,
                        "schedule": optional(_SCHEDULE),
                    },
                    needs=["type", "arguments"],
                )
            )
        ),
        "params": array(_PARAM),
        "findings": array(_FINDING),
    },
    needs=["model", "config", "params"],
)
"""``optimizers`` is not there in a report of a version that knew of one optimizer only: it stands in ``config``."""
