"""Python's garbage collector, out of the way while records are made by the thousand."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def gc_disabled() -> Iterator[None]:
    """While records are made by the thousand, each collection would visit the whole model, and all that torch has
    loaded, and find nothing.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextlib.contextmanager
def gc_frozen() -> Iterator[None]:
    """While somebody waits for keys, a collection would visit a report's million records, and find nothing. What is
    there already is left out of them; what is made from now on is collected.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
