"""Files that are whole or untouched, whoever reads or writes them at the same time, and whatever ends the writer."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from pgaudit.core.errors import UsageError
from pgaudit.files.inputs import read_bytes
from pgaudit.text import quoted

try:
    import fcntl
except ImportError:  # on Windows, where nothing tells a leftover from a file that is being written
    fcntl = None  # type: ignore[assignment]


def write_whole(path: Path, pieces: Iterable[str | bytes], *, private: bool = False, durable: bool = True) -> None:
    """Writes a file's bytes, or its text as UTF-8, beside it, and puts it there once it is complete.

    What a run that was killed has left beside this file is cleared first.

    Args:
        path: a file, new or not, in a folder that exists. A link stays a link, and an old file's mode its mode.
        pieces: what stands in it, part by part. What is raised while they are made leaves the file as it was.
        private: whether a new file is its owner's alone, rather than whoever's the umask allows.
        durable: whether it is on the disk before it is there, and so outlives a loss of power; that takes milliseconds.

    Raises:
        OSError: it cannot be written, or is there and may not be.
    """
    target = _target(path)
    if target.exists() and not os.access(target, os.W_OK):  # which would not keep anybody from taking its place
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    prefix = f".part-{zlib.crc32(os.fsencode(target.name)):08x}-"
    _clear(target.parent, prefix)
    handle, part = _new_part(target.parent, prefix)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(encoded(pieces))
            file.flush()
            if durable:
                os.fsync(handle)
            if target.exists():
                os.chmod(part, target.stat().st_mode & 0o777)
            elif not private:
                os.chmod(part, 0o666 & ~_umask())
            if fcntl is not None:  # while it is locked: Windows renames no open file, and has no such lock
                os.replace(part, target)
        if fcntl is None:
            os.replace(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
    if durable:
        sync_folder(target.parent)


@contextlib.contextmanager
def writable(path: Path) -> Iterator[None]:
    """Makes a UsageError of any OSError meanwhile, which says that the file cannot be written."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write {quoted(path)}: {error.strerror or error}") from None


def rewrite(path: str, before: bytes, after: bytes) -> None:
    """Writes a file anew that was read before.

    Raises:
        UsageError: it holds something else by now, or cannot be written; then it is left as it is.
    """
    with writable(Path(path)):
        if read_bytes(path) != before:
            raise UsageError(f"{quoted(path)} has changed meanwhile, and is left as it is", "try again")
        write_whole(Path(path), [after])


def encoded(pieces: Iterable[str | bytes]) -> Iterator[bytes]:
    """Yields bytes as they are, and text as UTF-8."""
    return (piece if isinstance(piece, bytes) else piece.encode() for piece in pieces)


def sync_folder(folder: Path) -> None:
    """Makes sure that what was renamed in a folder stays so after a loss of power; where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _new_part(folder: Path, prefix: str) -> tuple[int, str]:
    """A new file, locked as long as it is open: that tells it from a leftover."""
    while True:
        handle, part = tempfile.mkstemp(dir=folder, prefix=prefix)
        _locked(handle, wait=True)
        if os.fstat(handle).st_nlink:  # else another run has taken it for a leftover before it was locked
            return handle, part
        os.close(handle)


def _clear(folder: Path, prefix: str) -> None:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        leftovers = [each.path for each in entries if each.name.startswith(prefix) and each.is_file()]
        for part in leftovers:
            with contextlib.suppress(OSError), open(part, "r+b") as file:
                if _locked(file.fileno(), wait=False):  # or else somebody is writing it
                    os.unlink(part)


def _locked(handle: int, *, wait: bool) -> bool:
    """Locks a file, if nobody else has locked it and its file system can."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


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
