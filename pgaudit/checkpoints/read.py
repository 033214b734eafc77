"""A path → the checkpoint that is there, or one error that says what is there instead."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from pgaudit.checkpoints.files.content import looks_like_checkpoint
from pgaudit.checkpoints.layouts import FOLDERS, dcp, single_file
from pgaudit.checkpoints.parts import Parts
from pgaudit.core.built import Checkpoint
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.parameters import CHECKPOINT_FILES
from pgaudit.text import did_you_mean, nearest, quoted, visible

_SHARD = (".distcp", dcp.METADATA)


def is_checkpoint(path: str) -> bool:
    """Whether a path names a checkpoint: by its ending; for a folder, by the files in it; for another file, by its
    first bytes. Whether it can be read is another question.
    """
    try:
        if os.path.isdir(path):
            return any(layout.recognises(Path(path)) for layout in FOLDERS)
        return path.lower().endswith(CHECKPOINT_FILES) or (os.path.isfile(path) and looks_like_checkpoint(path))
    except (OSError, ValueError):  # a folder that must not be listed; a NUL in the path
        return False


def read_checkpoint(path: str, key: str | None = None) -> Checkpoint:
    """Reads what a file or folder holds of a training run. Nothing in it is run, and torch is not imported.

    Args:
        path: the file or folder.
        key: which optimizer, where it holds several: ``optimizer_states[1]``, ``optimizer.gen``.

    Raises:
        UsageError: there is no such key in it.
        ConfigError: it cannot be read, is damaged, or holds no optimizer.
    """
    try:
        parts = _read(path)
    except OSError as error:
        raise ConfigError(f"cannot read {quoted(path)}: {error.strerror or error}") from None
    if not parts.optimizers:
        raise _without_optimizer(path, parts)
    whole = Checkpoint(
        path=path,
        layout=parts.layout,
        optimizers=parts.optimizers,
        parameters=parts.parameters,
        schedulers=parts.schedulers,
        notes=parts.notes,
    )
    return whole if key is None else chosen(whole, key)


def _read(path: str) -> Parts:
    place = Path(path)
    if place.name.endswith(_SHARD) and os.path.isfile(place.parent / dcp.METADATA):
        place = place.parent
    if not os.path.isdir(place):
        return single_file.read(_existing(path))
    for layout in FOLDERS:
        if layout.recognises(place):
            return layout.read(place)
    raise ConfigError(f"{quoted(path)} is a folder without a checkpoint that pgaudit knows", _in_folder(place))


def _existing(path: str) -> str:
    if not os.path.lexists(path) and "\0" not in path:
        folder = Path(path).parent
        near = nearest(Path(path).name, os.listdir(folder)) if folder.is_dir() else []
        hint = f"did you mean {quoted(folder / near[0])}?" if near else "a checkpoint, or the folder of one"
        raise ConfigError(f"no such file: {quoted(path)}", hint)
    return path


def _in_folder(folder: Path) -> str:
    """Returns which checkpoints there are in a folder; the last one first, as a rule."""
    found = [path for path in sorted(folder.iterdir(), reverse=True) if is_checkpoint(str(path))]
    if not found:
        return "name the file that torch.save wrote, or a trainer's folder such as checkpoint-500"
    return f"did you mean {' or '.join(quoted(path) for path in found[:3])}?"


def chosen(checkpoint: Checkpoint, key: str) -> Checkpoint:
    """Returns a checkpoint with those of its optimizers alone that stand at a key, or below it.

    Raises:
        UsageError: there are none.
    """
    optimizers = checkpoint.optimizers
    found = tuple(each for each in optimizers if each.key == key or each.key.startswith((f"{key}.", f"{key}[")))
    if not found:
        known = [each.key for each in optimizers if each.key]
        listed = ", ".join(map(visible, known)) or "one optimizer, at its top: leave --key out"
        meant = did_you_mean(key, known)
        there = f"it has {listed}"
        message = f"{quoted(checkpoint.path)} has no optimizer at {quoted(key)}"
        raise UsageError(message, f"{meant} {there}" if meant else there)
    return replace(checkpoint, optimizers=found)


def _without_optimizer(path: str, parts: Parts) -> ConfigError:
    holds = ", ".join(parts.holds) or "nothing"
    hint = (
        "weights alone do not say how they were trained: name the checkpoint from which training resumes, "
        "such as optimizer.pt, last.ckpt or a folder checkpoint-N"
    )
    return ConfigError(f"{quoted(path)} holds no optimizer state, only {visible(holds)}", hint)
