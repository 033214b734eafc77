"""The project file: what a bare ``pgaudit check`` checks. ``pgaudit.yaml``, or ``[tool.pgaudit]`` in pyproject.toml.

The nearest one, from the current folder up, wins whole; nothing is merged with those further up.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from pgaudit import user_code
from pgaudit.config.project_validation import EXAMPLE, project_errors
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.findings import Threshold
from pgaudit.core.location import Location, Path
from pgaudit.core.parameters import INVENTORY_FILES
from pgaudit.files.document import Document
from pgaudit.files.globbing import matching_files
from pgaudit.files.reading import read_file, refuse
from pgaudit.files.toml_text import read_toml
from pgaudit.files.validation import Invalid
from pgaudit.files.yaml_text import read_yaml
from pgaudit.text import counted, quoted
from pgaudit.user_code.imports import is_code

YAML, TOML = "pgaudit.yaml", "pyproject.toml"
_FILES = ("config", "lock", "expect", "baseline")
"""The keys of an audit that name files."""
_TABLE: Path = ("tool", "pgaudit")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a project file lists an audit."""

    path: str
    places: Mapping[str, Location]
    """The places of its keys, and of the whole entry under an empty one."""

    def location(self, key: str) -> Location:
        """Returns where a key stands, or else the whole entry."""
        return self.places.get(key) or self.places.get("") or Location(self.path)


@dataclass(frozen=True)
class Listed:
    """One audit as the project file has it; paths are as seen from the current folder."""

    config: str
    """A config, or a reference to code that builds an optimizer."""
    name: str = ""
    model: str | None = None
    model_args: Mapping[str, Any] = field(default_factory=dict)
    constructor: str | None = None
    lock: str | None = None
    expect: str | None = None
    baseline: str | None = None
    fail_on: Threshold | None = None
    origin: Origin | None = None


@dataclass(frozen=True)
class Project:
    """A project file."""

    path: str
    audits: tuple[Listed, ...]


def find_project(start: FilePath | None = None) -> Project:
    """Reads the nearest project file, from ``start`` (by default the current folder) up.

    Raises:
        UsageError: there is none.
        ConfigError: with all that is wrong with the file.
    """
    here = (start or FilePath.cwd()).absolute()
    for folder in (here, *here.parents):
        if os.path.isfile(folder / YAML):
            return load_project(folder / YAML)
        if os.path.isfile(folder / TOML) and _has_table(folder / TOML):
            return load_project(folder / TOML)
    hint = f"pgaudit check MODEL CONFIG checks one; or write {YAML}: {{{EXAMPLE}}}"
    raise UsageError(f"no {YAML} and no [tool.pgaudit] in {TOML}, here or in a folder above", hint)


def _has_table(path: FilePath) -> bool:
    """Whether a pyproject.toml is one of ours; one that cannot be read is, if it looks so."""
    data = read_file(str(path), "project")
    if b"pgaudit" not in data:
        return False
    try:
        return _within(read_toml(data, str(path)).value, _TABLE) is not None
    except ConfigError:
        return b"[tool.pgaudit" in data


def load_project(path: FilePath) -> Project:
    """Reads a project file.

    Raises:
        ConfigError: with all that is wrong with the file.
    """
    shown = os.path.relpath(path)
    data = read_file(str(path), "project")
    at: Path = ()
    if path.suffix == ".toml":
        document, at = read_toml(data, shown), _TABLE
    else:
        document = read_yaml(data, shown, least=EXAMPLE)
    section = _within(document.value, at)
    if section is None:
        named = "this file has no [tool.pgaudit]" if at else "a project file lists its audits"
        raise ConfigError(named, EXAMPLE, Location(shown, 1, 1))
    refuse(project_errors(section, at), document, shown)
    folder = FilePath(shown).parent
    refuse([*_outside(section["audits"], folder, (*at, "audits"))], document, shown)
    default = section.get("fail_on")
    return Project(
        shown,
        tuple(
            each
            for index, entry in enumerate(section["audits"])
            for each in _each_config(_listed(entry, folder, default, _origin(document, (*at, "audits", index), shown)))
        ),
    )


def _each_config(listed: Listed) -> list[Listed]:
    """An audit for each config that a glob stands for."""
    found = None if is_code(listed.config) else matching_files(listed.config)
    if found is None:
        return [listed]
    at = listed.origin.location("config") if listed.origin else None
    if not found:
        raise ConfigError(f"{quoted(listed.config)} matches no file", None, at)
    for key in ("lock", "baseline"):
        if getattr(listed, key) is not None:
            message = f"{quoted(listed.config)} stands for {counted(len(found), 'config')}, and a {key} is of one"
            at = listed.origin.location(key) if listed.origin else None
            raise ConfigError(message, "list the configs one by one", at)
    named = {path: f"{listed.name} {path}" if listed.name else "" for path in found}
    return [replace(listed, config=path, name=named[path]) for path in found]


def _within(value: Any, at: Path) -> Any:
    for step in at:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _origin(document: Document, at: Path, shown: str) -> Origin:
    places = {str(where[-1]): place for where, place in document.keys.items() if where[:-1] == at}
    whole = next((place for place in (document.values.get(at[:n]) for n in range(len(at), 0, -1)) if place), None)
    if (built := places.get("built")) is not None:  # which stands for the config, and mostly for the model
        places = {"config": built, "model": built, **places}
    return Origin(shown, {**places, "": whole} if whole else places)


def _outside(entries: Sequence[Mapping[str, Any]], folder: FilePath, at: Path) -> Iterator[Invalid]:
    """The files that are not read where no code may run."""
    for index, entry in enumerate(entries):
        for key in (*_FILES, "model"):
            named = entry.get(key)
            if named and (key != "model" or named.endswith(INVENTORY_FILES)):
                path = named if key == "model" else _in_folder(folder, named)
                if refused := user_code.refusal_to_read(path, str(folder)):
                    yield Invalid((*at, index, key), refused)


def _listed(entry: Mapping[str, Any], folder: FilePath, fail_on: Threshold | None, origin: Origin) -> Listed:
    paths = {key: _in_folder(folder, entry[key]) for key in _FILES if entry.get(key)}
    if (built := entry.get("built")) is not None:
        paths["config"] = _code_in(folder, built)
    model = entry.get("model")
    if model is not None:
        model = _code_in(folder, model)
    others = {key: entry[key] for key in ("name", "model_args", "constructor") if entry.get(key)}
    given: dict[str, Any] = {**paths, **others}
    return Listed(model=model, fail_on=entry.get("fail_on") or fail_on, origin=origin, **given)


def _code_in(folder: FilePath, ref: str) -> str:
    """A reference to code, whose file is beside the project file."""
    return _in_folder(folder, ref) if ".py:" in ref else ref


def _in_folder(folder: FilePath, path: str) -> str:
    return os.path.normpath(folder / path)
