"""Explanations → JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pgaudit import serialize
from pgaudit.constructors.trials import Trial
from pgaudit.explanation import Explanation
from pgaudit.report import Report


def render_json(report: Report, found: Sequence[Explanation]) -> str:
    """Returns the explanations for programs: schema_version 1, one entry a parameter."""
    data = {
        "schema_version": 1,
        "constructor": report.constructor,
        "params": [_plain(explanation) for explanation in found],
    }
    return json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _plain(explanation: Explanation) -> dict[str, Any]:
    row = serialize.param(explanation.row)
    kept = ("name", "aliases", "group", "lr", "weight_decay", "lr_rule", "weight_decay_rule")
    return (
        {key: row[key] for key in kept}
        | serialize.beside(explanation.row.setting)
        | {
            "meetings": [
                {
                    "name": meeting.name,
                    "note": meeting.note,
                    "trials": [_plain_trial(trial) for trial in meeting.trials],
                }
                for meeting in explanation.meetings
            ]
        }
    )


def _plain_trial(trial: Trial) -> dict[str, Any]:
    return {
        "rule": serialize.rule(trial.rule),
        "matched": trial.matched,
        "why": trial.why,
        "searched": trial.text,
        "spans": [list(span) for span in trial.spans],
        "would_set": {product.of: serialize.plain(product.result) for product in trial.products},
        "decides": sorted(trial.decides),
        "beaten_by": serialize.rule(trial.beaten_by),
        "principle": trial.principle,
    }
