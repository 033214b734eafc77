"""Configs of other tools, as files."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

from pgaudit.config import load_config
from pgaudit.core.config import Config
from pgaudit.core.errors import ConfigError


def read(folder: Path, text: str, name: str = "config.yaml", constructor: str | None = None) -> Config:
    """The config that a file of this text is."""
    path = folder / name
    path.write_text(dedent(text), encoding="utf-8")
    return load_config(path, constructor=constructor)


def refused(folder: Path, text: str, name: str = "config.yaml") -> str:
    """What is said of such a file, from the line on; every message has one."""
    try:
        read(folder, text, name)
    except ConfigError as error:
        return re.sub(rf"(?m)^{re.escape(str(folder / name))}:", "", str(error))
    raise AssertionError("it was read")


def place(config: Config, section: str, *below: str) -> tuple[int | None, int | None]:
    """The line and column of a key."""
    found = config.location(section, *below)
    assert found is not None
    return found.line, found.column
