"""What the user names → a side, or a config that still needs its model."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from pgaudit.config import Config, load_config
from pgaudit.core.errors import ConfigError
from pgaudit.diff import locks, reports
from pgaudit.diff.records import Side
from pgaudit.input_files import read_bytes
from pgaudit.inventory.imports import is_file
from pgaudit.text import nearest, quoted

NOTHING = frozenset({"/dev/null", os.devnull})
"""How git names the missing side of an added or removed file."""


class Reader(NamedTuple):
    """How to read one format in which a side may be saved."""

    recognises: Callable[[str, bytes], bool]
    """Whether a file of that name and content is of this format."""
    read: Callable[[str, bytes], Side]


READERS = (Reader(locks.is_lock, locks.read_lock), Reader(reports.is_report, reports.read_report))
"""The saved formats, in the order in which they are asked; what none recognises is a config."""

_ENDINGS = (".yaml", ".yml", ".py", ".json", ".lock")
_MOST_BYTES = reports.MAX_BYTES


@dataclass(frozen=True)
class Named:
    """What was named, read as far as it goes without a model."""

    path: str
    found: Side | Config


def open_side(path: str, *, constructor: str | None = None) -> Named:
    """Reads a file, and decides what it is; nothing heavy is loaded.

    Raises:
        ConfigError: it cannot be read, or is no valid config or report.
    """
    if path in NOTHING:
        return Named(path, Side(path=path))
    data = _read(path)
    for reader in READERS:
        if reader.recognises(path, data):
            return Named(path, reader.read(path, data))
    return Named(path, _config(path, data, constructor))


def _read(path: str) -> bytes:
    try:
        return read_bytes(path, _MOST_BYTES + 1)
    except FileNotFoundError:
        folder = Path(path).parent
        others = [p.name for p in folder.iterdir() if p.suffix in _ENDINGS] if folder.is_dir() else []
        near = nearest(Path(path).name, others)
        hint = f"did you mean {quoted(folder / near[0])}?" if near else "a config, a JSON report, or a lock"
        raise ConfigError(f"no such file: {quoted(path)}", hint) from None
    except IsADirectoryError:
        raise ConfigError(f"{quoted(path)} is a folder, not a config or report") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ConfigError(f"cannot read {quoted(path)}: {getattr(error, 'strerror', None) or error}") from None


def _config(path: str, data: bytes, constructor: str | None) -> Config:
    if is_file(path):
        return load_config(path, constructor=constructor)
    # A pipe, as of <(git show HEAD:config.yaml), has been read to its end: the config is read from a copy.
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "config.yaml"
        copy.write_bytes(data)
        try:
            return load_config(copy, constructor=constructor).renamed(path)
        except ConfigError as error:
            raise ConfigError(
                [replace(each, location=each.location and replace(each.location, path=path)) for each in error.problems]
            ) from None
