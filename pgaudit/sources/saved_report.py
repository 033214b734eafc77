"""A JSON report → the Report that it was written from, without the model and the config behind it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgaudit.config.json_text import read_json
from pgaudit.config.validation import model_errors
from pgaudit.core.assignment import Assignment, ModelInfo, OptimizerInfo, ParamAssignment, RecordedParameter
from pgaudit.core.errors import ConfigError
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location, whole_file
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.report import Report
from pgaudit.serialize import SCHEMA_VERSION
from pgaudit.text import one_line, quoted, visible

if TYPE_CHECKING:
    from pgaudit.sources.report_schema import FindingData, ParamData, ReportData, RuleData

MAX_BYTES = 1 << 28
"""Of a JSON report: enough for some 300,000 parameters."""

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
    _refuse_doubles((name for param in report.params for name in (param.name, *param.aliases)), path)
    if len(report.params) != report.model.parameters:
        held = f"{len(report.params):,} of {report.model.parameters:,} tensors"
        hint = "write it without --filter, --rule and --changed"
        raise ConfigError(f"the report holds {held}, and all are needed", hint, whole_file(path))
    config = report.config
    settings: dict[str, Setting] = {}
    config_path = config.path if config else None
    params = tuple(_param(param, settings, config_path) for param in report.params)
    assignment = Assignment("report", ModelInfo(report.model.ref, report.model.source), _optimizers(report), params)
    findings = tuple(map(_finding, report.findings))
    constructor = config.constructor if config else None
    return Report(assignment, constructor, path, config_path, findings).with_bases()


def _optimizers(report: ReportData) -> tuple[OptimizerInfo, ...]:
    if report.optimizers is not None:
        return tuple(OptimizerInfo(each.type, each.arguments) for each in report.optimizers)
    called = dict(report.config.optimizer) if report.config else {}
    return (OptimizerInfo(called.pop("type", None), called),)


def _param(data: ParamData, settings: dict[str, Setting], config: str | None) -> ParamAssignment:
    parameter = RecordedParameter(
        data.name,
        tuple(data.aliases),
        None if data.shape is None else tuple(data.shape),
        data.numel,
        data.dtype,
        data.module_type,
        data.trainable,
    )
    held = data.in_optimizer, data.lr, data.weight_decay, data.scheduled_lr, data.extra, data.inert
    key = repr((held, data.lr_rule, data.weight_decay_rule))
    if key not in settings:  # parameters share settings
        settings[key] = _setting(data, config)
    optimizer = data.optimizer or 0 if data.in_optimizer else None
    return ParamAssignment(parameter, settings[key], data.group if data.in_optimizer else None, optimizer)


def _setting(data: ParamData, config: str | None) -> Setting:
    lr_rule, decay_rule = _rule(data.lr_rule, config), _rule(data.weight_decay_rule, config)
    if not data.in_optimizer:
        return Setting.left_out(lr_rule) if lr_rule else NOT_OPTIMIZED
    found = Setting.of(data.lr, data.weight_decay, lr_rule, decay_rule, data.extra, inert=frozenset(data.inert))
    return found.scheduled_at(data.scheduled_lr)


def _rule(data: RuleData | None, config: str | None) -> Provenance | None:
    if data is None:
        return None
    at = Location(data.path or config, data.line, data.column, bool(data.path)) if data.line and data.column else None
    return Provenance(data.option, data.key, at)


def _finding(data: FindingData) -> Finding:
    at = Location(data.path, data.line, data.column) if data.path or data.line else None
    return Finding(data.code, data.name, data.severity, data.message, data.hint, at, tuple(data.params))


def _validated(data: Any, path: str | None) -> ReportData:
    from pydantic import ValidationError

    from pgaudit.sources.report_schema import ReportData

    if not isinstance(data, dict) or "schema_version" not in data:
        raise ConfigError("this is not a report of pgaudit", _HINT, whole_file(path))
    version = data["schema_version"]
    if isinstance(version, bool) or version != SCHEMA_VERSION:
        newer = isinstance(version, int) and version > SCHEMA_VERSION
        hint = "a newer pgaudit wrote it" if newer else _HINT
        message = f"schema version {one_line(json.dumps(version), limit=40)}; this pgaudit reads {SCHEMA_VERSION}"
        raise ConfigError(message, hint, whole_file(path))
    try:
        return ReportData.model_validate(data)
    except ValidationError:
        found = model_errors(ReportData, data)
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
