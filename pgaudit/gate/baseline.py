"""Findings that are known and not yet mended: the gate fails on new ones only.

A baseline names code, rule and parameters, never lines, so that an edit elsewhere in the config changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pgaudit.checks import Finding
from pgaudit.config.documents import read_file
from pgaudit.diff.lock_names import expanded, spelled
from pgaudit.errors import ConfigError, Position, Problem
from pgaudit.folding import fold_named
from pgaudit.gate.records import Notice
from pgaudit.text import counted, one_line

FORMAT = 1
Known = frozenset[tuple[str, "str | None", "str | None"]]
"""Code, rule, and parameter; None for what a finding is not about."""


def keys_of(finding: Finding) -> Known:
    """Returns what a baseline says of a finding."""
    params: Sequence[str | None] = finding.params or (None,)
    return frozenset((finding.code, finding.key, param) for param in params)


def written(findings: Iterable[Finding]) -> str:
    """Returns a baseline that knows these findings; sorted, parameters folded over blocks."""
    by_rule: dict[tuple[str, str], dict[str, None]] = {}
    for finding in findings:
        names = by_rule.setdefault((finding.code, json.dumps(finding.key)), {})
        names |= dict.fromkeys(finding.params)
    entries = []
    for (code, key), names in sorted(by_rule.items()):
        folds = fold_named((name, 0, 0, name) for name in names)
        params = [text for fold in folds for text in spelled(fold.name, fold.rows)]
        entries.append({"code": code, "key": json.loads(key), "params": params})
    return json.dumps({"pgaudit_baseline": FORMAT, "findings": entries}, indent=2) + "\n"


def read(path: str) -> Known:
    """Reads a baseline.

    Raises:
        ConfigError: there is none, it is damaged, or of a newer format.
    """
    try:
        data = json.loads(read_file(path, "baseline").decode("utf-8"))
    except json.JSONDecodeError as error:
        where = Position(error.lineno, error.colno)
        raise ConfigError(Problem(f"not JSON: {one_line(error.msg)}", path, where, _HINT)) from None
    except UnicodeDecodeError:
        raise ConfigError(Problem("the baseline is not UTF-8 text", path, hint=_HINT)) from None
    if not isinstance(data, dict) or "pgaudit_baseline" not in data:
        raise ConfigError(Problem("this is not a baseline of pgaudit", path, hint=_HINT))
    if data["pgaudit_baseline"] != FORMAT:
        version = one_line(data["pgaudit_baseline"], limit=40)
        raise ConfigError(Problem(f"baseline format {version}; this pgaudit reads {FORMAT}", path, hint=_HINT))
    try:
        return frozenset(key for entry in data["findings"] for key in _keys(entry))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(Problem(f"an entry cannot be read: {one_line(error)}", path, hint=_HINT)) from None


_HINT = "pgaudit check --write-baseline FILE writes one"


def _keys(entry: dict[str, Any]) -> Iterable[tuple[str, str | None, str | None]]:
    code, key, params = entry["code"], entry["key"], entry["params"]
    if not isinstance(code, str) or not isinstance(key, (str, type(None))):
        raise TypeError("code and key are texts")
    names: list[str | None] = [name for text in params for name in expanded(text)]
    return [(code, key, name) for name in names or [None]]


def stale(known: Known, findings: Iterable[Finding], path: str) -> Iterable[Notice]:
    """Yields one notice for all entries that nothing fits any more; it fails nothing."""
    current = frozenset(key for finding in findings for key in keys_of(finding))
    gone = known - current
    if gone:
        codes = ", ".join(sorted({code for code, _, _ in gone}))
        message = f"{counted(len(gone), 'entry').replace('entrys', 'entries')} of the baseline are mended: {codes}"
        yield Notice("baseline", "stale-baseline", "info", False, message, _HINT, path, Position(1, 1))
