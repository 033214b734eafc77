"""What commands share: arguments of models, the terminal, progress, and where the result goes."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgaudit.cli.shared.overwriting import refuse_input
from pgaudit.core.errors import UsageError
from pgaudit.core.parameters import CHECKPOINT_FILES
from pgaudit.core.schedule import NO_REQUEST
from pgaudit.files.atomic_write import encoded, writable, write_whole
from pgaudit.files.inputs import STDIN
from pgaudit.models.misnamed import WEIGHTS
from pgaudit.render.choices import Colour
from pgaudit.text import quoted, visible
from pgaudit.user_code.imports import is_code

if TYPE_CHECKING:
    from pgaudit.cli.shared.schedule import TimeOptions
    from pgaudit.config.what_if import WhatIf
    from pgaudit.core.config import Config
    from pgaudit.models.cache import Cache
    from pgaudit.render.terminal import TableOptions
    from pgaudit.report import Report


_CHECKPOINTS = (*CHECKPOINT_FILES, ".pkl")
"""How files may end in which there are optimizers; of a pickle, its beginning says whether it is a checkpoint."""


LEAST_WIDTH = 20
"""Cells that any table needs."""


class ReaderGone(Exception):
    """Whoever read the output has closed it. Not an OSError, of which `writable` makes a UsageError."""


@dataclass(frozen=True)
class Screen:
    """What the output's end can show."""

    width: int | None
    """None where lines may be as long as they need to be."""
    colour: bool
    encoding: str | None
    terminal: bool = False
    """Whether it is one, and not a pipe or a file."""


def screen(output: Path | None, colour: Colour, width: int | None) -> Screen:
    """Looks at stdout, or at the file that takes its place.

    ``--color`` beats ``NO_COLOR``, which beats ``FORCE_COLOR``. Off a terminal only ``COLUMNS`` or ``--width`` limits
    the width.
    """
    terminal = output is None and sys.stdout is not None and sys.stdout.isatty()
    if width is None and terminal:
        width = max(shutil.get_terminal_size().columns, LEAST_WIDTH)
    elif width is None and output is None and (columns := os.environ.get("COLUMNS", "")[:9]).isdecimal():
        width = max(int(columns), LEAST_WIDTH) if int(columns) else None
    encoding = "utf-8" if output or sys.stdout is None else sys.stdout.encoding
    return Screen(width, _wants_colour(colour, terminal), encoding, terminal)


def table_options(output: Path | None, colour: Colour, width: int | None, **more: Any) -> TableOptions:
    """Returns how tables are drawn for an output.

    Args:
        output: see :func:`screen`.
        colour: see there.
        width: see there.
        more: further fields of TableOptions.
    """
    from pgaudit.render.style import marks_for
    from pgaudit.render.terminal import TableOptions

    end = screen(output, colour, width)
    return TableOptions(end.width, end.colour, marks_for(end.encoding), snippets=end.terminal, **more)


def stderr_options(colour: Colour = "auto") -> TableOptions | None:
    """Returns how lines are drawn on stderr; None where it is no terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    from pgaudit.render.style import marks_for
    from pgaudit.render.terminal import TableOptions

    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    width = max(columns or shutil.get_terminal_size().columns, LEAST_WIDTH)
    marks = marks_for(sys.stderr.encoding)
    return TableOptions(width, _wants_colour(colour, terminal=True), marks, snippets=True)


def _wants_colour(colour: Colour, terminal: bool) -> bool:
    if colour != "auto":
        return colour == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"


def references(
    first: str | None, second: str | None, *, command: str = "show", model: str | None = None
) -> tuple[str | None, str]:
    """Returns model and source of ``[MODEL] SOURCE``. A single argument is the source: a config that names its model, a
    reference to code, a checkpoint, a saved report or a lock.

    Args:
        first: the first argument.
        second: the second one.
        command: for hints.
        model: what ``--model`` names; there is then but one argument.
    """
    if first is None:
        raise UsageError("CONFIG is missing", f"pgaudit {command} MODEL CONFIG")
    if model is not None:
        if second is not None:
            raise UsageError(f"two models are named: {quoted(first)} and --model {visible(model)}", "drop one of them")
        first, second = model, first
    if second is not None:
        incomplete = first.endswith(".py") and is_config(second)  # the model's loader says what a file.py lacks
        if is_config(first) and not incomplete:
            right = (
                f"pgaudit {command} {visible(second)} {visible(first)}"
                if not is_config(second)
                else "name one model, one config"
            )
            raise UsageError(f"MODEL comes before CONFIG, and {quoted(first)} is a config", right)
        _refuse_as_config(second, command)
        return first, second
    _refuse_as_config(first, command)
    if not is_source(first):
        raise UsageError(f"CONFIG is missing after {quoted(first)}", f"pgaudit {command} {visible(first)} config.yaml")
    return None, first


def model_and_source(
    first: str | None, second: str | None, named: str | None, *, command: str = "show"
) -> tuple[str | None, str | None]:
    """Returns the same; no source for a model alone, which is shown as it is.

    Args:
        first: the first argument.
        second: the second one.
        named: what ``--model`` names.
        command: for hints.
    """
    if named is not None and first is None:
        return named, None
    if named is None and second is None and first is not None and not is_source(first):
        return first, None
    return references(first, second, command=command, model=named)


def is_source(argument: str) -> bool:
    """Whether an argument may be something else than the name of a model."""
    stored = os.path.exists(argument) or argument.lower().endswith(_CHECKPOINTS)
    return is_config(argument) or is_code(argument) or stored


def _refuse_as_config(argument: str, command: str) -> None:
    """Raises UsageError for a file that is binary, and no checkpoint of torch's."""
    suffix = Path(argument).suffix.lower()
    if (suffix in WEIGHTS and suffix not in _CHECKPOINTS) or suffix == ".ipynb":
        what = "notebook" if suffix == ".ipynb" else "checkpoint"
        raise UsageError(f"{quoted(argument)} is a {what}, not a config", f"pgaudit {command} MODEL config.yaml")


