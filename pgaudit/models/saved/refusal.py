"""What a file is that should be a saved inventory, and is none or is damaged."""

from __future__ import annotations

from pgaudit.core.errors import ModelError
from pgaudit.core.location import Location

_WRITE = "pgaudit snapshot MODEL -o FILE writes one"
ANEW = "pgaudit snapshot MODEL -o FILE writes it anew"
_MARKS = (b"<<<<<<< ", b"=======\n", b">>>>>>> ", b"||||||| ")


def refusal(data: bytes, path: str, *, ours: bool, begins: bool = False, ends: bool = False) -> ModelError:
    """Returns the error.

    Args:
        data: the file's bytes.
        path: its name.
        ours: whether it is meant to be a saved inventory.
        begins: whether its first line is that of one.
        ends: whether its last line is that of one.
    """
    if not ours:
        return ModelError(f"{_other(data)}, not a saved inventory", _WRITE, Location(path))
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        if line.startswith(_MARKS):
            return ModelError("the marks of a merge conflict", ANEW, Location(path, number, 1))
    if not begins and data.rstrip().endswith(b"}"):
        message = "the saved inventory was laid out anew, as by a formatter; its lines are part of the format"
    elif not ends:
        message = "the saved inventory ends too early: it was cut"
    else:
        message = "the saved inventory was changed since it was written: its checksum is another"
    return ModelError(message, ANEW, Location(path))


def _other(data: bytes) -> str:
    head = data[:1000].lstrip()
    if not head:
        return "the file is empty"
    if head.startswith(b"version https://git-lfs"):
        return "this is a pointer of Git LFS"
    if head.startswith((b"PK\x03\x04", b"\x80")) or b"\0" in head:
        return "this is a binary file, such as a checkpoint"
    if head.startswith(b"pgaudit lock"):
        return "this is a lock, as `pgaudit lock` writes it"
    if head.startswith(b"{") and b'"schema_version"' in head:
        return "this is a JSON report of pgaudit"
    return "this is JSON" if head.startswith((b"{", b"[")) else "this is some text"
