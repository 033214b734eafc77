"""A ``.safetensors`` file: JSON that says of each tensor its name, dtype, shape and place.

Where names are those of an optimizer's state (``state.0.exp_avg``, ``optimizer.state.layer.weight.step``), and the
file's own metadata holds the groups as JSON, they become a mapping as ``state_dict()`` returns it.
Source: safetensors 0.8, README.md, "Format".
"""

from __future__ import annotations

import json
from typing import Any

from pgaudit.checkpoints.files.random_access import RandomAccess
from pgaudit.checkpoints.pickles.limits import Refused
from pgaudit.checkpoints.pickles.records import Storage, Tensor

_MOST_BYTES = 100_000_000
"""Of the JSON: the format's own limit."""
_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
}


def is_safetensors(head: bytes) -> bool:
    """Whether a file that begins so is one."""
    return len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= _MOST_BYTES


class SafeTensors:
    """An open file, and the elements of its tensors."""

    byteorder = "little"

    def __init__(self, file: RandomAccess) -> None:
        self._file = file

    def load(self) -> dict[str, Any]:
        """Returns the tensors by name, and what the file says of itself as ``__metadata__``.

        Raises:
            Refused: it is cut or damaged.
        """
        length = int.from_bytes(self._file.read(0, 8), "little")
        if length > min(_MOST_BYTES, self._file.size - 8):
            raise Refused("is cut or damaged: it is shorter than its header says")
        try:
            header = json.loads(self._file.read(8, length))
            metadata = header.pop("__metadata__", None) or {}
            tensors = {name: self._tensor(entry, 8 + length) for name, entry in header.items()}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise Refused("is damaged: its header makes no sense") from None
        return _with_optimizers(tensors, metadata)

    def element(self, storage: Storage, offset: int, length: int) -> bytes | None:
        """Returns some bytes of a tensor."""
        return self._file.read(storage.key + offset, length) if isinstance(storage.key, int) else None

    def note(self, storage: Storage) -> None:
        """Needs nothing: the header says all."""

    def _tensor(self, entry: Any, base: int) -> Tensor:
        shape, begin = tuple(entry["shape"]), entry["data_offsets"][0]
        dtype = _DTYPES.get(entry["dtype"], str(entry["dtype"]).lower())
        if not all(type(each) is int for each in (*shape, begin)):
            raise ValueError("no whole number")
        return Tensor(shape, dtype, Storage(dtype, base + begin, None, self))


def _with_optimizers(tensors: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    """Returns ``{"state": {...}, "param_groups": [...]}`` in place of tensors that are an optimizer's, by what stands
    before ``state.`` in their names.
    """
    found: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    for name, tensor in tensors.items():
        prefix, state, rest = f".{name}".partition(".state.")
        index, dot, key = rest.rpartition(".")
        if not (state and dot):
            found[name] = tensor
            continue
        holder = found.setdefault(prefix.removeprefix("."), {"state": {}, "param_groups": []}) if prefix else found
        if isinstance(holder, dict):
            states = holder.setdefault("state", {})
            states.setdefault(int(index) if index.isdecimal() and len(index) < 10 else index, {})[key] = tensor
    for name, text in metadata.items():
        groups = _groups(text)
        if groups is not None:
            prefix = name.rpartition(".")[0]
            holder = found.get(prefix) if prefix else next((each for each in found.values() if _is_state(each)), found)
            if isinstance(holder, dict):
                holder["param_groups"] = groups
                holder.setdefault("state", {})
    return found


def _is_state(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"state", "param_groups"}


def _groups(text: object) -> list[Any] | None:
    """Returns the groups that a text is; it may be the JSON of them, or of a mapping that holds them."""
    if not isinstance(text, str) or '"params"' not in text:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    value = value.get("param_groups") if isinstance(value, dict) else value
    return value if isinstance(value, list) else None
