"""A folder of ``torch.distributed.checkpoint``: ``.metadata`` says what there is, ``.distcp`` files hold it.

``.metadata`` is a pickle: ``state_dict_metadata`` has each tensor's size and dtype, ``planner_data`` its path in the
state dict, ``storage_data`` where its bytes lie. What is no tensor, such as an lr, lies there as a ``torch.save`` file.
Source: torch 2.15, torch/distributed/checkpoint/{metadata,filesystem,default_planner}.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from pgaudit.checkpoints.files.content import content_of, loaded
from pgaudit.checkpoints.files.random_access import opened
from pgaudit.checkpoints.parts import Parts, parts_of
from pgaudit.checkpoints.pickles.limits import Budget, Refused
from pgaudit.checkpoints.pickles.records import Dtype, Storage, Stub, Tensor, is_shape, mapping_in
from pgaudit.core.errors import ConfigError
from pgaudit.text import quoted

METADATA = ".metadata"
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_MOST_BYTES = 1 << 20
"""Of an entry that is read: options, not tensors."""
_AGAIN = "copy or save it again"


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder has the layout."""
    return (folder / METADATA).is_file()


def read(folder: Path, under: str = "") -> Parts:
    """Returns what a folder holds.

    Raises:
        ConfigError: it is damaged.
    """
    path = str(folder / METADATA)
    with content_of(path) as value:
        fields = mapping_in(value) or {}
        if not isinstance(fields.get("state_dict_metadata"), dict):
            raise ConfigError(f"{quoted(path)} is not what torch.distributed.checkpoint writes", _AGAIN)
        return parts_of(_Folder(folder, fields).state_dict(), "torch.distributed.checkpoint", under=under)


class _Folder:
    """A folder, and the elements of its tensors."""

    byteorder = "little"

    def __init__(self, folder: Path, fields: Mapping[Any, Any]) -> None:
        self._folder = folder
        self._fields = fields
        self._budget = Budget()
        self._loaded: dict[bytes, Any] = {}

    def state_dict(self) -> dict[object, Any]:
        """Returns what was saved, with its mappings and lists as they were."""
        paths = mapping_in(self._fields.get("planner_data")) or {}
        root: dict[object, Any] = {}
        for name, said in self._fields["state_dict_metadata"].items():
            path = paths.get(name)
            steps: tuple[Any, ...] = (name,)
            if isinstance(path, tuple) and path and all(isinstance(step, (str, int)) for step in path):
                steps = path
            _put(root, steps, self._value(name, said))
        return _listed(root)  # type: ignore[no-any-return]

    def _value(self, name: object, said: object) -> Any:
        fields = mapping_in(said)
        if fields and is_shape(fields.get("size")):
            properties = fields.get("properties")
            state = properties.state if isinstance(properties, Stub) else None
            first = state[0] if isinstance(state, tuple) and state else (mapping_in(state) or {}).get("dtype")
            dtype = first.name if isinstance(first, Dtype) else None
            key = name if isinstance(name, (str, int)) else None
            return Tensor(fields["size"], dtype, Storage(dtype, key, None, self))
        data = self._bytes(name)
        try:
            return self._load(data) if data is not None else Stub()
        except Refused as error:
            message = f"{quoted(self._folder)} is damaged: the entry {quoted(name)} {error}"
            raise ConfigError(message, _AGAIN) from None

    def element(self, storage: Storage, offset: int, length: int) -> bytes | None:
        """Returns some bytes of a tensor that has one element, and so one part."""
        data = self._bytes(storage.key)
        try:
            found = self._load(data) if data is not None else None
        except Refused:
            return None
        inner = next(iter(found.values()), None) if isinstance(found, dict) else found
        if not isinstance(inner, Tensor) or inner.storage is None or inner.storage.elements is None:
            return None
        return inner.storage.elements.element(inner.storage, offset + inner.offset * length, length)

    def _load(self, data: bytes) -> Any:
        """Returns what an entry holds. The flat form has each option once per parameter, most of them equal."""
        if data not in self._loaded:
            self._budget.take(len(data))
            self._loaded[data] = loaded(data, self._budget)
        return self._loaded[data]

    def note(self, storage: Storage) -> None:
        """Needs nothing: ``.metadata`` says all."""

    @cached_property
    def _places(self) -> dict[object, Mapping[Any, Any]]:
        places: dict[object, Mapping[Any, Any]] = {}
        for index, info in (mapping_in(self._fields.get("storage_data")) or {}).items():
            name, place = (mapping_in(index) or {}).get("fqn"), mapping_in(info)
            if isinstance(name, str) and place is not None:
                places.setdefault(name, place)
        return places

    def _bytes(self, name: object) -> bytes | None:
        """Returns an entry's bytes; None where it is long, or nothing says where it is."""
        place = self._places.get(name)
        if place is None:
            return None
        file, offset, length = (place.get(key) for key in ("relative_path", "offset", "length"))
        if not isinstance(file, str) or type(offset) is not int or type(length) is not int or length > _MOST_BYTES:
            return None
        if place.get("transform_descriptors"):
            raise ConfigError(f"{quoted(self._folder)} is compressed by an extension of its writer, and is not read")
        if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
            raise ConfigError(f"{quoted(self._folder)} is damaged: it names a file outside itself, {quoted(file)}")
        with opened(str(self._folder / file)) as opened_file:
            data = opened_file.read(offset, length)
        if len(data) < length:
            raise ConfigError(f"{quoted(self._folder / file)} is cut: it ends before what it should hold", _AGAIN)
        return data


def _put(root: dict[object, Any], steps: tuple[Any, ...], value: object) -> None:
    holder = root
    for step in steps[:-1]:
        below = holder.setdefault(step, {})
        if not isinstance(below, dict):
            return
        holder = below
    holder[steps[-1]] = value


def _listed(value: Any, depth: int = 64) -> Any:
    """Returns mappings by whole numbers as lists; the states of an optimizer by the numbers of its tensors, of which
    such a folder has made texts; and one that had no state yet with an empty one: what is empty leaves no trace.
    """
    if not isinstance(value, dict) or depth == 0:
        return value
    items = {key: _listed(each, depth - 1) for key, each in value.items()}
    if items and all(type(key) is int for key in items):
        return [items[key] for key in sorted(items)]
    if "param_groups" in items:
        states = items.setdefault("state", {})
        if isinstance(states, dict) and all(isinstance(key, str) and _NUMBER.fullmatch(key) for key in states):
            items["state"] = {int(key): each for key, each in states.items()}
    return items
