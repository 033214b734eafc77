"""Hand-made configs, with comments that say what stands where: ``lr=0.1,  # @O/lr`` for the optimizer's lr."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.parity.client import Oracle

Files = dict[str, str]
_SHORT = {"W": "optim_wrapper", "O": "optim_wrapper/optimizer", "P": "optim_wrapper/paramwise_cfg", "K": "custom_keys"}


def written(folder: Path, files: Files) -> None:
    for name, source in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.lstrip("\n"), encoding="utf-8")


def marks(files: Files) -> dict[tuple[str, ...], tuple[str, int]]:
    """The file and line of each key, as the comments have it."""
    return {
        tuple("/".join([_SHORT.get(mark[0], mark[0]), *mark[1:]]).split("/")): (name, number)
        for name, source in files.items()
        for number, line in enumerate(source.lstrip("\n").split("\n"), 1)
        if "# @" in line
        for mark in (found.split("/") for found in re.findall(r"@(\S+)", line[line.index("# @") :]))
    }


def readings(reader: Oracle, folder: Path, configs: list[str]) -> list[dict[str, Any]]:
    """Both readings of several configs."""
    answers: Any = reader.ask(folder=str(folder), configs=configs)
    return list(answers)


def read(reader: Oracle, folder: Path, config: str = "config.py") -> tuple[dict[str, Any], dict[str, Any]]:
    """pgaudit's reading, and mmengine's own."""
    (both,) = readings(reader, folder, [config])
    return both["ours"], both["theirs"]


def found(ours: dict[str, Any]) -> dict[tuple[str, ...], tuple[str, int]]:
    """The file and line that pgaudit gives to each key; items of lists are left out."""
    return {tuple(at): (file, line) for at, file, line, _ in ours["places"] if all(isinstance(k, str) for k in at)}
