"""A folder ``checkpoint-N`` of transformers' Trainer: ``optimizer.pt``, ``scheduler.pt``, ``trainer_state.json``.

Source: transformers 5.23, trainer.py, ``_save_optimizer_and_scheduler``: under DeepSpeed the optimizer is in a folder
``global_stepN``, under FSDP in ``optimizer.bin`` or a folder ``optimizer_0``, as accelerate writes them.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from pgaudit.checkpoints.layouts import accelerate, deepspeed
from pgaudit.checkpoints.layouts.model_files import parameters_beside
from pgaudit.checkpoints.parts import Parts
from pgaudit.files.inputs import read_bytes
from pgaudit.files.json_text import read_json

NAME = "transformers"
_STATE = "trainer_state.json"
_MOST_BYTES = 1 << 27


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder has the layout."""
    return (folder / _STATE).is_file()


def read(folder: Path) -> Parts:
    """Returns what a folder holds.

    Raises:
        ConfigError: a file is damaged.
    """
    parts = accelerate.read(folder, NAME)
    if not parts.optimizers and deepspeed.is_checkpoint(folder):
        inner = deepspeed.read(folder)
        parameters = parameters_beside(folder) or inner.parameters
        parts = dataclasses.replace(inner, layout=f"{NAME}, {inner.layout}", parameters=parameters)
    return dataclasses.replace(parts, notes=(*parts.notes, *_reached(folder / _STATE)))


def _reached(path: Path) -> tuple[str, ...]:
    state = read_json(read_bytes(path, _MOST_BYTES), str(path), "copy or save it again")
    step = state.get("global_step") if isinstance(state, dict) else None
    return (f"it was saved after step {step:,}",) if type(step) is int else ()
