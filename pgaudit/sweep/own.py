"""A process that is there for one sweep alone: nobody hears it, and it does not outlive whoever began it."""

from __future__ import annotations

import os
import threading
import time
from functools import cache

_EVERY = 0.5
"""Seconds between two looks."""


@cache
def settle() -> None:
    """Makes this process such a one; at its first task."""
    _mute()
    threading.Thread(target=_ends_with, args=(os.getppid(),), daemon=True).start()


def _mute() -> None:
    """Closes the streams past Python, where libraries in C write, and a crash its report."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _ends_with(parent: int) -> None:
    """Waits for the end of the process that began this one, even a violent one, of which nobody would tell."""
    while os.getppid() == parent:
        time.sleep(_EVERY)
    os._exit(1)
