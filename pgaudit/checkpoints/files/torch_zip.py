"""What ``torch.save`` has written since torch 1.6: a zip of ``NAME/data.pkl`` and ``NAME/data/KEY``.

Source: torch 2.15, torch/serialization.py and caffe2/serialize/inline_container.cc.
"""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Any

from pgaudit.checkpoints.files.random_access import RandomAccess
from pgaudit.checkpoints.pickles.limits import MOST_BYTES, Refused
from pgaudit.checkpoints.pickles.records import Storage
from pgaudit.checkpoints.pickles.scan import end_of_pickle
from pgaudit.checkpoints.pickles.unpickler import unpickle

MAGIC = b"PK\x03\x04"
_MOST_LISTED = 48 << 20
"""Bytes of a zip's own list of what is in it: some 700,000 tensors."""
_PICKLE = "/data.pkl"
_LOCAL_HEADER = struct.Struct("<4s22xHH")
"""Before each entry: its mark, and the lengths of its name and of what is added (PKWARE's APPNOTE, 4.3.7)."""
_ENCRYPTED = 1


class _Listed(io.RawIOBase):
    """A file as zipfile reads it, which takes the length of the list from the file itself."""

    def __init__(self, file: RandomAccess) -> None:
        self._file = file
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        if base + offset < 0:
            raise OSError("before the beginning")
        self._at = base + offset
        return self._at

    def read(self, length: int | None = -1) -> bytes:
        wanted = self._file.size - self._at if length is None or length < 0 else length
        if min(wanted, self._file.size - self._at) > _MOST_LISTED:
            raise Refused("lists more entries than any checkpoint has")
        data = self._file.read(self._at, wanted)
        self._at += len(data)
        return data


class TorchZip:
    """An open file, its entries by name, and the elements of its storages."""

    def __init__(self, file: RandomAccess) -> None:
        """Reads the list of entries.

        Raises:
            Refused: it is no zip, or no zip of torch's.
        """
        self._file = file
        try:
            self._zip = zipfile.ZipFile(_Listed(file))
            names = self._zip.namelist()
        except Refused:
            raise
        except Exception:  # of a damaged list: BadZipFile, struct.error, ValueError, NotImplementedError ...
            raise Refused("is cut or damaged: the list at the end of the zip is missing") from None
        pickles = [name for name in names if name.endswith(_PICKLE) and name.count("/") == 1]
        if len(pickles) != 1:
            raise Refused(_other_zip(names))
        self._pickle = pickles[0]
        self._prefix = self._pickle.removesuffix("data.pkl")
        self.byteorder = "big" if self._small("byteorder") == b"big" else "little"

    def load(self) -> Any:
        """Returns what it holds.

        Raises:
            Refused: it is damaged, encrypted, or asks for too much.
        """
        data = self._entry(self._pickle, MOST_BYTES)
        return unpickle(data[: end_of_pickle(data)], self)

    def note(self, storage: Storage) -> None:
        """Needs nothing: an entry says its own length."""

    def element(self, storage: Storage, offset: int, length: int) -> bytes | None:
        """Returns some bytes of a storage: from where they lie, as torch writes them uncompressed."""
        info = self._zip.NameToInfo.get(f"{self._prefix}data/{storage.key}")
        if info is None or info.flag_bits & _ENCRYPTED or not 0 <= offset <= info.file_size - length:
            return None
        if info.compress_type != zipfile.ZIP_STORED:
            data = self._small(f"data/{storage.key}")
            return None if data is None else data[offset : offset + length]
        header = self._file.read(info.header_offset, _LOCAL_HEADER.size)
        if len(header) != _LOCAL_HEADER.size or not header.startswith(MAGIC):
            return None
        _, name, added = _LOCAL_HEADER.unpack(header)
        return self._file.read(info.header_offset + _LOCAL_HEADER.size + name + added + offset, length)

    def _small(self, name: str) -> bytes | None:
        try:
            return self._entry(self._prefix + name, 1024)
        except (KeyError, Refused):
            return None

    def _entry(self, name: str, most: int) -> bytes:
        info = self._zip.getinfo(name)
        if info.flag_bits & _ENCRYPTED:
            raise Refused("is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others take what memory they say
            raise Refused("is compressed in a way that torch.save does not use")
        if info.file_size > most:
            raise Refused(f"has a pickle of {info.file_size:,} bytes, more than any checkpoint's")
        try:
            with self._zip.open(info) as entry:
                return entry.read(info.file_size)
        except Exception:  # BadZipFile, zlib.error, NotImplementedError, EOFError ...
            raise Refused("is damaged: its pickle is not what the zip says") from None


def _other_zip(names: list[str]) -> str:
    if any(name.endswith("/constants.pkl") for name in names):
        return "is a TorchScript model, which holds code and weights, and no optimizer"
    if any(name.endswith(".npy") for name in names):
        return "is an archive of numpy arrays, not a checkpoint of torch"
    if any(name.endswith(("/model.json", "config.json")) for name in names):
        return "is a zip, but not one that torch.save wrote"
    return "is a zip without a data.pkl: torch.save did not write it"
