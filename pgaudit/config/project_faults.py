"""What is wrong with a project file: everything, in one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.config.documents import Complaint
from pgaudit.config.grammars import grammar_named, unknown_constructor
from pgaudit.config.layouts import Path
from pgaudit.text import quoted

EXAMPLE = "audits: [{model: resnet50, config: a.yaml}]"


def project_complaints(section: Any, at: Path) -> list[Complaint]:
    """Returns what is wrong with ``pgaudit.yaml``, or with the table of pyproject.toml that stands at ``at``."""
    from pgaudit.config.complaints import complaints

    found: list[Complaint] = complaints("ProjectFile", section, at)
    entries = section.get("audits") if isinstance(section, Mapping) else None
    if not isinstance(entries, list):
        return found
    if not entries:
        found.append(((*at, "audits"), "there is nothing to check", EXAMPLE))
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        where = (*at, "audits", index)
        found += complaints("ProjectAudit", entry, where)
        if isinstance(entry, Mapping):
            found += _of_names(entry, where, seen)
    return found


def _of_names(entry: Mapping[str, Any], where: Path, seen: set[str]) -> list[Complaint]:
    """What is wrong with two names that the schema lets through."""
    found: list[Complaint] = []
    name, constructor = entry.get("name"), entry.get("constructor")
    if isinstance(name, str):
        if name in seen:
            found.append(((*where, "name"), f"two audits are called {quoted(name)}", None))
        seen.add(name)
    if isinstance(constructor, str) and constructor and grammar_named(constructor) is None:
        found.append(((*where, "constructor"), *unknown_constructor(constructor)))
    return found
