"""What must hold of every place that pgaudit gives to a key."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any


@cache
def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")


def misplaced(folder: Path, places: list[Any]) -> list[Any]:
    """The places at which the key does not stand: as a name, a keyword, or a quoted word."""
    return [place for place in places if isinstance(place[0][-1], str) and not _stands(folder, *place)]


def _stands(folder: Path, at: list[Any], file: str, line: int, column: int) -> bool:
    rest = lines(folder / file)[line - 1][column - 1 :]
    key = re.escape(at[-1])
    return re.match(rf"(?:{key}(?!\w)|'{key}'|\"{key}\")", rest) is not None
