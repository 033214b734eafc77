"""``findings: {ignore: ...}``: which findings are known, and why they stay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgaudit.config.schema import FINDINGS, IGNORED
from pgaudit.core.config import Ignore
from pgaudit.core.location import Path
from pgaudit.files.schemas import whole
from pgaudit.files.validation import Invalid, schema_errors

_AT: Path = ("findings", "ignore")
_CODE = re.compile(r"PG\d{3}")
_EXAMPLE = 'PG001: "why it is harmless"'


def ignores_of(top: Mapping[str, Any]) -> tuple[Ignore, ...]:
    """Returns the entries of a valid config."""
    return tuple(_ignore(at, entry) for at, entry in _entries(top))


def _ignore(at: Path, entry: Mapping[str, Any]) -> Ignore:
    keys, params = _words(entry.get("key")), _words(entry.get("param"))
    return Ignore(str(at[2]), entry["reason"], keys, params, whole(entry.get("count")), at)


def ignore_errors(top: Mapping[str, Any]) -> list[Invalid]:
    """Returns what is wrong with the section."""
    section = top.get("findings")
    if not isinstance(section, Mapping):
        return []  # reported with the rest of the file, or absent
    found = schema_errors(FINDINGS, section, _AT[:1])
    if not isinstance(section.get("ignore", {}), Mapping):
        return found
    for at, entry in _entries(top):
        if not _CODE.fullmatch(str(at[2])):
            found.append(Invalid(at[:3], "a finding's code is PG and three digits", _EXAMPLE))
        elif not isinstance(entry, Mapping):
            found.append(Invalid(at, "give a reason, or a mapping with one", _EXAMPLE))
        elif not str(entry.get("reason") or "").strip():
            found.append(Invalid(at, "a finding is ignored for a reason, and none is given", _EXAMPLE))
        else:
            found += _about_words(entry, at)
    return found


def _about_words(entry: Mapping[str, Any], at: Path) -> Iterator[Invalid]:
    """A single word stands for a list of one."""
    single = {name for name in ("key", "param") if name in entry and not isinstance(entry[name], (list, tuple))}
    listed = {name: [value] if name in single else value for name, value in entry.items()}
    for where, message, hint in schema_errors(IGNORED, listed, at):
        yield Invalid((where[: len(at) + 1] if where[len(at)] in single else where), message, hint)


def _entries(top: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Each entry and where it stands; a bare text is the reason of one."""
    for code, given in ((top.get("findings") or {}).get("ignore") or {}).items():
        several = isinstance(given, (list, tuple)) and bool(given)
        for index, entry in enumerate(given if several else [given]):
            at = (*_AT, code, index) if several else (*_AT, code)
            yield at, {"reason": entry} if isinstance(entry, str) else entry


def _words(value: str | list[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())
