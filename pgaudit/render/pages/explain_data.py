"""Explanations → JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgaudit import serialize
from pgaudit.constructors.evaluation import RuleEvaluation
from pgaudit.explanation import Explanation
from pgaudit.render.data import json_text
from pgaudit.report import Report


def render_json(report: Report, found: Sequence[Explanation]) -> str:
    """Returns the explanations for programs: schema_version 1, one entry a parameter."""
    params = [_plain(report, explanation) for explanation in found]
    return json_text({"schema_version": 1, "constructor": report.constructor, "params": params})


def _plain(report: Report, explanation: Explanation) -> dict[str, Any]:
    lrs = report.lrs_at(explanation.row)
    row = serialize.param(explanation.row)
    kept = ("name", "aliases", "group", "lr", "weight_decay", "lr_rule", "weight_decay_rule")
    return (
        {key: row[key] for key in kept}
        | serialize.extra(explanation.row.setting)
        | ({"lr_at": serialize.by_step(lrs)} if lrs else {})
        | {
            "meetings": [
                {
                    "name": occurrence.name,
                    "note": occurrence.note,
                    "trials": [_plain_evaluation(tried) for tried in occurrence.evaluations],
                }
                for occurrence in explanation.occurrences
            ]
        }
    )


def _plain_evaluation(tried: RuleEvaluation) -> dict[str, Any]:
    return {
        "rule": serialize.rule(tried.rule),
        "matched": tried.matched,
        "why": tried.why,
        "searched": tried.text,
        "spans": [list(span) for span in tried.spans],
        "would_set": {product.of: serialize.plain(product.result) for product in tried.products},
        "decides": sorted(tried.decides),
        "beaten_by": serialize.rule(tried.beaten_by),
        "principle": tried.principle,
    }
