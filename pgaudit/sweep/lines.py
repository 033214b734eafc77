"""Result ↔ one line of JSON, schema version 1. Deterministic: no clock, no machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgaudit.core.findings import SEVERITIES, Finding
from pgaudit.core.location import Location, whole_file
from pgaudit.serialize import error_data, place, plain
from pgaudit.sweep.records import CodeCount, SweepResult

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Identity:
    """What all lines of one sweep have in common, or per config: another value is another sweep."""

    version: str
    """Of pgaudit."""
    model_args: Mapping[str, Any]
    constructors: Mapping[str, str]
    """The constructor of each config."""
    digests: Mapping[str, str]
    """What each config says."""

    def of(self, config: str) -> dict[str, Any]:
        """Returns what a line says of its sweep."""
        return {
            "tool": {"name": "pgaudit", "version": self.version},
            "model_args": plain(self.model_args),
            "constructor": self.constructors[config],
            "config_digest": self.digests[config],
        }


BEGINNING = b'{"schema_version": '
"""With what every line begins."""


def line(of: SweepResult, identity: Identity) -> str:
    """Returns a result as a line. What is not ASCII is escaped, so that a terminal stays unharmed."""
    return json.dumps(data(of, identity), ensure_ascii=True, allow_nan=False) + "\n"


def data(of: SweepResult, identity: Identity) -> dict[str, Any]:
    """Returns a result as plain data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "model": of.model,
        "config": of.config,
        "source": of.source,
        "parameters": of.parameters,
        "numel": of.numel,
        "groups": of.groups,
        "decayed": {"parameters": of.decayed, "numel": of.decayed_numel},
        "findings": [
            {"code": f.code, "findings": f.findings, "parameters": f.parameters, "worst": _worst(f)}
            for f in of.findings
        ],
        "worst": _worst(of.gravest) if of.gravest else None,
        "problems": list(map(error_data, of.errors)),
        **identity.of(of.config),
    }  # fmt: skip


def _worst(of: CodeCount) -> dict[str, Any]:
    return {
        "code": of.code,
        "name": of.worst.name,
        "severity": of.severity,
        "message": of.worst.message,
        "hint": of.worst.hint,
        "parameters": of.worst_parameters,
        **place(of.worst.location),
    }


def result(of: Mapping[str, Any]) -> SweepResult:
    """Returns the result that a line holds.

    Raises:
        KeyError, TypeError, AttributeError: it is none.
    """
    return SweepResult(
        _text(of["model"]),
        _text(of["config"]),
        _count(of["parameters"]),
        _count(of["numel"]),
        _count(of["groups"]),
        _count(of["decayed"]["parameters"]),
        _count(of["decayed"]["numel"]),
        tuple(map(_found, of["findings"])),
        _text(of["source"]),
        tuple(Finding.error(_text(e["message"]), _location(e), _text_or_none(e["hint"])) for e in of["problems"]),
    )


def _found(of: Mapping[str, Any]) -> CodeCount:
    worst = of["worst"]
    severity = worst["severity"]
    if severity not in SEVERITIES:
        raise TypeError(f"no severity: {severity!r:.40}")
    words = _text(worst["code"]), _text(worst["name"]), severity, _text(worst["message"]), _text_or_none(worst["hint"])
    finding = Finding(*words, _location(worst))
    return CodeCount(_count(of["findings"]), _count(of["parameters"]), finding, _count(worst["parameters"]))


def _location(of: Mapping[str, Any]) -> Location | None:
    path = _text_or_none(of["path"])
    if of["line"]:
        return Location(path, _count(of["line"]), _count(of["column"]))
    return whole_file(path)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"no text: {value!r:.40}")
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(f"no count: {value!r:.40}")
    return value
