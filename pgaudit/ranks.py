"""Which of several processes this is: one of them prints and writes for all."""

from __future__ import annotations

import os
import sys


def rank() -> int:
    """Returns this process's number among those that train together, 0 for one alone.

    ``torch.distributed`` says it once it is initialized; before that, the variable ``RANK`` that torchrun sets.
    """
    distributed = sys.modules.get("torch.distributed")  # who has not imported it has not initialized it
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return int(distributed.get_rank())
    number = os.environ.get("RANK", "")
    return int(number) if number.isdecimal() else 0


def speaks() -> bool:
    """Whether this process is the one that prints and writes. What is returned or raised is the same on all."""
    return rank() == 0
