"""What can change the answer about a timm model, in one short text: versions, and the installed files themselves."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache

from pgaudit.files.packages import package_folder, source_states
from pgaudit.version import __version__

FORMAT = 3
"""Of what is cached; to be raised with what an inventory holds or how it is found."""

_READ = {
    "pgaudit": ("models", "optimizers", "schedules", "user_code"),
    "timm": ("",),
    "torch": ("version.py", "__init__.py", "nn", "optim"),
    "torchvision": ("version.py",),
}
"""The parts of each package that decide. What torch is beside them shows in its version."""


@cache
def cache_key() -> str | None:
    """Returns the text; None where torch or timm is not installed. Nothing of them is imported.

    A variable that timm reads is part of it, too.
    """
    found = hashlib.sha256()
    python = sys.implementation.cache_tag, sys.version_info[:2]
    settings = sorted((name, value) for name, value in os.environ.items() if name.startswith("TIMM_"))
    found.update(repr((FORMAT, __version__, python, settings)).encode())
    for package, parts in _READ.items():
        folder = package_folder(package)
        if folder is None and package in ("torch", "timm"):
            return None
        found.update(repr((package, str(folder), folder and source_states(folder, parts))).encode())
    return found.hexdigest()[:32]
