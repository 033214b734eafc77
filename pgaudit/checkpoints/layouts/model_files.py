"""A model's weights in a folder: ``model.safetensors``, ``pytorch_model.bin``, their parts, an adapter's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pgaudit.checkpoints.files.content import content_of
from pgaudit.checkpoints.model_state import parameters_in
from pgaudit.checkpoints.pickles.limits import Budget
from pgaudit.checkpoints.search import search
from pgaudit.core.built import BuiltTensor
from pgaudit.core.errors import ConfigError
from pgaudit.text import quoted

_WHOLE = ("model.safetensors", "pytorch_model.bin", "adapter_model.safetensors", "adapter_model.bin")
_MOST_BYTES = 1 << 27


def parameters_beside(folder: Path) -> dict[str, BuiltTensor]:
    """Returns a model's tensors by name; none where the folder has no weights.

    Raises:
        ConfigError: a file is damaged.
    """
    for name in _WHOLE:
        if (folder / name).is_file():
            return _tensors(folder / name)
    for name in _WHOLE:
        index = folder / f"{name}.index.json"
        if index.is_file():
            return _in_parts(index)
    return {}


def _in_parts(index: Path) -> dict[str, BuiltTensor]:
    where = json_in(index)
    weights = where.get("weight_map") if isinstance(where, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(each, str) for each in weights.values()):
        raise ConfigError(f"{quoted(index)} does not say which tensor is in which file")
    found: dict[str, BuiltTensor] = {}
    for file in dict.fromkeys(weights.values()):
        if Path(file).name == file and (index.parent / file).is_file():
            found |= _tensors(index.parent / file)
    return {name: found[name] for name in weights if name in found}


def json_in(path: Path) -> Any:
    """Returns what a file of JSON beside the weights holds.

    Raises:
        ConfigError: it is damaged.
    """
    # Most checkpoints have none, and need not wait for all that reads configs.
    from pgaudit.files.inputs import read_bytes
    from pgaudit.files.json_text import read_json

    return read_json(read_bytes(path, _MOST_BYTES), str(path), "copy or save it again")


def _tensors(path: Path) -> dict[str, BuiltTensor]:
    with content_of(str(path)) as value:
        return parameters_in(search(value, Budget()).models)
