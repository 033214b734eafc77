"""What can change the answer about a timm model, in one short text: versions, and the installed files themselves."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pgaudit.version import __version__

FORMAT = 3
"""Of what is cached; to be raised with what an inventory holds or how it is found."""

_READ = {
    "pgaudit": ("models", "optimizers", "user_code"),
    "timm": ("",),
    "torch": ("version.py", "__init__.py", "nn", "optim"),
    "torchvision": ("version.py",),
}
"""The parts of each package that decide. What torch is beside them shows in its version."""


@cache
def cache_key() -> str | None:
    """Returns the text; None where torch or timm is not installed. Nothing of them is imported.

    An edited file changes its size or its time of change; a variable that timm reads is part of it, too.
    """
    found = hashlib.sha256()
    python = sys.implementation.cache_tag, sys.version_info[:2]
    settings = sorted((name, value) for name, value in os.environ.items() if name.startswith("TIMM_"))
    found.update(repr((FORMAT, __version__, python, settings)).encode())
    for package, parts in _READ.items():
        folder = _folder(package)
        if folder is None and package in ("torch", "timm"):
            return None
        found.update(repr((package, str(folder), folder and [*_files(folder, parts)])).encode())
    return found.hexdigest()[:32]


def _folder(package: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    inside = spec.submodule_search_locations if spec else None
    return Path(next(iter(inside))) if inside else None


def _files(folder: Path, parts: tuple[str, ...]) -> Iterator[tuple[str, int, int]]:
    for part in parts:
        yield from sorted(_within(str(folder / part)))


def _within(path: str) -> Iterator[tuple[str, int, int]]:
    """Each file of source below a folder, or the file itself, with its size and time of change."""
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
