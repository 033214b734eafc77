"""A folder of DeepSpeed: ``global_stepN``, or the one beside whose file ``latest`` it stands.

``*mp_rank_00_model_states.pt`` has ``param_shapes``, an OrderedDict of names and shapes for each group;
``*_optim_states.pt`` has the groups on partitions of one flat tensor each: ``base_optimizer_state`` under ZeRO 1 and 2,
``optimizer_state_dict`` under ZeRO 3. Without ZeRO the optimizer is in the model's file.
Source: DeepSpeed 0.18, runtime/engine.py, runtime/zero/{stage_1_and_2,stage3}.py.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pgaudit.checkpoints.files.content import content_of
from pgaudit.checkpoints.optimizer_state import is_optimizer_state, read_optimizer
from pgaudit.checkpoints.parts import Parts, parts_of
from pgaudit.checkpoints.pickles.records import mapping_in
from pgaudit.core.built import BuiltGroup, BuiltOptimizer, BuiltTensor
from pgaudit.core.errors import ConfigError
from pgaudit.files.inputs import read_bytes
from pgaudit.text import quoted

NAME = "DeepSpeed"
_MODEL = re.compile(r"(zero_pp_rank_(\d+)_)?mp_rank_(\d+)(_\d+)*_model_states\.pt")
_OPTIMIZER = re.compile(r"(bf16_|fp16_)?zero_pp_rank_(\d+)_mp_rank_(\d+)(_\d+)*_optim_states\.pt")
_STATES = ("base_optimizer_state", "optimizer_state_dict")


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder has the layout."""
    return _tag(folder) is not None


def _tag(folder: Path) -> Path | None:
    """Returns the folder that holds the files: the one itself, the one that ``latest`` names, Lightning's own."""
    latest = folder / "latest"
    if latest.is_file():
        name = read_bytes(latest, 256).decode("utf-8", "replace").strip()
        inner = folder / name
        if name and Path(name).name == name and inner.is_dir():
            return inner
    for each in (folder, folder / "checkpoint"):
        if each.is_dir() and any(True for _ in _ranked(each, _MODEL)):
            return each
    return None


def _ranked(folder: Path, pattern: re.Pattern[str]) -> Iterator[tuple[tuple[int, ...], Path]]:
    for path in folder.iterdir():
        if match := pattern.fullmatch(path.name):
            yield tuple(int(each) for each in match.groups()[-3:-1] if each and each.isdigit()), path


def read(folder: Path) -> Parts:
    """Returns what a folder holds, by the files of its first rank.

    Raises:
        ConfigError: a file is missing or damaged.
    """
    tag = _tag(folder)
    assert tag is not None
    models = sorted(_ranked(tag, _MODEL))
    if not models:
        raise ConfigError(f"{quoted(tag)} has no *_model_states.pt, which says the names", "copy the whole folder")
    with content_of(str(models[0][1])) as value:
        parts = dataclasses.replace(parts_of(value, NAME), holds=tuple(path.name for _, path in models[:8]))
        top = mapping_in(value) or {}
        shapes = [_shapes(each) for each in _listed(top.get("param_shapes"))]
        frozen = _shapes(top.get("frozen_param_shapes"))
    partitions = sorted(_ranked(tag, _OPTIMIZER))
    if partitions:
        with content_of(str(partitions[0][1])) as value:
            flat = _base_state(value)
            if flat is None:
                raise ConfigError(
                    f"{quoted(partitions[0][1])} holds no groups: it was saved with elastic_checkpoint",
                    "save it without elastic_checkpoint, or name the code that builds the optimizer",
                )
            optimizer, notes = _unflattened(read_optimizer(flat, "optimizer"), shapes)
        parts = dataclasses.replace(parts, optimizers=(optimizer,), notes=notes)
    if shapes or frozen:
        trained = {
            name: BuiltTensor(name, shape=shape, trainable=True) for each in shapes for name, shape in each.items()
        }
        held = {name: BuiltTensor(name, shape=shape, trainable=False) for name, shape in frozen.items()}
        parts = dataclasses.replace(parts, parameters={**parts.parameters, **trained, **held})
    return parts


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else [value] if mapping_in(value) else []


def _shapes(value: object) -> dict[str, tuple[int, ...]]:
    found = mapping_in(value) or {}
    return {name: each for name, each in found.items() if isinstance(name, str) and isinstance(each, tuple)}


def _base_state(value: object) -> Any:
    """Returns the state of the optimizer that ZeRO wraps."""
    for _ in range(4):
        found: Mapping[Any, Any] = mapping_in(value) or {}
        if is_optimizer_state(found):
            return found
        value = next((found[key] for key in _STATES if mapping_in(found.get(key)) is not None), None)
    return None


def _unflattened(
    flat: BuiltOptimizer, shapes: Sequence[Mapping[str, tuple[int, ...]]]
) -> tuple[BuiltOptimizer, tuple[str, ...]]:
    """Returns the optimizer with each group's tensors in place of its partition, and what its reader should know."""
    parts = _by_group(flat, shapes)
    if parts is None:
        note = "param_shapes has another number of groups than the optimizer: which tensor is in which is not told"
        return flat, (note,)
    groups = []
    for group, names in zip(flat.groups, parts, strict=True):
        states = {(each.has_state, each.steps) for each in group.tensors}
        has_state, steps = states.pop() if len(states) == 1 else (None, None)
        tensors = [BuiltTensor(name, shape=shape, has_state=has_state, steps=steps) for name, shape in names.items()]
        groups.append(BuiltGroup(group.values, tuple(tensors)))
    return dataclasses.replace(flat, groups=tuple(groups), names_from="param_shapes"), ()


def _by_group(
    flat: BuiltOptimizer, shapes: Sequence[Mapping[str, tuple[int, ...]]]
) -> list[dict[str, tuple[int, ...]]] | None:
    """Returns the names and shapes of each group. ZeRO 3 may divide a group: each of its parts is a tensor of it."""
    counts = [1] * len(flat.groups)
    if len(shapes) != len(counts):
        counts = [len(group.tensors) for group in flat.groups]
        if len(counts) == 1:
            counts = [len(shapes)]
    if sum(counts) != len(shapes) or not shapes:
        return None
    rest = iter(shapes)
    return [{name: shape for _ in range(count) for name, shape in next(rest).items()} for count in counts]
