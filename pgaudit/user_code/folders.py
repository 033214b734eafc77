"""Where modules of the user's are looked for: what is installed, the current folder, ``src`` in it, and ``src`` beside
the project's file. A folder goes to the end of the path, so that it takes no other module's place; and ``src`` does so
only for a module that lies nowhere else.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pgaudit import user_code

_PROJECT_FILES = ("pgaudit.yaml", "pyproject.toml")


def make_importable(module: str) -> None:
    """Puts on the path what the import of a dotted name needs, in the order of the module's documentation."""
    user_code.importable(os.getcwd())
    parts = module.split(".")
    if not _found(parts):
        user_code.importable(*[folder for folder in source_folders() if _holds(folder, parts[:1])][:1])


def source_folders() -> tuple[str, ...]:
    """Returns ``src`` in the current folder, and ``src`` beside the nearest pgaudit.yaml or pyproject.toml, from the
    current folder up; those of them that are there.
    """
    here = Path.cwd()
    above = (folder for folder in (here, *here.parents) if any((folder / name).is_file() for name in _PROJECT_FILES))
    roots = (here, *(folder for folder in (next(above, None),) if folder is not None))
    return tuple(dict.fromkeys(str(root / "src") for root in roots if (root / "src").is_dir()))


def _found(parts: Sequence[str]) -> bool:
    """Whether a module, or a regular package that it would be in, is there already. A folder without ``__init__.py`` is
    a package, too, but only as long as nobody has a regular one of that name.
    """
    if parts[0] in sys.modules:
        return True
    spec = importlib.util.find_spec(parts[0])
    if spec is None or spec.origin is not None:
        return spec is not None
    inside = spec.submodule_search_locations or ()
    return len(parts) > 1 and any(_holds(folder, parts[1:]) for folder in inside)


def _holds(folder: str, parts: Sequence[str]) -> bool:
    path = os.path.join(folder, *parts)
    return os.path.isdir(path) or os.path.isfile(f"{path}.py")
