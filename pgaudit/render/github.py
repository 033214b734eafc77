"""Workflow commands of GitHub Actions: lines that become annotations of a pull request.

GitHub decodes ``%XX`` in them, and nothing else, so that escaping is all that keeps a foreign name from being a command
of its own. See "Workflow commands for GitHub Actions", "Setting a warning message".
"""

from __future__ import annotations

from typing import Literal

from pgaudit.core.location import Location
from pgaudit.serialize import place
from pgaudit.text import visible

Level = Literal["error", "warning", "notice"]

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def command(level: Level, message: str, *, title: str, location: Location | None = None) -> str:
    """Returns one annotation as a line.

    Args:
        level: how it is shown.
        message: may have several lines; foreign text in it has to be visible already.
        title: its heading.
        location: where it is; files are named from the current folder on, which has to be the repository's root.
    """
    at = place(location)
    properties = {"file": at["path"] and visible(at["path"]), "line": at["line"], "col": at["column"], "title": title}
    given = ",".join(f"{name}={str(value).translate(_PROPERTY)}" for name, value in properties.items() if value)
    return f"::{level} {given}::{message.translate(_DATA)}"
