"""A file that the user names → the Report that it holds, or a config that still needs its model."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pgaudit.config import load_config
from pgaudit.core.assignment import Assignment, ModelInfo
from pgaudit.core.config import Config
from pgaudit.core.errors import ConfigError
from pgaudit.files.inputs import read_bytes
from pgaudit.report import Report
from pgaudit.sources import CONFIGS, lock, lock_reading, saved_report
from pgaudit.text import nearest, quoted
from pgaudit.user_code.imports import is_file

if TYPE_CHECKING:
    from pgaudit.config.what_if import WhatIf

NOTHING = frozenset({"/dev/null", os.devnull})
"""How git names the missing side of an added or removed file."""


class Reader(NamedTuple):
    """How to read one format in which a report may be saved."""

    recognises: Callable[[str, bytes], bool]
    """Whether a file of that name and content is of this format."""
    read: Callable[[str, bytes], Report]


READERS = (Reader(lock.is_lock, lock_reading.read_lock), Reader(saved_report.is_report, saved_report.read_report))
"""The saved formats, in the order in which they are asked; what none recognises is a config."""

_ENDINGS = (".yaml", ".yml", ".py", ".json", ".lock")
_MOST_BYTES = saved_report.MAX_BYTES


def open_file(path: str, *, constructor: str | None = None, what_if: WhatIf | None = None) -> Report | Config:
    """Reads a file, and decides what it is; nothing heavy is loaded.

    Raises:
        ConfigError: it cannot be read, or is no valid config or report.
    """
    if path in NOTHING:
        return Report(Assignment("report", ModelInfo(None, None), (), ()), None, path)
    data = _read(path)
    saved = next((reader.read(path, data) for reader in READERS if reader.recognises(path, data)), None)
    # A pipe, as of <(git show HEAD:config.yaml), has been read to its end.
    again = None if is_file(path) else data
    return saved or load_config(path, constructor=constructor, data=again, what_if=what_if)


def is_saved(path: str) -> bool:
    """Whether a file is a lock or a report, by its name and its beginning."""
    if path.endswith(CONFIGS) or not is_file(path):
        return False
    head = read_bytes(path, 400)
    return lock.is_lock(path, head) or (b'"schema_version"' in head and b'"tool"' in head)


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
