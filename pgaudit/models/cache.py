"""What was found out about timm's models and the optimizers, kept on the disk: a second run needs neither torch nor
timm.

A cache only ever saves time. Whatever is wrong with it, an entry that cannot be read is no entry, and a folder that
cannot be written is left alone. What others could have written is not believed: folders and entries belong to the user
or to root, and nobody else may write to them. An entry begins with a line that says what it was made from.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pgaudit import user_code
from pgaudit.core.errors import ModelError
from pgaudit.files.atomic_write import write_whole
from pgaudit.models.cache_key import cache_key
from pgaudit.models.saved.file import Saved, read, written
from pgaudit.optimizers.library import SECTIONS
from pgaudit.strict_json import Unreadable
from pgaudit.text import visible

MOST_BYTES = 1 << 29
"""Of all entries together: some ten times what all of timm's models take."""
_MODELS = "models"
"""The section of saved inventories; the others are :class:`pgaudit.optimizers.library.Memo`'s."""
MOST_ENTRIES, MOST_LENGTH = 1000, 1 << 18
"""Of each other section, and of an entry's text: the groups of a policy take some 10 KB, if they are many."""
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
        return cache_key() is not None and not user_code.has_run() and self.refusal() is None

    def refusal(self) -> str | None:
        """Returns why nothing is taken from the folder, nor kept there; None where all is well."""
        generation = self._generation
        for folder in (Path(self.folder), generation, *(generation / section for section in (*SECTIONS, _MODELS))):
            with contextlib.suppress(OSError):
                if (why := _distrusted(os.stat(folder))) is not None:
                    return f"{why} {visible(folder)}"
        for folder in Path(os.path.realpath(self.folder)).parents:
            with contextlib.suppress(OSError):
                if os.name == "posix" and os.stat(folder).st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
                    return f"everybody may put another folder in its place in {visible(folder)}"
        return None

    @property
    def _generation(self) -> Path:
        """The folder of what is true of the libraries as they are installed."""
        return Path(self.folder) / f"inventories-{cache_key()}"

    def model(self, name: str, args: Mapping[str, Any]) -> Saved | None:
        """Returns what is known of a timm model built with these arguments."""
        if not self.usable:
            return None
        body = self._read(_MODELS, name, key := [name, sorted(args.items())])
        if body is None:
            return None
        path = self._entry(_MODELS, name, key)
        try:
            saved = read(body, str(path))
        except ModelError:
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
        self._write(_MODELS, name, [name, sorted(args.items())], text)
        self._shrink()

    def get(self, section: str, key: str) -> Any:
        """See :class:`pgaudit.optimizers.library.Memo`."""
        if not self.usable:
            return None
        body = self._read(section, "", key)
        try:
            return None if body is None else SECTIONS[section](json.loads(body))
        except (Unreadable, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            return None

    def learn(self, section: str, key: str, value: Any) -> None:
        """See :class:`pgaudit.optimizers.library.Memo`; of too many entries, the older half goes."""
        text = json.dumps(value, separators=(",", ":"))
        if not self.usable or len(text) > MOST_LENGTH:
            return
        self._write(section, "", key, text)
        folder = self._generation / section
        with contextlib.suppress(OSError):  # another run may do the same
            if len(os.listdir(folder)) > MOST_ENTRIES:
                oldest = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
                for path in oldest[: MOST_ENTRIES // 2]:
                    path.unlink()

    def usage(self) -> Usage:
        """Returns how much is kept."""
        sizes = {path: size for path, size, _ in self._files()}
        current = {path: size for path, size in sizes.items() if self._generation in path.parents}
        models = sum(path.parent.name == _MODELS for path in current)
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

    def _read(self, section: str, name: str, key: Any) -> bytes | None:
        """Returns what was kept under a key; None for nothing, and for an entry that is not to be believed."""
        path = self._entry(section, name, key)
        try:
            if not path.is_file():
                return None
            with path.open("rb") as file:
                if _distrusted(os.fstat(file.fileno())) is not None:
                    return None
                head, body = file.readline(), file.read()
        except OSError:
            return None
        return body if head == _head(section, key, body) else None

    def _write(self, section: str, name: str, key: Any, text: str) -> None:
        """The whole entry or nothing, whoever else writes it at the same time."""
        path = self._entry(section, name, key)
        with contextlib.suppress(OSError):
            for folder in reversed(path.parents):  # one by one: the mode of parents would be the umask's
                folder.mkdir(mode=0o700, exist_ok=True)
            if self.refusal() is None:  # whoever may have made them meanwhile
                # What is lost with the power is found to be damaged, and made anew.
                write_whole(path, [_head(section, key, text.encode()).decode(), text], private=True, durable=False)

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


def _head(section: str, key: Any, body: bytes) -> bytes:
    """The first line of an entry, which is no other's: neither under another key, nor of other versions."""
    made_from = {"section": section, "key": key, "cache_key": cache_key(), "sha256": hashlib.sha256(body).hexdigest()}
    return json.dumps(made_from, default=repr).encode() + b"\n"


def _distrusted(state: os.stat_result) -> str | None:
    """Why a file or folder may hold what the user did not put there; Windows has no such owners and modes."""
    if os.name != "posix":
        return None
    if state.st_uid not in (0, os.geteuid()):
        return "another user owns"
    return "others may write to" if state.st_mode & 0o022 else None


def _digest(key: Any) -> str:
    return hashlib.sha256(json.dumps(key, default=repr).encode()).hexdigest()[:32]
