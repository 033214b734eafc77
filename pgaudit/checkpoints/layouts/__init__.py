"""The layouts of checkpoints: one module for each, all in one list. A folder is recognised by the files in it, a file
by what stands at its top.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pgaudit.checkpoints.layouts import accelerate, dcp, deepspeed, transformers
from pgaudit.checkpoints.parts import Parts


class FolderLayout(NamedTuple):
    """How to read one layout of a folder."""

    recognises: Callable[[Path], bool]
    read: Callable[[Path], Parts]


FOLDERS = (
    FolderLayout(transformers.is_checkpoint, transformers.read),
    FolderLayout(dcp.is_checkpoint, dcp.read),
    FolderLayout(deepspeed.is_checkpoint, deepspeed.read),
    FolderLayout(accelerate.is_checkpoint, accelerate.read),
)
"""In the order in which they are asked: a trainer's folder may hold one of the others."""
