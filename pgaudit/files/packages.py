"""Where an installed package lies, and the state of its files; nothing of it is imported."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

State = tuple[str, int, int]
"""Of a file: its path, its size, and its time of change. An edited file changes one of them."""


def package_folder(package: str) -> Path | None:
    """Returns the folder of a package; None where it is not installed."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    inside = spec.submodule_search_locations if spec else None
    return Path(next(iter(inside))) if inside else None


def source_states(folder: Path, parts: Sequence[str]) -> list[State]:
    """Returns the states of a package's Python files, in an order that never changes.

    Args:
        folder: of the package.
        parts: files, and folders with all below them; "" is the whole package.
    """
    return [state for part in parts for state in sorted(_within(str(folder / part)))]


def _within(path: str) -> Iterator[State]:
    """Each file of source below a folder, or the file itself."""
    if path.endswith(".py"):
        try:
            state = os.stat(path)
        except OSError:
            return
        yield path, state.st_size, state.st_mtime_ns
        return
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                state = entry.stat()
                yield entry.path, state.st_size, state.st_mtime_ns
            elif entry.is_dir() and entry.name != "__pycache__":
                yield from _within(entry.path)
