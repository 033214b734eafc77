"""A config that is data, YAML, JSON or TOML → a document, in pgaudit's own layout where another tool's was read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from pgaudit.config import layouts
from pgaudit.config.yaml_chain import INCLUDE, read_chain, read_included
from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location
from pgaudit.files.document import Document
from pgaudit.files.reading import read_file
from pgaudit.files.yaml_text import Outline, Source

if TYPE_CHECKING:
    from pgaudit.config.dialects.translation import Translation

_LEAST = "`optimizer:` is the least that a config needs"
_WRITTEN = {
    rb'\{\s*"schema_version"': ("a JSON report of pgaudit", "name the config that it was made from"),
    rb'\{\s*"pgaudit_inventory"': ("a saved inventory, which stands for a MODEL", "MODEL comes first, then CONFIG"),
    rb"\x1f\x8b": ("packed by gzip, as a saved inventory may be", "MODEL comes first, then CONFIG"),
    rb"pgaudit lock": ("a lock, as `pgaudit lock` writes it", "name the config that it was made from"),
}
"""What pgaudit writes itself, by its first bytes."""


def read_data(
    path: str, *, aside: Callable[[Outline], Outline], data: bytes | None = None
) -> tuple[Document, Translation | None]:
    """Reads a config: as it is, or as the tool whose words it has would read it.

    Args:
        path: its file. What ends in ``.toml`` is TOML; all else is YAML, and so may be JSON.
        aside: chooses top-level keys whose values are left unread, whatever they hold.
        data: what the file holds, if it has been read.

    Raises:
        ConfigError: with what is wrong with it.
    """
    data = read_file(path) if data is None else data
    for beginning, (what, hint) in _WRITTEN.items():
        if re.match(beginning, data):
            raise ConfigError(f"this is {what}, not a config", hint, Location(path))
    if path.endswith(".toml"):
        from pgaudit.files.toml_text import read_toml  # few configs are TOML

        document = read_toml(data, path)
        found = translated(document.value, lambda: document)
        return found.document if found else document, found
    source = Source(data, path, least=_LEAST, is_json=path.endswith(".json"))
    if INCLUDE.word in source.outline:
        from pgaudit.config import dialects

        found = dialects.included(read_included(path, source))
    else:
        found = translated(source.outline, source.read_whole)
    if found is not None:
        return found.document, found
    return read_chain(path, source, aside=aside, optional=layouts.OF_OPENMMLAB), None


def translated(outline: Outline, read: Callable[[], Document]) -> Translation | None:
    """Returns what a training config of another tool says; None for any other config.

    Args:
        outline: its keys, with those below them.
        read: returns all that it says, with its faults.

    Raises:
        ConfigError: it is recognised, and says what cannot be read.
    """
    if not layouts.may_be_another(outline):
        return None
    from pgaudit.config import dialects  # most configs need none

    try:
        whole = read()
    except ConfigError:  # it is too large, or too deep: what is read of it as it is need not be
        return None
    # What is merged in at the top is known by now.
    may_be = isinstance(whole.value, dict) and layouts.may_be_another(whole.value)
    return dialects.translated(whole) if may_be else None
