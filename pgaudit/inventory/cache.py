"""What was found out about timm's models and the optimizers, kept on the disk: a second run needs neither torch nor
timm.

A cache only ever saves time. Whatever is wrong with it, an entry that cannot be read is no entry, and a folder that
cannot be written is left alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pgaudit.errors import ModelError
from pgaudit.input_files import read_bytes
from pgaudit.inventory.imports import foreign_code_ran
from pgaudit.inventory.saved import Saved, read, written
from pgaudit.inventory.stamp import stamp
from pgaudit.whole_files import write_whole

MOST_BYTES = 1 << 29
"""Of all entries together: some ten times what all of timm's models take."""
_GENERATION = re.compile(r"inventories-[0-9a-f]{32}")


def default_folder() -> str:
    """Returns ``PGAUDIT_CACHE_DIR``, or the user's own folder for such things."""
    named = os.environ.get("PGAUDIT_CACHE_DIR")
    if named:
        return os.path.abspath(named)
    from platformdirs import user_cache_dir

    return user_cache_dir("pgaudit", appauthor=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """How much is kept."""

    models: int
    bytes: int
    stale_bytes: int
    """Of what no answer is taken from any more: torch, timm or pgaudit is another."""


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of saved inventories of timm's models. It can be sent to another process."""

    folder: str = field(default_factory=default_folder)
    most_bytes: int = MOST_BYTES

    @property
    def usable(self) -> bool:
        """Whether its answers are those that the libraries themselves would give in this process: code of the user's
        may have changed them.
        """
        return stamp() is not None and not foreign_code_ran()

    @property
    def _generation(self) -> Path:
        """The folder of what is true of the libraries as they are installed."""
        return Path(self.folder) / f"inventories-{stamp()}"

    def model(self, name: str, args: Mapping[str, Any]) -> Saved | None:
        """Returns what is known of a timm model built with these arguments."""
        if not self.usable:
            return None
        path = self._entry("models", name, [name, sorted(args.items())])
        try:
            saved = read(read_bytes(path), str(path))
        except (OSError, ModelError):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # what was asked for last goes last
        return saved if (saved.inventory.ref, dict(saved.model_args)) == (name, dict(args)) else None

    def keep(self, saved: Saved) -> None:
        """Keeps what was found out of a timm model."""
        name, args = saved.inventory.ref, saved.model_args
        if not self.usable:
            return
        try:
            text = written(saved)
        except ModelError:  # arguments or a model of a kind that no file holds
            return
        self._write(self._entry("models", name, [name, sorted(args.items())]), text)
        self._shrink()

    def get(self, section: str, key: str) -> Any:
        """See :class:`pgaudit.inventory.library.Knowledge`."""
        if not self.usable:
            return None
        try:
            entry = json.loads(read_bytes(self._entry(section, "", key)))
            return entry["value"] if (entry["key"], entry["digest"]) == (key, _digest(entry["value"])) else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def learn(self, section: str, key: str, value: Any) -> None:
        """See :class:`pgaudit.inventory.library.Knowledge`."""
        if self.usable:
            entry = {"key": key, "digest": _digest(value), "value": value}
            self._write(self._entry(section, "", key), json.dumps(entry, separators=(",", ":")))

    def usage(self) -> Usage:
        """Returns how much is kept."""
        sizes = {path: size for path, size, _ in self._files()}
        current = {path: size for path, size in sizes.items() if self._generation in path.parents}
        models = sum(path.parent.name == "models" for path in current)
        return Usage(models, sum(sizes.values()), sum(sizes.values()) - sum(current.values()))

    def clear(self) -> Usage:
        """Takes out all entries, and nothing else that may be in the folder; returns what there was.

        Raises:
            OSError: they cannot be removed.
        """
        before = self.usage()
        for generation in self._generations():
            shutil.rmtree(generation)
        return before

    def _entry(self, section: str, name: str, key: Any) -> Path:
        readable = re.sub(r"[^\w.-]", "_", name)[:80]
        return self._generation / section / f"{readable}-{_digest(key)}.json".lstrip("-")

    def _write(self, path: Path, text: str) -> None:
        """The whole file or nothing, whoever else writes it at the same time."""
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, [text], private=True)

    def _shrink(self) -> None:
        """Takes out what was used longest ago, and of other versions before all, down to three quarters."""
        files = sorted(self._files(), key=lambda file: (self._generation in file[0].parents, file[2]))
        total = sum(size for _, size, _ in files)
        if total <= self.most_bytes:
            return
        for path, size, _ in files:
            if total <= self.most_bytes * 3 // 4:
                return
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size

    def _generations(self) -> list[Path]:
        try:
            return sorted(path for path in Path(self.folder).iterdir() if _GENERATION.fullmatch(path.name))
        except OSError:
            return []

    def _files(self) -> Iterator[tuple[Path, int, float]]:
        """Each entry, its size, and when it was used last."""
        for generation in self._generations():
            for path in generation.glob("*/*"):
                with contextlib.suppress(OSError):
                    state = path.stat()
                    yield path, state.st_size, state.st_mtime


def _digest(key: Any) -> str:
    return hashlib.sha256(json.dumps(key, default=repr).encode()).hexdigest()[:32]
