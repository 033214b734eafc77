"""No output takes the place of a file that the command reads.

This is asked before anything is computed, when only the command line is known, and again before each file is written,
when all that was read is.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from pgaudit.core.errors import UsageError
from pgaudit.core.parameters import INVENTORY_FILES
from pgaudit.files.inputs import inputs_read, note_input
from pgaudit.text import quoted


def keep_inputs(
    outputs: Iterable[Path | None], paths: Iterable[str | None] = (), models: Iterable[str | None] = ()
) -> None:
    """Notes the files that the command line names for reading, and refuses to write over them.

    Args:
        outputs: the files that will be written.
        paths: of configs, and whatever else is read; names that are no files do no harm.
        models: references of models, some of which name files.

    Raises:
        UsageError: an output is one of the inputs.
    """
    for file in (*paths, *(_file_of(model) for model in models if model)):
        if file is not None:
            note_input(file)
    for output in outputs:
        refuse_input(output)


def refuse_input(output: Path | None) -> None:
    """Refuses a file that this command has read or will read.

    Raises:
        UsageError: it is one; under another name, or through a link, too.
    """
    if output is None or str(output) == "-":
        return
    identity = _identity(output)
    for each in inputs_read():
        if identity is not None and identity == _identity(each):
            known = "" if str(output) == each else f" ({quoted(each)})"
            raise UsageError(f"{quoted(output)} is a file that this command reads{known}", "name another output")
    if isinstance(identity, tuple) and identity in map(_identity, _loaded()):
        raise UsageError(f"{quoted(output)} is a module that this command has imported", "name another output")


def _loaded() -> Iterator[str]:
    """The files of all modules: the model's own file has imported others."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            yield file


def same_file(one: str | Path, other: str | Path) -> bool:
    """Whether two names stand for one regular file, or would if it were written."""
    identity = _identity(one)
    return identity is not None and identity == _identity(other)


def _identity(path: str | Path) -> object:
    """None for what can be read and written at the same time, such as a terminal."""
    try:
        state = os.stat(path)
    except OSError:
        return os.path.realpath(path)
    except ValueError:  # a NUL
        return None
    return (state.st_dev, state.st_ino) if stat.S_ISREG(state.st_mode) else None


def _file_of(reference: str) -> str | None:
    """The file that a model's reference names; a timm name or a module is none, whatever lies in the folder."""
    file, colon, _ = reference.rpartition(":")
    if colon:
        return file if file.endswith(".py") else None
    return reference if reference.endswith((".py", ".yaml", ".yml", *INVENTORY_FILES)) else None
