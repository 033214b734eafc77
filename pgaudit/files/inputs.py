"""Files that are read: regular ones only, so that no read waits for ever; and a command can ask which they were."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterator
from contextvars import ContextVar
from io import FileIO

STDIN = "/dev/stdin"
"""What ``-`` stands for."""
_STREAM = re.compile(r"/dev/(stdin|fd/\d+)|/proc/(self|\d+)/fd/\d+")
"""How a shell names a pipe that it has opened itself, as for ``<(git show HEAD:config.yaml)``."""
_KINDS = {
    stat.S_ISFIFO: "a named pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}

_noted: ContextVar[dict[str, None] | None] = ContextVar("_noted", default=None)


class NotRegular(OSError):
    """What a name stands for is neither a regular file nor a pipe of the shell's."""


def read_bytes(path: str | os.PathLike[str], most: int = -1) -> bytes:
    """Returns a file's bytes, at most ``most`` of them.

    A named pipe in the file system is refused: whoever opens it waits until somebody writes to it. A pipe that the
    shell has opened (``/dev/stdin``, ``/dev/fd/63``) is read to its end.

    Raises:
        NotRegular: it is a named pipe, a socket or a device.
        OSError: it cannot be read.
        ValueError: a NUL in the path.
    """
    named = os.fspath(path)
    with open(named, "rb", opener=_opened_at_once) as file:
        kind = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(kind):
            refuse_irregular(named, kind)
            os.set_blocking(file.fileno(), True)
        note_input(named)
        return file.read(most)


def open_regular(path: str | os.PathLike[str]) -> FileIO:
    """Returns an open file without a buffer, of which any part can be read; not a pipe, not even one of the shell's.

    Raises:
        NotRegular: it is no regular file.
        OSError: it cannot be opened.
        ValueError: a NUL in the path.
    """
    named = os.fspath(path)
    file = open(named, "rb", buffering=0, opener=_opened_at_once)  # noqa: SIM115
    kind = os.fstat(file.fileno()).st_mode
    if not stat.S_ISREG(kind):
        file.close()
        refuse_irregular(named, kind)
        raise NotRegular(errno.EINVAL, "it is not a regular file", named)
    note_input(named)
    return file


def _opened_at_once(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        refuse_irregular(path)  # a socket, which nobody can open
        raise


def refuse_irregular(path: str, kind: int | None = None) -> None:
    """Does nothing for a regular file, a folder, a name that stands for nothing, and a pipe of the shell's.

    Raises:
        NotRegular: it is anything else.
    """
    if kind is None:
        try:
            kind = os.stat(path).st_mode
        except (OSError, ValueError):
            return
    for is_kind, words in _KINDS.items():
        if is_kind(kind) and path != os.devnull and not _STREAM.fullmatch(path):
            raise NotRegular(errno.EINVAL, f"it is not a regular file ({words})", path)


@contextlib.contextmanager
def noted_inputs() -> Iterator[dict[str, None]]:
    """Yields the names of the files that are read from now on, in the order of their first reading."""
    names: dict[str, None] = {}
    token = _noted.set(names)
    try:
        yield names
    finally:
        _noted.reset(token)


def note_input(path: str) -> None:
    """Notes a file that will be read, or that somebody else reads, as Python does a module."""
    names = _noted.get()
    if names is not None:
        names[path] = None


def inputs_read() -> tuple[str, ...]:
    """Returns the names of the files that were noted since :func:`noted_inputs`."""
    return tuple(_noted.get() or ())
