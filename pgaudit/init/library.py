"""A folder → the library by whose words its optimizer is built, as far as its files say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Literal, get_args

Library = Literal["mmengine", "mmcv", "detectron2", "transformers", "timm", "torch"]
"""The libraries that have words for what is not decayed; under plain torch these are pgaudit's own rules."""
_ORDER: tuple[Library, ...] = get_args(Library)
"""Where several are used, the first one builds the optimizer: the others lend models."""
_LISTS = ("requirements*.txt", "requirements/*.txt", "pyproject.toml", "setup.cfg", "setup.py", "environment*.y*ml")
"""Files that say what is installed."""
_CODE = ("*.py", "*/*.py")
_FILES, _BYTES = 200, 200_000
"""How many files are looked at, and how far."""
_NAME = {"mmpretrain": "mmengine", "mmdet": "mmengine", "mmsegmentation": "mmengine"}
"""Packages that build their optimizer by another one's words."""
_LATER = re.compile(r"\bmmcv\s*[~=>]=\s*[2-9]")
"""mmcv without an optimizer of its own."""


def library_of(folder: Path) -> tuple[Library, str] | None:
    """Returns the library that trains in a folder, and the file that says so; None where nothing does."""
    found: dict[Library, str] = {}
    for path, names in _named(folder):
        for library in _ORDER:
            if library in names:
                found.setdefault(library, path.relative_to(folder).as_posix())
    return next(((library, found[library]) for library in _ORDER if library in found), None)


def _named(folder: Path) -> Iterator[tuple[Path, set[str]]]:
    """Yields files with the packages that they name."""
    for path in islice(_files(folder), _FILES):
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                text = file.read(_BYTES)
        except OSError:
            continue
        pattern = r"^\s*(?:import|from)\s+([A-Za-z0-9_]+)" if path.suffix == ".py" else r"([A-Za-z][A-Za-z0-9_.-]*)"
        names = {name.lower() for name in re.findall(pattern, text, re.MULTILINE)}
        if "mmcv-full" in names:  # ends with 1.7, and so does what builds on it
            yield path, (names | {"mmcv"}) - {"mmengine"}
            continue
        if _LATER.search(text):
            names = names - {"mmcv"} | {"mmengine"}
        yield path, names | {_NAME[name] for name in names if name in _NAME}


def _files(folder: Path) -> Iterator[Path]:
    patterns = chain(_LISTS, _CODE)
    return (path for pattern in patterns for path in sorted(folder.glob(pattern)) if path.is_file())
