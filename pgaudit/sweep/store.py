"""``-o results.jsonl``: what is done is kept as it comes, and a later run of the same sweep continues there.

Lines stand in the order in which they came; those of a finished sweep in that of its models and configs. What a sweep
that begins anew finds stands in ``results.jsonl.part``, and takes the place of the old results once it is complete; a
later run that does not begin anew continues there, too.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

from pgaudit.core.errors import UsageError
from pgaudit.files.atomic_write import writable, write_whole
from pgaudit.sweep.lines import BEGINNING, SCHEMA_VERSION, Identity, line, result
from pgaudit.sweep.records import SweepResult, Task
from pgaudit.text import quoted, visible

_ANEW = "--restart begins anew, and overwrites it"


class Store:
    """A file of results that grows. A context manager."""

    def __init__(self, path: Path, identity: Identity) -> None:
        self._path = path
        self._identity = identity
        self._target = os.path.realpath(path)
        self._part = Path(f"{self._target}.part")
        self._file: FileIO
        self._files = contextlib.ExitStack()

    def open(self, tasks: Sequence[Task], *, restart: bool) -> list[SweepResult]:
        """Returns the results that are there already, and makes ready for more. A torn last line is dropped.

        Raises:
            UsageError: it cannot be written, another sweep is writing to it, or it is of another sweep.
        """
        if self._path.exists() and not self._path.is_file():
            raise UsageError(f"cannot write {quoted(self._path)}: it is no file", "--format jsonl writes to stdout")
        with writable(self._path):
            if not self._path.exists():
                self._part.unlink(missing_ok=True)  # whoever has removed the results wants none of it
            self._open(self._path)
            self._lock()
            if restart:
                self._refuse_another_kind()
                if self._part.is_symlink():
                    raise UsageError(f"{quoted(self._part)} is a link, and would be written through", "remove it")
                self._open(self._part)
                self._file.truncate(0)
                return []
            if self._continues_part(tasks):
                self._part.replace(self._target)
                self._open(self._path)
                self._lock()
            text, whole = self._held()
            if not whole:
                self._refuse_another_kind()
            done = self._read(text[:whole], tasks)
            self._file.truncate(whole)
            return done

    def add(self, results: Iterable[SweepResult]) -> None:
        """Writes results at once, all or none of them."""
        text = "".join(line(each, self._identity) for each in results).encode()
        with writable(self._path):
            size = self._file.seek(0, os.SEEK_END)
            try:
                while text:
                    text = text[self._file.write(text) :]
                os.fsync(self._file.fileno())
            except OSError:  # but not Ctrl-C: what is written by then is kept
                self._file.truncate(size)
                raise

    def finish(self, results: Iterable[SweepResult]) -> None:
        """Puts all results of a finished sweep in order."""
        with writable(self._path):
            write_whole(self._path, (line(each, self._identity) for each in results))
            self._part.unlink(missing_ok=True)

    def _refuse_another_kind(self) -> None:
        """Keeps a file that does not begin as results do: a module that a model has imported, say."""
        self._file.seek(0)
        first = self._file.read(len(BEGINNING))
        if not BEGINNING.startswith(first):
            raise UsageError(f"{quoted(self._path)} holds no results of a sweep", "name another file, or remove it")

    def _open(self, path: Path) -> None:
        self._file = self._files.enter_context(FileIO(path, "a+"))

    def _held(self) -> tuple[bytes, int]:
        """What the file holds, and how much of that are whole lines."""
        self._file.seek(0)
        text = self._file.read()
        return text, text.rfind(b"\n") + 1

    def _continues_part(self, tasks: Sequence[Task]) -> bool:
        """Whether a sweep that began anew, and did not end, was this one."""
        if not self._part.is_file():
            return False
        text = self._part.read_bytes()
        try:
            return bool(self._read(text[: text.rfind(b"\n") + 1], tasks))
        except UsageError:
            return False

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def _lock(self) -> None:
        """Keeps a second sweep out; a file system that has no locks lets it in."""
        try:
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another sweep is writing to {quoted(self._path)}", "give each a file of its own"
            ) from None
        except (ImportError, OSError):
            pass

    def _read(self, text: bytes, tasks: Sequence[Task]) -> list[SweepResult]:
        wanted = {(task.model, config) for task in tasks for config in task.configs}
        done: dict[tuple[str, str], SweepResult] = {}
        for number, raw in enumerate(text.splitlines(), 1):
            try:
                held = json.loads(raw)
                known = result(held)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise UsageError(f"{visible(self._path)}:{number} is no result of a sweep", _ANEW) from None
            differs = _difference(held, known, self._identity)
            if differs is None and known.key not in wanted:
                differs = f"it has {visible(known.model)}, which is not among the models of this one"
            if differs is not None:
                raise UsageError(f"{quoted(self._path)} holds another sweep: {differs}", _ANEW)
            done[known.key] = known
        return list(done.values())


def _difference(held: dict[str, Any], known: SweepResult, identity: Identity) -> str | None:
    """How the sweep of a line differs from this one."""
    if held.get("schema_version") != SCHEMA_VERSION:
        return f"its lines are of schema version {visible(held.get('schema_version'))}"
    if known.config not in identity.digests:
        return f"it has the config {quoted(known.config)}"
    mine = identity.of(known.config)
    for key, words in _WORDS.items():
        if held.get(key) != mine[key]:
            return words.format(config=visible(known.config), was=_described(held.get(key)), now=_described(mine[key]))
    return None


_WORDS = {
    "tool": "it is by {was}, and this is {now}",
    "model_args": "its --model-arg are {was}, and here they are {now}",
    "constructor": "under {config} its constructor is {was}, and here it is {now}",
    "config_digest": "{config} has changed since",
}


def _described(value: object) -> str:
    if isinstance(value, dict) and set(value) == {"name", "version"}:
        return visible(f"{value['name']} {value['version']}")
    return visible(value if isinstance(value, str) else json.dumps(value))
