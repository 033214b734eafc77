"""The one gate for code that is neither pgaudit's nor torch's nor timm's: whoever runs some asks here first."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from pgaudit.core.errors import UsageError
from pgaudit.environment import variable_set
from pgaudit.text import quoted

NO_CODE = "PGAUDIT_NO_CODE"
"""The variable that keeps such code from running, in this process and in those that it begins."""
LIBRARIES = ("torch", "timm")
"""The packages that are always allowed: an answer is about them."""

_ran: list[str] = []


def forbidden() -> bool:
    """Whether no such code may run."""
    return os.environ.get(NO_CODE, "") not in ("", "0")


@contextlib.contextmanager
def forbidding(wanted: bool) -> Iterator[None]:
    """Lets no such code run meanwhile, if that is wanted; what the environment forbids stays forbidden."""
    with variable_set(NO_CODE, "1") if wanted else contextlib.nullcontext():
        yield


def refuse(what: str, hint: str | None = None) -> None:
    """Raises UsageError where no such code may run; ``what`` is how the user names it."""
    if forbidden():
        message = f"{quoted(what)} is code outside torch and timm, and --no-code (or {NO_CODE}) lets none run"
        raise UsageError(message, hint)


def runs(what: str, hint: str | None = None) -> None:
    """Notes that such code runs now, which may change how torch and timm behave.

    Raises:
        UsageError: none may run.
    """
    refuse(what, hint)
    _ran.append(what)


def refusal_to_read(path: str, *folders: str) -> str | None:
    """Returns why a file that another file names is not read; None where it may be.

    Where no code may run, the files are a stranger's. A message may quote what stands in a file, so a stranger's file
    must not choose among all those of the machine: only what lies in the current folder, or in these, is read.
    """
    if not forbidden():
        return None
    real = Path(os.path.realpath(path))
    if any(real.is_relative_to(os.path.realpath(folder)) for folder in (os.curdir, *folders)):
        return None
    return f"{quoted(path)} lies outside the current folder, and --no-code (or {NO_CODE}) reads no such file"


def has_run() -> bool:
    """Whether such code has run in this process."""
    return bool(_ran)


def importable(*folders: str) -> None:
    """Lets modules in these folders be imported, unless an installed one has the name."""
    sys.path.extend(folder for folder in dict.fromkeys(folders) if folder not in sys.path)


@contextlib.contextmanager
def suppress_output() -> Iterator[None]:
    """Keeps what such code prints off the report's stream, and its warnings, which are not about parameter groups, off
    the screen.
    """
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def suppress_logging() -> Iterator[None]:
    """Keeps the remarks of a library's logger, which are about training, off the screen."""
    import logging  # only here: libraries of models have it already

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
