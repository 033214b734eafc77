"""What is wrong with a project file: everything, in one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.config.schema import PROJECT, PROJECT_AUDIT
from pgaudit.constructors import find_constructor
from pgaudit.constructors.registry import unknown_constructor
from pgaudit.core.location import Path
from pgaudit.files.validation import Invalid, schema_errors
from pgaudit.text import quoted
from pgaudit.user_code.imports import is_code

EXAMPLE = "audits: [{model: resnet50, config: a.yaml}]"


def project_errors(section: Any, at: Path) -> list[Invalid]:
    """Returns what is wrong with ``pgaudit.yaml``, or with the table of pyproject.toml that stands at ``at``."""
    found: list[Invalid] = schema_errors(PROJECT, section, at)
    entries = section.get("audits") if isinstance(section, Mapping) else None
    if not isinstance(entries, list):
        return found
    if not entries:
        found.append(Invalid((*at, "audits"), "there is nothing to check", EXAMPLE))
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        where = (*at, "audits", index)
        found += schema_errors(PROJECT_AUDIT, entry, where)
        if isinstance(entry, Mapping):
            found += [*_of_source(entry, where), *_of_names(entry, where, seen)]
    return found


def _of_source(entry: Mapping[str, Any], where: Path) -> list[Invalid]:
    """What is wrong with what is to be audited: a ``config``, or what is ``built``."""
    config, built = entry.get("config"), entry.get("built")
    if config is None and built is None:
        return [Invalid((*where, "config"), f"{quoted('config')} is missing", "or `built`: file.py:NAME, for code")]
    if built is None:
        return []
    found: list[Invalid] = []
    if config is not None:
        found.append(Invalid((*where, "built"), "an audit is of a config or of something built, not of both"))
    if isinstance(built, str) and built and not is_code(built):
        hint = "file.py:NAME or package.module:NAME, which is or returns an optimizer"
        found.append(Invalid((*where, "built"), f"{quoted(built)} names no code", hint))
    if entry.get("constructor") is not None:
        found.append(Invalid((*where, "constructor"), "a constructor is for a config, and this is built without one"))
    return found


def _of_names(entry: Mapping[str, Any], where: Path, seen: set[str]) -> list[Invalid]:
    """What is wrong with two names that the schema lets through."""
    found: list[Invalid] = []
    name, constructor = entry.get("name"), entry.get("constructor")
    if isinstance(name, str):
        if name in seen:
            found.append(Invalid((*where, "name"), f"two audits are called {quoted(name)}"))
        seen.add(name)
    if isinstance(constructor, str) and constructor and find_constructor(constructor) is None:
        found.append(Invalid((*where, "constructor"), *unknown_constructor(constructor)))
    return found
