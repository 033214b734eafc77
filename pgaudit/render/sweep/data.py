"""Results of a sweep → JSON, JSON lines and CSV: all of them, in the order of models and configs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from pgaudit.core.location import Location
from pgaudit.render.data import csv_text, json_text
from pgaudit.render.sweep.view import totals
from pgaudit.sweep.lines import SCHEMA_VERSION, Identity, data, line
from pgaudit.sweep.records import SweepResult
from pgaudit.text import visible


def render_json(results: Sequence[SweepResult], identity: Identity) -> str:
    """Returns everything for programs; what is not ASCII is escaped."""
    found = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "pgaudit", "version": identity.version},
        "configs": list(identity.digests),
        "results": [data(result, identity) for result in results],
        "totals": [
            {"config": config, **asdict(total)}
            for config in identity.digests
            for total in totals([result for result in results if result.config == config])
        ],
    }
    return json_text(found)


def render_lines(results: Sequence[SweepResult], identity: Identity) -> str:
    """Returns a line of JSON for each result, as ``-o`` keeps them."""
    return "".join(line(result, identity) for result in results)


_CSV = (
    *("model", "config", "source", "parameters", "numel", "groups", "decayed_parameters", "decayed_numel"),
    *("errors", "warnings", "remarks", "findings"),
    *("worst_code", "worst_severity", "worst_parameters", "worst_path", "worst_line", "worst_column", "worst_message"),
    *("problem", "hint"),
)


def render_csv(results: Sequence[SweepResult]) -> str:
    """Returns one line a result; an empty field where there is nothing."""
    fields = map(_fields, results)
    return csv_text(_CSV, ([visible(each) if isinstance(each, str) else each for each in row] for row in fields))


def _fields(of: SweepResult) -> list[object]:
    if of.errors:
        messages = "; ".join(error.message for error in of.errors)
        hints = "; ".join(error.hint for error in of.errors if error.hint)
        return [of.model, of.config, *[None] * (len(_CSV) - 4), messages, hints]
    return [
        *(of.model, of.config, of.source, of.parameters, of.numel, of.groups, of.decayed, of.decayed_numel),
        *(of.count("error"), of.count("warning"), of.count("info")),
        " ".join(f"{found.code}={found.findings}" for found in of.findings),
        *_worst(of),
        *(None, None),
    ]


def _worst(of: SweepResult) -> list[object]:
    if of.gravest is None:
        return [None] * 7
    worst = of.gravest.worst
    at = worst.location or Location()
    return [worst.code, worst.severity, of.gravest.worst_parameters, at.path, at.line, at.column, worst.message]
