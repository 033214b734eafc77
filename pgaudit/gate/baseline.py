"""Findings that are known and not yet fixed: the gate fails on new ones only.

A baseline names code, rule and parameters, never lines, so that an edit elsewhere in the config changes nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pgaudit.core.errors import ConfigError
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location
from pgaudit.files.json_text import read_json
from pgaudit.files.reading import read_file
from pgaudit.files.schemas import COUNT, TEXT, array, mapping, optional
from pgaudit.files.validation import json_errors
from pgaudit.names import fold_named
from pgaudit.sources.lock_names import expanded, spelled
from pgaudit.text import counted, one_line, quoted, visible

_ENTRY = mapping(
    {"code": TEXT, "key": optional(TEXT), "params": array(TEXT)}, closed=True, needs=["code", "key", "params"]
)
_BASELINE = mapping(
    {"pgaudit_baseline": COUNT, "findings": array(_ENTRY)}, closed=True, needs=["pgaudit_baseline", "findings"]
)

FORMAT = 1
MAX_BYTES = 1 << 28
"""Of a baseline; some findings are about every parameter."""

Key = tuple[str, "str | None", "str | None"]
"""Code, rule, and parameter; None for what a finding is not about."""
Known = frozenset[Key]

_HINT = "pgaudit check MODEL CONFIG --write-baseline FILE writes one"
_SPELLED_OUT = 3


def keys_of(finding: Finding) -> Known:
    """Returns what a baseline says of a finding."""
    params: Sequence[str | None] = finding.params or (None,)
    return frozenset((finding.code, finding.key, param) for param in params)


def written(findings: Iterable[Finding]) -> str:
    """Returns a baseline that knows these findings; sorted, parameters folded over blocks."""
    by_rule: dict[tuple[str, str, bool], dict[str, None]] = {}
    for finding in findings:
        # What is about no parameter and what is about some are two entries, for one cannot say both.
        names = by_rule.setdefault((finding.code, json.dumps(finding.key), bool(finding.params)), {})
        names |= dict.fromkeys(finding.params)
    entries = []
    for (code, key, _), names in sorted(by_rule.items()):
        folds = fold_named((name, 0, 0, name) for name in names)
        params = [text for fold in folds for text in spelled(fold.name, fold.rows)]
        entries.append({"code": code, "key": json.loads(key), "params": params})
    return json.dumps({"pgaudit_baseline": FORMAT, "findings": entries}, indent=2) + "\n"


def read(path: str) -> Known:
    """Reads a baseline.

    Raises:
        ConfigError: there is none, it is damaged, or of a newer format.
    """
    data = read_file(
        path, "baseline", most=MAX_BYTES, example=f"pgaudit check MODEL CONFIG --write-baseline {visible(path)}"
    )
    if len(data) > MAX_BYTES:
        message = f"the file is larger than the {MAX_BYTES:,} bytes that a baseline may have"
        raise ConfigError(message, location=Location(path))
    found = _validated(read_json(data, path, _HINT), path)
    try:
        return frozenset(key for entry in found["findings"] for key in _keys(entry))
    except ValueError as error:
        raise ConfigError(one_line(error), _HINT, Location(path)) from None


def _validated(data: Any, path: str) -> dict[str, Any]:
    if not isinstance(data, dict) or "pgaudit_baseline" not in data:
        raise ConfigError("this is not a baseline of pgaudit", _HINT, Location(path))
    version = data["pgaudit_baseline"]
    if isinstance(version, bool) or version != FORMAT:
        newer = isinstance(version, int) and version > FORMAT
        message = f"baseline format {one_line(json.dumps(version), limit=40)}; this pgaudit reads {FORMAT}"
        raise ConfigError(message, "a newer pgaudit wrote it" if newer else _HINT, Location(path))
    found = [
        Finding.error(f"{visible('.'.join(map(str, at)))}: {said}", Location(path), hint)
        for at, said, hint in json_errors(_BASELINE, data)
    ]
    if found:
        raise ConfigError(found[:_SPELLED_OUT])
    return data


def _keys(entry: dict[str, Any]) -> Iterable[Key]:
    names: list[str | None] = [name for text in entry["params"] for name in expanded(text)]
    return [(entry["code"], entry["key"], name) for name in names or [None]]


def stale(known: Known, findings: Iterable[Finding], path: str) -> Iterator[Finding]:
    """Yields a finding for each entry that nothing fits any more, or not all of it; it fails nothing."""
    current = frozenset(key for finding in findings for key in keys_of(finding))
    gone: dict[tuple[str, str | None], list[str]] = defaultdict(list)
    for code, key, param in sorted(known - current, key=str):
        gone[code, key] += [] if param is None else [param]
    for (code, key), names in gone.items():
        of = f" of {quoted(key)}" if key is not None else ""
        about = f" for {names[0]}" if len(names) == 1 else f" for {counted(len(names), 'tensor')}" if names else ""
        message = f"the baseline knows {code}{of}{visible(about)}, which is fixed"
        hint, at = "pgaudit check --write-baseline writes it without", Location(path, 1, 1)
        yield Finding("baseline", "stale-baseline", "info", message, hint, at, tuple(names), key)
