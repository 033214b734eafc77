"""The value of a tensor of one element."""

from __future__ import annotations

import struct

from pgaudit.checkpoints.pickles.records import Tensor

_FORMS = {
    "float64": "d",
    "float32": "f",
    "float16": "e",
    "bfloat16": "H",
    "int64": "q",
    "int32": "i",
    "int16": "h",
    "int8": "b",
    "uint64": "Q",
    "uint32": "I",
    "uint16": "H",
    "uint8": "B",
    "bool": "?",
}
"""dtype → the letter that Python's struct has for it."""
WIDTHS = {dtype: struct.calcsize(f"={letter}") for dtype, letter in _FORMS.items()} | {
    "complex64": 8,
    "complex128": 16,
    "qint8": 1,
    "quint8": 1,
    "qint32": 4,
}
"""dtype → how many bytes an element takes."""

Number = bool | int | float


def number_in(tensor: Tensor) -> Number | None:
    """Returns the value of a tensor's only element, as ``tensor.item()`` does; None where it has more than one, or its
    elements cannot be read.
    """
    storage, form = tensor.storage, _FORMS.get(tensor.dtype or "")
    if any(size != 1 for size in tensor.shape) or storage is None or storage.elements is None or form is None:
        return None
    width = WIDTHS[tensor.dtype or ""]
    data = storage.elements.element(storage, tensor.offset * width, width)
    return None if data is None or len(data) != width else decode(data, tensor.dtype or "", storage.elements.byteorder)


def decode(data: bytes, dtype: str, byteorder: str) -> Number:
    """Returns the number that some bytes are."""
    order = ">" if byteorder == "big" else "<"
    value = struct.unpack(order + _FORMS[dtype], data)[0]
    if dtype == "bfloat16":  # the upper half of a float32
        return float(struct.unpack("<f", struct.pack("<I", value << 16))[0])
    return value  # type: ignore[no-any-return]
