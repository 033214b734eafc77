"""A file or folder of a training run → what it holds, without torch and without running anything in it."""

from __future__ import annotations

from pgaudit.core.built import Checkpoint


def is_checkpoint(path: str) -> bool:
    """Whether a file or folder may hold a checkpoint."""
    return False


def read_checkpoint(path: str, key: str | None = None) -> Checkpoint:
    """Reads a checkpoint."""
    raise NotImplementedError
