"""A file of any size, of which some bytes are read here and there."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager

from pgaudit.core.errors import ConfigError
from pgaudit.files.inputs import open_regular
from pgaudit.text import quoted


class RandomAccess:
    """An open file, or some bytes."""

    def __init__(self, file: io.FileIO | io.BytesIO) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)

    def read(self, offset: int, length: int) -> bytes:
        """Returns the bytes at a place; fewer where the file ends before."""
        if offset < 0 or length <= 0 or offset >= self.size:
            return b""
        self._file.seek(offset)
        return self._file.read(min(length, self.size - offset))


@contextmanager
def opened(path: str) -> Iterator[RandomAccess]:
    """Yields a file that is open meanwhile.

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    try:
        file = open_regular(path)
    except FileNotFoundError:
        raise ConfigError(f"no such file: {quoted(path)}", "a checkpoint, or the folder of one") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ConfigError(f"cannot read {quoted(path)}: {getattr(error, 'strerror', None) or error}") from None
    with file:
        yield RandomAccess(file)
