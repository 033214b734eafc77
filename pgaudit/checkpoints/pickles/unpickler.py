"""A pickle → plain values, and records for all that is torch's or anybody's own."""

from __future__ import annotations

import io
import pickle
import re
from typing import Any

from pgaudit.checkpoints.pickles.limits import MOST_GLOBALS, Refused
from pgaudit.checkpoints.pickles.rebuilders import REBUILDERS, qualname_of
from pgaudit.checkpoints.pickles.records import Dtype, Elements, Storage, Stub
from pgaudit.memory import gc_disabled

STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "QInt8Storage": "qint8",
    "QUInt8Storage": "quint8",
    "QInt32Storage": "qint32",
}
"""The class of a storage → the dtype of its elements (torch/storage.py)."""
_DTYPE = re.compile(r"bool|(b?float|complex|q?u?int|bits)\d[a-z0-9_]*", re.ASCII)


class _Unpickler(pickle.Unpickler):
    """Resolves nothing: a name becomes a record, or a stub that takes everything and does nothing."""

    def __init__(self, file: io.BytesIO, elements: Elements | None) -> None:
        super().__init__(file, encoding="utf-8", errors="replace")
        self._elements = elements
        self._known: dict[tuple[str, str], Any] = {}

    def find_class(self, module: str, name: str, /) -> Any:
        """Returns what stands for a class or function; nothing is imported."""
        key = (module, name)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST_GLOBALS:
                raise Refused("names more classes than any checkpoint does")
            found = self._known[key] = _stand_in(module, name)
        return found

    def persistent_load(self, pid: Any, /) -> Any:
        """Returns the storage that is meant, without its elements."""
        if isinstance(pid, tuple) and len(pid) >= 5 and pid[0] in ("storage", b"storage"):
            kind, key, numel = pid[1], pid[2], pid[4]
            dtype = kind.name if isinstance(kind, Dtype) else None
            is_view = len(pid) > 5 and pid[5] is not None  # of the legacy format: elements elsewhere in another storage
            storage = Storage(dtype, key if isinstance(key, (str, int)) else None, numel, self._elements)
            if self._elements is not None:
                self._elements.note(storage)
            if is_view:
                storage.elements = None
            return storage
        if isinstance(pid, tuple) and len(pid) > 1 and pid[0] == "module":  # a class, with its source beside it
            return pid[1]
        return Stub()


def _stand_in(module: str, name: str) -> Any:
    if found := REBUILDERS.get((module, name)):
        return found
    if module in ("torch", "torch.cuda", "torch.storage"):
        if name in STORAGES:
            return Dtype(STORAGES[name])
        if module == "torch" and _DTYPE.fullmatch(name):
            return Dtype(name)
    return type("Stub", (Stub,), {"__slots__": (), "qualname": qualname_of(module, name)})


def unpickle(data: bytes, elements: Elements | None = None) -> Any:
    """Returns what a pickle holds.

    Args:
        data: the pickle, which :func:`end_of_pickle` has found to be harmless.
        elements: where the elements of its storages lie.

    Raises:
        Refused: it is damaged, or names too much.
    """
    try:
        with gc_disabled():
            return _Unpickler(io.BytesIO(data), elements).load()
    except Refused:
        raise
    except Exception:  # a damaged pickle fails in every way that Python has
        raise Refused("is damaged: its pickle makes no sense") from None
