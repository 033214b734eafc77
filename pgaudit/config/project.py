"""The project file: what a bare ``pgaudit check`` checks. ``pgaudit.yaml``, or ``[tool.pgaudit]`` in pyproject.toml.

The nearest one, from the current folder up, wins whole; nothing is merged with those further up.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from pgaudit.config.documents import Complaint, read_file, refuse
from pgaudit.config.layouts import Path
from pgaudit.config.loader import Document, read_yaml
from pgaudit.errors import ConfigError, Position, Problem, UsageError
from pgaudit.text import one_line

YAML, TOML = "pgaudit.yaml", "pyproject.toml"


@dataclass(frozen=True)
class Listed:
    """One audit as the project file has it; paths are as seen from the current folder."""

    config: str
    name: str = ""
    model: str | None = None
    model_args: Mapping[str, Any] = field(default_factory=dict)
    constructor: str | None = None
    lock: str | None = None
    expect: str | None = None
    baseline: str | None = None
    fail_on: str | None = None


@dataclass(frozen=True)
class Project:
    """A project file."""

    path: str
    audits: tuple[Listed, ...]


def find_project(start: FilePath | None = None) -> Project:
    """Reads the nearest project file, from ``start`` (by default the current folder) up.

    Raises:
        UsageError: there is none.
        ConfigError: with every problem of the file.
    """
    here = (start or FilePath.cwd()).absolute()
    for folder in (here, *here.parents):
        if (folder / YAML).is_file():
            return load_project(folder / YAML)
        toml = folder / TOML
        if toml.is_file() and b"[tool.pgaudit" in toml.read_bytes().replace(b"[[", b"["):
            return load_project(toml)
    hint = "pgaudit check MODEL CONFIG checks one; or write pgaudit.yaml: {audits: [{model: resnet50, config: a.yaml}]}"
    raise UsageError(f"no {YAML} and no [tool.pgaudit] in {TOML}, here or in a folder above", hint)


def load_project(path: FilePath) -> Project:
    """Reads a project file.

    Raises:
        ConfigError: with every problem of the file.
    """
    from pgaudit.config import schema

    shown = os.path.relpath(path)
    at: Path = ()
    if path.suffix == ".toml":
        document = _toml(path, shown)
        at = ("tool", "pgaudit")
    else:
        document = read_yaml(read_file(str(path), "project"), shown)
    section = document.value
    for step in at:
        section = section.get(step) if isinstance(section, Mapping) else None
    refuse(_complaints(schema, section, at), document, shown)
    folder = FilePath(shown).parent
    default = section.get("fail_on")
    return Project(shown, tuple(_listed(entry, folder, default) for entry in section["audits"]))


def _complaints(schema: Any, section: Any, at: Path) -> list[Complaint]:
    found: list[Complaint] = schema.complaints(schema.ProjectFile, section, at)
    if found or not isinstance(section, Mapping):
        return found or [(at, "a project file lists its audits", "audits: [{model: resnet50, config: a.yaml}]")]
    seen: dict[str, int] = {}
    for index, entry in enumerate(section["audits"]):
        where = (*at, "audits", index)
        found += schema.complaints(schema.ProjectAudit, entry, where)
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if isinstance(name, str) and name in seen:
            found.append(((*where, "name"), f"two audits are called {one_line(name, limit=40)}", None))
        seen[str(name)] = index
    if not section["audits"]:
        found.append(((*at, "audits"), "there is nothing to check", "audits: [{model: resnet50, config: a.yaml}]"))
    return found


def _listed(entry: Mapping[str, Any], folder: FilePath, fail_on: str | None) -> Listed:
    paths = {key: _beside(folder, entry[key]) for key in ("config", "lock", "expect", "baseline") if entry.get(key)}
    model = entry.get("model")
    if isinstance(model, str) and ".py:" in model:
        model = _beside(folder, model)
    others = {key: entry[key] for key in ("name", "model_args", "constructor") if entry.get(key)}
    given: dict[str, Any] = {**paths, **others}
    return Listed(model=model, fail_on=entry.get("fail_on", fail_on), **given)


def _beside(folder: FilePath, path: str) -> str:
    return os.path.normpath(folder / path)


def _toml(path: FilePath, shown: str) -> Document:
    """A TOML file as a document; its keys have no places, but its errors do."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return Document(value=tomllib.loads(read_file(str(path), "project").decode("utf-8")))
    except UnicodeDecodeError:
        raise ConfigError(Problem("not UTF-8 text", shown)) from None
    except tomllib.TOMLDecodeError as error:
        where = Position(getattr(error, "lineno", 1), getattr(error, "colno", 1))
        raise ConfigError(Problem(f"not TOML: {one_line(error)}", shown, where)) from None
