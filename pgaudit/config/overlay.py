"""One document put over another: mappings are merged key by key, and all else takes the place of what was there. Each
key has the place where it was set last.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgaudit.core.errors import ConfigError
from pgaudit.core.findings import Finding
from pgaudit.core.location import Path
from pgaudit.files.document import Document
from pgaudit.text import visible


def put(over: Document, under: Document, refuses: str | None = None) -> None:
    """Puts one document over another, which becomes the result.

    Args:
        over: what has the last word.
        under: what is said where that says nothing.
        refuses: what the library does where a mapping would take the place of a value; None where it lets it.

    Raises:
        ConfigError: it does so.
    """
    wrong = list(_merged(over, under, (), over.value, under.value, refuses))
    if wrong:
        raise ConfigError(wrong)
    under.values[()] = over.values[()]
    known = [*under.ambiguous, *over.ambiguous]
    under.ambiguous = [each for each in known if under.values.get(each.path) == each.location]
    under.wrong += over.wrong


def _merged(
    over: Document, under: Document, at: Path, new: dict[str, Any], old: dict[str, Any], refuses: str | None
) -> Iterator[Finding]:
    for key, value in new.items():
        here = (*at, key)
        if key in old and isinstance(value, dict) and isinstance(old[key], dict):
            under.keys[here], under.values[here] = over.keys[here], over.values[here]
            yield from _merged(over, under, here, value, old[key], refuses)
        elif key in old and isinstance(value, dict) and refuses is not None:
            message = (
                f"{visible('.'.join(map(str, here)))}: a mapping cannot take the place of a value, that of "
                f"{visible(under.keys[here])}; {refuses}"
            )
            yield Finding.error(message, over.keys[here])
        else:
            _forget(under, here, old.get(key))
            old[key] = value
            _adopt(over, under, here, value)


def _paths(at: Path, value: Any) -> Iterator[Path]:
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _paths((*at, key), item)


def _forget(document: Document, at: Path, value: Any) -> None:
    for path in _paths(at, value):
        document.keys.pop(path, None)
        document.values.pop(path, None)
    document.wrong = [(path, finding) for path, finding in document.wrong if path[: len(at)] != at]


def _adopt(source: Document, document: Document, at: Path, value: Any) -> None:
    for path in _paths(at, value):
        document.values[path] = source.values[path]
        if path in source.keys:
            document.keys[path] = source.keys[path]
