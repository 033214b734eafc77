"""Hand-made configs, with comments that say what stands where: ``lr=0.1,  # @optim_wrapper/optimizer/lr``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.parity.client import Oracle

Files = dict[str, str]


def written(folder: Path, files: Files) -> None:
    for name, source in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.lstrip("\n"), encoding="utf-8")


def marks(files: Files) -> dict[tuple[str, ...], tuple[str, int]]:
    """The file and line of each key, as the comments have it."""
    return {
        tuple(mark.split("/")): (name, number)
        for name, source in files.items()
        for number, line in enumerate(source.lstrip("\n").split("\n"), 1)
        if "# @" in line
        for mark in re.findall(r"@(\S+)", line.partition("# @")[2].join(("@", "")))
    }


def read(reader: Oracle, folder: Path, config: str = "config.py") -> tuple[dict[str, Any], dict[str, Any]]:
    """pgaudit's reading, and mmengine's own."""
    (both,) = reader.ask(folder=str(folder), configs=[config])
    return both["ours"], both["theirs"]  # type: ignore[index]


def found(ours: dict[str, Any]) -> dict[tuple[str, ...], tuple[str, int]]:
    """The file and line that pgaudit gives to each key; items of lists are left out."""
    return {tuple(at): (file, line) for at, file, line, _ in ours["places"] if all(isinstance(k, str) for k in at)}
