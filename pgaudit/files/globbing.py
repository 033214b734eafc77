"""A name of a file, or a glob → the files that it stands for."""

from __future__ import annotations

import os
from glob import glob, has_magic


def matching_files(name: str) -> list[str] | None:
    """Returns the files that a glob stands for, by name; None for a name that is no glob, or of a file that there is.

    Args:
        name: ``configs/*.yaml``; ``**`` stands for any folders. ``~`` and variables mean nothing.
    """
    if not has_magic(name) or os.path.lexists(name):
        return None
    return sorted(os.path.normpath(path) for path in glob(name, recursive=True) if os.path.isfile(path))
