"""A folder of accelerate's ``save_state``: ``optimizer.bin``, ``optimizer_1.bin``, ``scheduler.bin``, weights.

Source: accelerate 1.x, checkpointing.py and utils/fsdp_utils.py: under FSDP an optimizer may be a folder
``optimizer_0`` of torch.distributed.checkpoint.
"""

from __future__ import annotations

import re
from pathlib import Path

from pgaudit.checkpoints.files.content import content_of
from pgaudit.checkpoints.layouts import dcp
from pgaudit.checkpoints.layouts.model_files import parameters_beside
from pgaudit.checkpoints.parts import Parts, parts_of
from pgaudit.core.built import BuiltOptimizer, SchedulerState

NAME = "accelerate"
_OPTIMIZER = re.compile(r"optimizer(_\d+)?(\.bin|\.pt)?")
_SCHEDULER = re.compile(r"scheduler(_\d+)?\.(bin|pt)")


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder has the layout."""
    return any(_is_optimizer(path) for path in sorted(folder.glob("optimizer*")))


def _is_optimizer(path: Path) -> bool:
    if _OPTIMIZER.fullmatch(path.name) is None:
        return False
    return path.is_file() if path.suffix else dcp.is_checkpoint(path)


def _number(path: Path) -> tuple[int, str]:
    digits = re.findall(r"_(\d+)", path.name)
    return (int(digits[0][:9]) if digits else 0), path.name


def read(folder: Path, layout: str = NAME) -> Parts:
    """Returns what a folder holds; the name of a file is the key of the optimizer in it.

    Raises:
        ConfigError: a file is damaged.
    """
    optimizers: list[BuiltOptimizer] = []
    schedulers: list[SchedulerState] = []
    for path in sorted(filter(_is_optimizer, folder.glob("optimizer*")), key=_number):
        optimizers.extend((_of_file(path) if path.suffix else dcp.read(path, path.name)).optimizers)
    for path in sorted(folder.glob("scheduler*"), key=_number):
        if _SCHEDULER.fullmatch(path.name) and path.is_file():
            schedulers.extend(_of_file(path).schedulers)
    return Parts(layout, tuple(optimizers), parameters_beside(folder), tuple(schedulers), holds=listing(folder))


def _of_file(path: Path) -> Parts:
    with content_of(str(path)) as value:
        return parts_of(value, NAME, under=path.stem)


def listing(folder: Path) -> tuple[str, ...]:
    """Returns the names of a few files in a folder."""
    names = sorted(path.name for path in folder.iterdir())
    return (*names[:8], *([f"{len(names) - 8} more"] if len(names) > 8 else []))
