"""A file of any kind: reading it, and saying what is wrong with it, everything in one run."""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path as FilePath

from pgaudit.core.errors import ConfigError
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location, Path, location_order, whole_file
from pgaudit.files.document import Document
from pgaudit.files.inputs import read_bytes
from pgaudit.files.validation import Invalid
from pgaudit.files.yaml_text import MAX_BYTES
from pgaudit.text import nearest, quoted, visible


def read_file(path: str, kind: str = "config", *, most: int = MAX_BYTES, example: str | None = None) -> bytes:
    """Returns a file's bytes, at most one more than ``most``: enough to see that it is too large.

    Args:
        path: the file.
        kind: what it should be, for messages.
        most: the bytes that it may have.
        example: the hint for a file that is missing and whose name is near to no other's.

    Raises:
        ConfigError: there is nothing to read.
    """
    try:
        return read_bytes(path, most + 1)
    except FileNotFoundError:
        kinds = {FilePath(path).suffix, *((".yaml", ".yml") if kind == "config" else ())}
        hint = _near(FilePath(path), kinds) or example
        raise ConfigError(f"no such {kind} file: {quoted(path)}", hint) from None
    except IsADirectoryError:
        raise ConfigError(f"{quoted(path)} is a folder, not a {kind} file") from None
    except OSError as error:
        raise ConfigError(f"cannot read {quoted(path)}: {error.strerror}") from None
    except ValueError as error:  # a NUL in the path
        raise ConfigError(f"cannot read {quoted(path)}: {error}") from None


def _near(path: FilePath, kinds: Set[str]) -> str | None:
    """Names the file of the same folder, and of one of these endings, that was probably meant."""
    near = nearest(path.name, (name for name in siblings(path, kinds) if name != path.name))
    return f"did you mean {quoted(path.parent / near[0])}?" if near else None


def siblings(path: FilePath, kinds: Set[str]) -> list[str]:
    """Returns the names of the files in the same folder that have one of these endings, sorted."""
    try:
        return sorted(each.name for each in path.parent.iterdir() if each.suffix in kinds)
    except (OSError, ValueError):  # a NUL in the path
        return []


def merge_mark(lines: Sequence[str]) -> int | None:
    """Returns the number of the first line that git left there to mark a merge conflict."""
    return next((number for number, line in enumerate(lines, 1) if line.startswith(_MARKS)), None)


_MARKS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


def refuse(errors: Sequence[Invalid], document: Document, path: str | None) -> None:
    """Raises one ConfigError with all errors, in the file's order; does nothing if there are none."""
    if not errors:
        return
    unique = {error.at: error for error in reversed(errors)}  # the first about a place
    findings = [
        Finding.error(_named(document.origin(at), message), _place(document, at) or whole_file(path), hint)
        for at, message, hint in unique.values()
    ]
    raise ConfigError(sorted(findings, key=lambda each: (location_order(each.location), each.message)))


def _named(at: Path, message: str) -> str:
    """Begins a message with the key that it is about, unless it names the key itself."""
    key = visible(".".join(str(step) for step in at))
    return f"{key}: {message}" if at and not message.startswith(("unknown", '"')) else message


def _place(document: Document, at: Path) -> Location | None:
    """Where the value stands at ``at``; of its key where the value is missing; of the nearest parent otherwise."""
    if at in document.keys:
        return document.keys[at]
    for length in range(len(at), -1, -1):
        if at[:length] in document.values:
            return document.keys.get(at[:length]) or document.values[at[:length]]
    return None