def is_config(argument: str) -> bool:
    """Whether an argument has the name of a config: of a YAML file, or a bare ``config.py``, which has no
    ``:attribute``.
    """
    return argument == STDIN or Path(argument).suffix in (".yaml", ".yml", ".py")


def parse_model_args(given: Sequence[str]) -> dict[str, Any]:
    """Reads ``key=value`` pairs; values are YAML."""
    from pgaudit.files.yaml_text import read_yaml

    parsed: dict[str, Any] = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip().isidentifier():
            raise UsageError(f"--model-arg {visible(pair)} is not key=value", "for example --model-arg num_classes=10")
        parsed[key.strip()] = read_yaml(value.encode(), f"--model-arg {key.strip()}").value if value.strip() else ""
    return parsed


def read_config(path: str, constructor: str | None) -> Config:
    """Reads a config; one that is code may print."""
    from pgaudit.config import load_config

    with stdout_reserved():
        return load_config(path, constructor=constructor)


def the_cache(*, unwanted: bool) -> Cache | None:
    """Returns the user's cache of timm's models, unless it is not wanted, or not the user's alone."""
    if unwanted:
        return None
    from pgaudit.models.cache import Cache

    cache = Cache()
    why = cache.refusal()
    if why is not None:
        note([f"the cache is left alone, for {why}; PGAUDIT_CACHE_DIR names another"])
    return cache if why is None else None


def audited(
    model: str | None,
    config_path: str | None,
    arguments: Mapping[str, Any],
    constructor: str | None,
    cache: Cache | None,
    key: str | None = None,
    time: TimeOptions | None = None,
    what_if: WhatIf | None = None,
) -> Report:
    """Returns the report of a source, with something to watch meanwhile; without one, of torch's own defaults."""
    from pgaudit.sources.source import read_source, report_of

    with stdout_reserved():  # a config that is code may print; read before anything heavy, a typo answers at once
        source = read_source(config_path, model, constructor=constructor, key=key, what_if=what_if)
    request = NO_REQUEST if time is None else time.request(source, lambda message: note([message]))
    code = config_path if config_path is not None and is_code(config_path) else None
    named = model or getattr(source, "model", None) or code or "the model"
    with stdout_reserved(), spinner(f"building {named}"):
        return report_of(source, model, model_args=arguments, cache=cache, request=request)


@contextlib.contextmanager
def spinner(message: str) -> Iterator[None]:
    """Shows that something is under way, on stderr, if a person watches it."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True, markup=False, emoji=False).status(visible(message)):
        yield


def note(messages: Sequence[str]) -> None:
    """Writes remarks to stderr."""
    for message in messages:
        complain(f"note: {visible(message)}")


def complain(text: str) -> None:
    """Writes to stderr, if there is one."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(text, file=sys.stderr)


@contextlib.contextmanager
def stdout_reserved() -> Iterator[None]:
    """Sends to stderr whatever foreign code writes to stdout, even past Python: stdout is the report's alone."""
    try:
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
    except (OSError, AttributeError):  # a closed stream
        yield
        return
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def write(text: str | Iterable[str], output: Path | None) -> None:
    """Writes the result, whole or in pieces, to stdout (also for ``-``), or to a file that is whole or untouched."""
    pieces = (text,) if isinstance(text, str) else text
    if output is None or str(output) == "-":
        _print(pieces)
    else:
        write_file(pieces, output)


def write_file(pieces: Iterable[str | bytes], output: Path) -> None:
    """Writes text or bytes to a file that is whole or untouched."""
    refuse_input(output)
    with writable(output):
        _write_file(pieces, output)


def _print(pieces: Iterable[str]) -> None:
    if sys.stdout is None:
        raise UsageError("cannot write the report: stdout is closed", "-o FILE writes a file")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.writelines(pieces)
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderGone from None
    except OSError as error:
        raise UsageError(f"cannot write the report: {error.strerror}") from None


def _write_file(pieces: Iterable[str | bytes], output: Path) -> None:
    if output.is_dir():
        raise UsageError(f"cannot write {quoted(output)}: it is a folder")
    if not output.exists() or output.is_file():
        write_whole(output, pieces)
        return
    try:
        with output.open("wb") as file:  # /dev/stdout, a named pipe
            file.writelines(encoded(pieces))
    except BrokenPipeError:
        raise ReaderGone from None
