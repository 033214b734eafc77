"""The lock of an assertion: what it held before, and how it is written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pgaudit.core.errors import PgauditError
from pgaudit.files.atomic_write import writable, write_whole
from pgaudit.files.reading import read_file
from pgaudit.report import Report
from pgaudit.sources.lock import MAX_BYTES, written
from pgaudit.sources.lock_reading import read_lock
from pgaudit.text import visible


def locked_before(lock: str, at: Sequence[int], *, update: bool, remedy: str) -> Report | None:
    """Returns what a lock holds; None for one that is written anew and is damaged, or not there.

    Args:
        lock: its path.
        at: the steps at which it shall hold the lrs.
        update: whether it is written anew.
        remedy: how to write it, in the caller's words.

    Raises:
        AssertionError: there is none, or it does not hold the lrs at these steps.
        ConfigError: it cannot be read.
    """
    __tracebackhide__ = True
    if not os.path.exists(lock):
        if update:
            return None
        raise AssertionError(f"there is no lock yet: {visible(lock)}\n  {remedy} writes it")
    try:
        found = read_lock(lock, read_file(lock, "lock", most=MAX_BYTES))
    except PgauditError:
        if update:
            return None
        raise
    missing = [str(step) for step in at if step not in found.at]
    if missing and not update:
        raise AssertionError(f"no lr is locked at {', '.join(missing)}: {visible(lock)}\n  {remedy} writes it")
    return found


def write_lock(report: Report, lock: Path) -> None:
    """Writes a lock, unless the file says that already."""
    text = written(report)
    with writable(lock):
        if not lock.is_file() or lock.read_bytes() != text.encode():
            lock.parent.mkdir(parents=True, exist_ok=True)
            write_whole(lock, [text])
