"""``-o results.jsonl``: what is done is kept as it comes, and a later run of the same sweep continues there.

Lines stand in the order in which they came; those of a finished sweep in that of its models and configs.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from pgaudit.errors import UsageError
from pgaudit.sweep.lines import SCHEMA_VERSION, Identity, line, result
from pgaudit.sweep.records import Result, Task
from pgaudit.text import quoted, visible
from pgaudit.whole_files import write_whole

_ANEW = "--restart begins anew, and overwrites it"


class Store:
    """A file of results that grows. A context manager."""

    def __init__(self, path: Path, identity: Identity) -> None:
        self._path = path
        self._identity = identity
        self._file: BinaryIO | None = None

    def open(self, tasks: Sequence[Task], *, restart: bool) -> list[Result]:
        """Returns the results that are there already, and makes ready for more. A torn last line is dropped.

        Raises:
            UsageError: it cannot be written, another sweep is writing to it, or it is of another sweep.
        """
        if self._path.exists() and not self._path.is_file():
            raise UsageError(f"cannot write {quoted(self._path)}: it is no file", "--format jsonl writes to stdout")
        with _writable(self._path):
            self._file = open(self._path, "a+b")  # noqa: SIM115 - this class closes it
            self._lock()
            if restart:
                self._file.truncate(0)
                return []
            self._file.seek(0)
            text = self._file.read()
            whole = text.rfind(b"\n") + 1
            done = self._read(text[:whole], tasks)
            self._file.truncate(whole)
            return done

    def add(self, results: Iterable[Result]) -> None:
        """Writes results at once."""
        assert self._file is not None
        with _writable(self._path):
            self._file.write("".join(line(each, self._identity) for each in results).encode())
            self._file.flush()

    def finish(self, results: Iterable[Result]) -> None:
        """Puts all results of a finished sweep in order."""
        with _writable(self._path):
            write_whole(self._path, (line(each, self._identity) for each in results))

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def _lock(self) -> None:
        """Keeps a second sweep out; a file system that has no locks lets it in."""
        assert self._file is not None
        try:
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another sweep is writing to {quoted(self._path)}", "give each a file of its own"
            ) from None
        except (ImportError, OSError):
            pass

    def _read(self, text: bytes, tasks: Sequence[Task]) -> list[Result]:
        wanted = {(task.model, config) for task in tasks for config in task.configs}
        done: dict[tuple[str, str], Result] = {}
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


def _difference(held: dict[str, Any], known: Result, identity: Identity) -> str | None:
    """How the sweep of a line differs from this one."""
    if held.get("schema_version") != SCHEMA_VERSION:
        return f"its lines are of schema version {visible(held.get('schema_version'))}"
    if known.config not in identity.digests:
        return f"it has the config {quoted(known.config)}"
    mine = identity.of(known.config)
    for key, words in _WORDS.items():
        if held.get(key) != mine[key]:
            return words.format(config=visible(known.config), was=_said(held.get(key)), now=_said(mine[key]))
    return None


_WORDS = {
    "tool": "it is by {was}, and this is {now}",
    "model_args": "its --model-arg are {was}, and here they are {now}",
    "constructor": "under {config} its constructor is {was}, and here it is {now}",
    "config_digest": "{config} has changed since",
}


def _said(value: object) -> str:
    if isinstance(value, dict) and set(value) == {"name", "version"}:
        return visible(f"{value['name']} {value['version']}")
    return visible(value if isinstance(value, str) else json.dumps(value))


@contextlib.contextmanager
def _writable(path: Path) -> Any:
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write {quoted(path)}: {error.strerror or error}") from None
