"""Checkpoints of training runs → what they hold of optimizers. They are read as data, without torch; nothing in
them runs.
"""

from pgaudit.checkpoints.read import chosen, is_checkpoint, read_checkpoint

__all__ = ["chosen", "is_checkpoint", "read_checkpoint"]
