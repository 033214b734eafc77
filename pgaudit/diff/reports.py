"""A Report, in memory or in a JSON file → a Side."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgaudit.config.json_text import read_json
from pgaudit.core.assignment import ParamAssignment, Provenance
from pgaudit.core.errors import ConfigError, Problem
from pgaudit.core.location import Location, whole_file
from pgaudit.diff.records import Entry, Side
from pgaudit.report import Report
from pgaudit.serialize import SCHEMA_VERSION, plain
from pgaudit.text import one_line, quoted, visible

if TYPE_CHECKING:
    from pgaudit.diff.schema import ParamData, ReportData, RuleData

MAX_BYTES = 1 << 28
"""Of a JSON report: enough for some 300,000 parameters."""

_HINT = "pgaudit show MODEL CONFIG --format json -o report.json"
_SPELLED_OUT = 3


def from_report(report: Report, path: str | None = None) -> Side:
    """Returns a report as a side; ``path`` is what the user named, if not the config itself."""
    return Side(
        path=path or report.config.path,
        config=report.config.path,
        model=report.inventory.ref,
        source=report.inventory.source,
        constructor=report.constructor,
        optimizer=plain(report.optimizer.call),
        defaults=plain(report.facts.arguments),
        entries=tuple(map(_entry, report.params)),
    )


def _entry(row: ParamAssignment) -> Entry:
    parameter = row.param
    return Entry(
        parameter.name,
        parameter.aliases,
        parameter.shape,
        parameter.numel,
        parameter.module_type,
        parameter.trainable is not False,
        row.group is not None,
        row.lr,
        row.weight_decay,
        row.setting.lr_rule,
        row.setting.weight_decay_rule,
        row.scheduled_lr,
        plain(row.setting.unscaled),
    )


def is_report(path: str, data: bytes) -> bool:
    """Whether a file is meant to be a JSON report: by its ending, or, where that does not say, by how it begins."""
    suffix = Path(path).suffix.lower()
    if suffix in (".json", ".yaml", ".yml"):
        return suffix == ".json"
    head = data[:400].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"{") and b'"schema_version"' in head


def read_report(path: str, data: bytes) -> Side:
    """Reads what ``pgaudit show --format json`` wrote.

    Raises:
        ConfigError: it is cut, of another schema, holds a selection of parameters only, or is no report at all.
    """
    if len(data) > MAX_BYTES:
        message = f"the file is larger than the {MAX_BYTES:,} bytes that a report may have"
        raise ConfigError(message, location=Location(path))
    return from_json(read_json(data, path, _HINT), path)


def from_json(data: Any, path: str | None = None) -> Side:
    """Returns the side of a parsed JSON report; ``path`` is where it comes from, for messages.

    Raises:
        ConfigError: as :func:`read_report`.
    """
    report = _validated(data, path)
    _refuse_doubles((name for param in report.params for name in (param.name, *param.aliases)), path)
    if len(report.params) != report.model.parameters:
        held = f"{len(report.params):,} of {report.model.parameters:,} tensors"
        hint = "write it without --filter, --rule and --changed"
        raise ConfigError(f"the report holds {held}, and a diff needs all", hint, whole_file(path))
    return Side(
        path=path,
        config=report.config.path,
        model=report.model.ref,
        source=report.model.source,
        constructor=report.config.constructor,
        optimizer=report.config.optimizer,
        entries=tuple(_entry_from_json(param, report.config.path) for param in report.params),
    )


def _entry_from_json(param: ParamData, config: str | None) -> Entry:
    return Entry(
        param.name,
        tuple(param.aliases),
        tuple(param.shape),
        param.numel,
        param.module_type,
        param.trainable,
        param.in_optimizer,
        param.lr,
        param.weight_decay,
        _rule(param.lr_rule, config),
        _rule(param.weight_decay_rule, config),
        param.scheduled_lr,
        _effective(param),
    )


def _effective(param: ParamData) -> dict[str, Any]:
    without = {*param.inert, *(["lr_scale"] if param.scheduled_lr is not None else [])}
    return {key: value for key, value in param.extra.items() if key not in without}


def _rule(data: RuleData | None, config: str | None) -> Provenance | None:
    if data is None:
        return None
    at = Location(data.path or config, data.line, data.column, bool(data.path)) if data.line and data.column else None
    return Provenance(data.option, data.key, at)


def _validated(data: Any, path: str | None) -> ReportData:
    from pydantic import ValidationError

    from pgaudit.config.complaints import refusals
    from pgaudit.diff.schema import ReportData

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
        found = refusals(ReportData, data)
    problems = [
        Problem(f"{visible('.'.join(map(str, at)))}: {said}", whole_file(path), hint) for at, said, hint in found
    ]
    more = len(problems) - _SPELLED_OUT
    first = problems[:_SPELLED_OUT]
    raise ConfigError([*first, Problem(f"and {more:,} more like these", whole_file(path))] if more > 0 else first)


def _refuse_doubles(names: Iterable[str], path: str | None) -> None:
    name, count = max(Counter(names).items(), key=lambda item: item[1], default=("", 0))
    if count > 1:
        raise ConfigError(f"the report names {quoted(name)} {count} times", _HINT, whole_file(path))
