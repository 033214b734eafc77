"""A JSON report → the Report that it was written from, without the model and the config behind it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pgaudit.core.assignment import Assignment, ModelInfo, OptimizerInfo, ParamAssignment, RecordedParameter
from pgaudit.core.errors import ConfigError
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location, whole_file
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.files.json_text import read_json
from pgaudit.files.validation import json_errors
from pgaudit.report import Report
from pgaudit.serialize import SCHEMA_VERSION
from pgaudit.sources.report_schema import REPORT
from pgaudit.sources.saved_schedules import saved_over_time
from pgaudit.text import one_line, quoted, visible

MAX_BYTES = 1 << 28
"""Of a JSON report: enough for some 300,000 parameters."""

_Data = Mapping[str, Any]
"""A part of the parsed JSON."""

_HINT = "pgaudit show MODEL CONFIG --format json -o report.json"
_SPELLED_OUT = 3


def is_report(path: str, data: bytes) -> bool:
    """Whether a file is meant to be a JSON report: by its ending, or, where that does not say, by how it begins."""
    suffix = Path(path).suffix.lower()
    if suffix in (".json", ".yaml", ".yml"):
        return suffix == ".json"
    head = data[:400].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"{") and b'"schema_version"' in head


def read_report(path: str, data: bytes) -> Report:
    """Reads what ``pgaudit show --format json`` wrote.

    Raises:
        ConfigError: it is cut, of another schema, holds a selection of parameters only, or is no report at all.
    """
    if len(data) > MAX_BYTES:
        message = f"the file is larger than the {MAX_BYTES:,} bytes that a report may have"
        raise ConfigError(message, location=Location(path))
    return from_json(read_json(data, path, _HINT), path)


def from_json(data: Any, path: str | None = None) -> Report:
    """Returns the report that parsed JSON holds; ``path`` is where it comes from, for messages.

    Raises:
        ConfigError: as :func:`read_report`.
    """
    report = _validated(data, path)
    model, given = report["model"], report["params"]
    _refuse_doubles((name for param in given for name in (param["name"], *param["aliases"])), path)
    if len(given) != model["parameters"]:
        held = f"{len(given):,} of {model['parameters']:,} tensors"
        hint = "write it without --filter, --rule and --changed"
        raise ConfigError(f"the report holds {held}, and all are needed", hint, whole_file(path))
    config = report["config"] or {}
    settings: dict[str, Setting] = {}
    config_path = config.get("path")
    params = tuple(_param(param, settings, config_path) for param in given)
    optimizers = _optimizers(report)
    assignment = Assignment("report", ModelInfo(model["ref"], model["source"]), optimizers, params)
    listed = report.get("optimizers") or [{} for _ in optimizers]
    over_time = saved_over_time(listed, [*zip(params, given, strict=True)], path)
    findings = tuple(map(_finding, report.get("findings", ())))
    constructor = config.get("constructor")
    return Report(assignment, constructor, path, config_path, findings, over_time=over_time).with_bases()


def _optimizers(report: _Data) -> tuple[OptimizerInfo, ...]:
    if report.get("optimizers") is not None:
        return tuple(
            OptimizerInfo(each["type"], each["arguments"], name=each.get("name", ""), decoupled=each.get("decoupled"))
            for each in report["optimizers"]
        )
    called = dict(report["config"]["optimizer"]) if report["config"] else {}
    return (OptimizerInfo(called.pop("type", None), called),)


def _param(data: _Data, settings: dict[str, Setting], config: str | None) -> ParamAssignment:
    parameter = RecordedParameter(
        data["name"],
        tuple(data["aliases"]),
        None if data["shape"] is None else tuple(data["shape"]),
        data["numel"],
        data.get("dtype"),
        data["module_type"],
        data["trainable"],
    )
    key = repr([data.get(word) for word in _SHARED])
    if key not in settings:  # parameters share settings
        settings[key] = _setting(data, config)
    if not data["in_optimizer"]:
        return ParamAssignment(parameter, settings[key], None, None)
    also_in = tuple((each["optimizer"], each["group"]) for each in data.get("also_in", ()))
    return ParamAssignment(parameter, settings[key], data.get("group"), data.get("optimizer") or 0, also_in)


_SHARED = "in_optimizer lr weight_decay scheduled_lr extra inert lr_rule weight_decay_rule".split()
"""What parameters of one setting have in common."""


def _setting(data: _Data, config: str | None) -> Setting:
    lr_rule, decay_rule = _rule(data["lr_rule"], config), _rule(data["weight_decay_rule"], config)
    if not data["in_optimizer"]:
        return Setting.left_out(lr_rule) if lr_rule else NOT_OPTIMIZED
    lr, decay, scheduled = (_number(data.get(word)) for word in ("lr", "weight_decay", "scheduled_lr"))
    inert = frozenset(data.get("inert", ()))
    return Setting.of(lr, decay, lr_rule, decay_rule, data.get("extra", {}), inert=inert).scheduled_at(scheduled)


def _number(value: float | str | None) -> float | None:
    return None if value is None else float(value)


def _rule(data: _Data | None, config: str | None) -> Provenance | None:
    if data is None:
        return None
    path, line, column = data.get("path"), data["line"], data["column"]
    at = Location(path or config, line, column, bool(path)) if line and column else None
    return Provenance(data["option"], data["key"], at)


def _finding(data: _Data) -> Finding:
    path, line = data.get("path"), data.get("line")
    at = Location(path, line, data.get("column")) if path or line else None
    return Finding(
        data["code"],
        data.get("name", ""),
        data["severity"],
        data["message"],
        data.get("hint"),
        at,
        tuple(data.get("params", ())),
    )


def _validated(data: Any, path: str | None) -> _Data:
    if not isinstance(data, dict) or "schema_version" not in data:
        raise ConfigError("this is not a report of pgaudit", _HINT, whole_file(path))
    version = data["schema_version"]
    if isinstance(version, bool) or version != SCHEMA_VERSION:
        newer = isinstance(version, int) and version > SCHEMA_VERSION
        hint = "a newer pgaudit wrote it" if newer else _HINT
        message = f"schema version {one_line(json.dumps(version), limit=40)}; this pgaudit reads {SCHEMA_VERSION}"
        raise ConfigError(message, hint, whole_file(path))
    found = json_errors(REPORT, data)
    if not found:
        return data
    problems = [
        Finding.error(f"{visible('.'.join(map(str, at)))}: {said}", whole_file(path), hint) for at, said, hint in found
    ]
    more = len(problems) - _SPELLED_OUT
    first = problems[:_SPELLED_OUT]
    raise ConfigError([*first, Finding.error(f"and {more:,} more like these", whole_file(path))] if more > 0 else first)


def _refuse_doubles(names: Iterable[str], path: str | None) -> None:
    name, count = max(Counter(names).items(), key=lambda item: item[1], default=("", 0))
    if count > 1:
        raise ConfigError(f"the report names {quoted(name)} {count} times", _HINT, whole_file(path))
