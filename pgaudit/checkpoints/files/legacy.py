"""What ``torch.save`` wrote before torch 1.6, or without its zip: five pickles, then the elements of the storages.

A plain pickle is read as well: Python's own ``pickle.dump`` of a state dict.
Source: torch 2.15, torch/serialization.py, ``_legacy_save`` and ``_legacy_load``.
"""

from __future__ import annotations

from typing import Any

from pgaudit.checkpoints.files.random_access import RandomAccess
from pgaudit.checkpoints.pickles.limits import MOST_BYTES, Cut, Refused
from pgaudit.checkpoints.pickles.numbers import WIDTHS
from pgaudit.checkpoints.pickles.records import Storage
from pgaudit.checkpoints.pickles.scan import end_of_pickle
from pgaudit.checkpoints.pickles.unpickler import unpickle

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
"""The first pickle."""
_FIRST_READ = 1 << 20


class Pickles:
    """An open file of pickles, and the elements of the storages after them."""

    byteorder = "little"  # whatever the machine was that wrote it

    def __init__(self, file: RandomAccess) -> None:
        self._file = file
        self._at = 0
        self._data = file.read(0, _FIRST_READ)
        self._keys: object = None
        self._places: dict[object, tuple[int, int]] | None = None
        self._dtypes: dict[object, str | None] = {}

    def load(self) -> Any:
        """Returns what the file holds.

        Raises:
            Refused: it is damaged, or asks for too much.
        """
        value = self._next()
        if value != MAGIC_NUMBER:
            return value
        if self._next() != 1001:
            raise Refused("is damaged, or of a version of torch.save that nobody knows")
        self._next()  # about the machine
        value = self._next()
        try:
            self._keys = self._next()
        except Refused:
            self._keys = None  # cut among the elements: groups and shapes are whole all the same
        return value

    def element(self, storage: Storage, offset: int, length: int) -> bytes | None:
        """Returns some bytes of a storage; each begins with the number of its elements."""
        if self._places is None:
            self._places = self._placed(storage)
        place = self._places.get(storage.key)
        if place is None or not 0 <= offset <= place[1] - length:
            return None
        return self._file.read(place[0] + offset, length)

    def note(self, storage: Storage) -> None:
        """Notes the dtype of a storage: the file says only how many elements it has."""
        self._dtypes.setdefault(storage.key, storage.dtype)

    def _placed(self, storage: Storage) -> dict[object, tuple[int, int]]:
        places: dict[object, tuple[int, int]] = {}
        at = self._at
        for key in self._keys if isinstance(self._keys, list) else ():
            width = WIDTHS.get(self._dtypes.get(key) or "") if isinstance(key, (str, int)) else None
            head = self._file.read(at, 8)
            if width is None or len(head) < 8:
                break
            length = int.from_bytes(head, "little") * width
            places[key] = (at + 8, length)
            at += 8 + length
        return places

    def _next(self) -> Any:
        while True:
            try:
                end = end_of_pickle(self._data, self._at)
                break
            except Cut:
                if len(self._data) >= min(self._file.size, MOST_BYTES):
                    raise
                self._data = self._file.read(0, min(8 * len(self._data), MOST_BYTES))
        value = unpickle(self._data[self._at : end], self)
        self._at = end
        return value
