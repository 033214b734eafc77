"""GLOB → references of models: timm's names, files, or one reference that is named as it is."""

from __future__ import annotations

import glob as files
import os
from collections.abc import Sequence

from pgaudit.core.errors import ModelError
from pgaudit.core.parameters import INVENTORY_FILES
from pgaudit.models.cache import Cache
from pgaudit.models.misnamed import unknown_model
from pgaudit.models.timm_names import refuse_unknown, timm_names
from pgaudit.text import nearest, quoted

_WILD = frozenset("*?[")


def models_of(glob: str, cache: Cache | None = None) -> list[str]:
    """Returns the references of all models that a glob matches, in an order that is always the same.

    With a ``/``, or the ending of an inventory, it matches files (``**`` folders, too), and before an ``:attribute``
    files of Python; else timm's names. Without a wildcard, it is one reference as any command takes it.

    Raises:
        ModelError: it matches nothing.
    """
    if not glob.strip():
        raise ModelError("the GLOB is empty", "timm names such as 'vit_*', a file, or package.module:attribute")
    place, colon, attribute = glob.rpartition(":")
    if colon and place != "timm":
        return [f"{file}:{attribute}" for file in _files(place)] if _WILD & set(place) else [glob]
    if "/" in glob or glob.endswith(INVENTORY_FILES):
        return _files(glob)
    name = attribute if colon else glob
    if _WILD & set(name):
        return timm_names(name, cache)
    refuse_unknown(name, cache, ask=True)
    return [name]


def _files(glob: str) -> list[str]:
    found = sorted(file for file in files.glob(glob, recursive=True) if os.path.isfile(file))
    if not found:
        wild, near = bool(_WILD & set(glob)), _near(glob)
        if not wild and not near and not glob.endswith(INVENTORY_FILES) and not os.path.exists(os.path.dirname(glob)):
            raise unknown_model(glob, ())
        raise ModelError(f"no file matches {quoted(glob)}" if wild else f"no such file: {quoted(glob)}", near)
    return found


def _near(glob: str) -> str | None:
    """What the glob was probably meant to be: a file, or another folder."""
    folder, name = os.path.split(glob)
    if not os.path.isdir(folder or "."):
        folder, name = os.path.split(folder)
    names = _names(folder or ".")
    near = nearest(name, names)
    return f"did you mean {quoted(os.path.join(folder, near[0]))}?" if near else None


def _names(folder: str) -> Sequence[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
