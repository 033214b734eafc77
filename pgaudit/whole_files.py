"""Files that are whole or untouched, whoever reads or writes them at the same time."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def write_whole(path: Path, pieces: Iterable[str], *, private: bool = False) -> None:
    """Writes a file's UTF-8 text beside it, and puts it there once it is complete.

    Args:
        path: a file, new or not, in a folder that exists. A link stays a link, and an old file's mode its mode.
        pieces: the text, part by part. What is raised while they are made leaves the file as it was.
        private: whether a new file is its owner's alone, rather than whoever's the umask allows.

    Raises:
        OSError: it cannot be written.
    """
    target = _target(path)
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
        if target.exists():
            os.chmod(part, target.stat().st_mode & 0o777)
        elif not private:
            os.chmod(part, 0o666 & ~_umask())
        os.replace(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise


def _target(path: Path) -> Path:
    """What a link leads to in the end."""
    try:
        target = path.resolve()
    except RuntimeError:  # what pathlib says of a circle before Python 3.13
        target = path
    if target.is_symlink():  # in a circle, there is no end
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return target


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
