"""A YAML config and the files that it inherits from, as detectron2 reads them by ``_BASE_`` and RT-DETR by
``__include__``. A base is found from the file that names it.

Source of the semantics: fvcore 0.1.5.post20221221, ``CfgNode.load_yaml_with_base`` in ``fvcore/common/config.py``: of
several bases, each with all that it inherits is put over those before it. D-FINE 4a1f73a, ``load_config`` and
``merge_dict`` in ``src/core/yaml_utils.py``: every file is put over all that was read before it, bases first. Its
``load_config`` keeps what it has read for a second config of the same process, which is left out here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from pgaudit.config.bases import refuse_unreadable, shown
from pgaudit.config.layouts import recognise
from pgaudit.config.overlay import put
from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location
from pgaudit.files.document import Document
from pgaudit.files.reading import read_file
from pgaudit.files.validation import described
from pgaudit.files.yaml_text import MAX_BYTES, Outline, Source
from pgaudit.files.yaml_values import Size
from pgaudit.text import quoted

MAX_DEPTH = 100
"""Bases of bases: far more than anybody has, and fewer than Python's stack can hold."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True)
class Inheritance:
    """How the files of a library inherit from others."""

    word: str
    """The key under which a file names its bases."""
    refuses: str | None = None
    """What the library does where a mapping would take the place of a value; None where it lets it."""
    in_turn: bool = False
    """Whether each file is put over all before it, rather than over what its own bases say; and whether its bases are
    a list of files that end in .yml or .yaml, and may be empty.
    """


BASE = Inheritance("_BASE_", refuses="detectron2 would raise AssertionError: Cannot inherit key")
INCLUDE = Inheritance("__include__", in_turn=True)


def read_chain(
    path: str,
    source: Source,
    *,
    aside: Callable[[Outline], Outline],
    optional: Collection[str] = (),
) -> Document:
    """Reads a config with all that it inherits by ``_BASE_``; each key has the place where it was set last.

    Args:
        path: the config's file.
        source: what that holds.
        aside: chooses top-level keys whose values are left unread, whatever they hold.
        optional: keys among those that are read after all, where nothing is wrong with what they hold, and the file
            inherits from no other.

    Raises:
        ConfigError: with what is wrong in the first file in which anything is.
    """
    chain = _Chain(path, BASE)
    config = chain.file(_located(os.getcwd(), path), source, ())
    if config.location is None:
        return source.read(aside(source.outline), optional=optional)
    rest = aside(chain.outline)
    document = chain.document(config, lambda base, size: base.read(rest, size))
    document.rest = rest
    if recognise(document.value, rest).name not in ("detectron2", "pgaudit"):
        message = f"`{BASE.word}` is detectron2's word, and the library of this config would not look for it"
        raise ConfigError(message, "write the whole config out", config.location)
    return document


def read_included(path: str, source: Source) -> Document:
    """Returns all that a config says with what it names by ``__include__``, and what is wrong with it beside that.

    Raises:
        ConfigError: a file that is named cannot be read.
    """
    chain = _Chain(path, INCLUDE)
    config = chain.file(_located(os.getcwd(), path), source, ())
    return chain.document(config, lambda base, size: base.read_whole(size))


@dataclass
class _File:
    source: Source
    location: Location | None = None
    """Where it names its bases; None where it has none."""
    bases: list[_File] = field(default_factory=list)
    height: int = 0
    """How many bases of bases it has."""


class _Chain:
    def __init__(self, path: str, way: Inheritance) -> None:
        self._path = path
        self._way = way
        self._files: dict[str, _File] = {}
        self._bytes = 0
        self._size = Size()

    @property
    def outline(self) -> Outline:
        """The top-level keys of all files."""
        found: Outline = {}
        for file in self._files.values():
            found = _joined(found, file.source.outline)
        return found

    def file(self, path: str, source: Source, users: tuple[str, ...]) -> _File:
        """Parses a file's bases, too, each once."""
        found, word = _File(source), self._way.word
        if word in source.outline:
            said = source.read({key: None for key in source.outline if key != word})
            found.location = said.keys[(word,)]
            for name, at in self._names(said):
                base = _located(os.path.dirname(path), os.path.expanduser(name) if name.startswith("~") else name)
                refuse_unreadable(base, (*users, path), self._path, at)
                known = self._files.get(base)
                if len(users) + (known.height if known else 0) >= MAX_DEPTH:
                    message = f"more than {MAX_DEPTH} bases inherit from each other"
                    raise ConfigError(message, location=at)
                found.bases.append(known or self.file(base, self._parsed(base, at), (*users, path)))
        found.height = max((base.height + 1 for base in found.bases), default=0)
        self._files[path] = found
        return found

    def document(
        self, file: _File, read: Callable[[Source, Size], Document], under: Document | None = None
    ) -> Document:
        """Returns what a file says, put over what it inherits, and that over what is known already."""
        own = self._own(file, read)
        result = Document({}) if under is None else under
        for base in file.bases:
            if self._way.in_turn:
                self.document(base, read, result)
            else:
                put(self.document(base, read), result, self._way.refuses)
        put(own, result, self._way.refuses)
        return result

    def _own(self, file: _File, read: Callable[[Source, Size], Document]) -> Document:
        """What a file says itself."""
        found, word = read(file.source, self._size), self._way.word
        if found.value is None and self._way.in_turn:
            found.value = {}
        if not isinstance(found.value, dict):
            message = f"a config is a mapping, not {described(found.value)}"
            raise ConfigError(message, location=found.values[()])
        if found.value.pop(word, None) is not None:
            for at in [at for at in found.values if at[:1] == (word,)]:
                del found.values[at]
            del found.keys[(word,)]
        return found

    def _names(self, said: Document) -> Iterator[tuple[str, Location]]:
        """The bases, each with where it stands."""
        word = self._way.word
        given = said.value[word]
        if self._way.in_turn and not isinstance(given, list):
            message = f"`{word}` is a list of files, not {described(given)}"
            raise ConfigError(message, f"{word}: [{given}]" if isinstance(given, str) else None, said.keys[(word,)])
        for index, name in enumerate(given) if isinstance(given, list) else [(None, given)]:
            at = said.keys[(word,)] if index is None else said.values[(word, index)]
            if not isinstance(name, str):
                message = f"a base is the path of a file, not {described(name)}"
                raise ConfigError(message, location=at)
            if _URL.match(name):
                message = f"the base {quoted(name)} is no file, and pgaudit fetches nothing"
                raise ConfigError(message, "keep a copy, and name that", at)
            if self._way.in_turn and not name.endswith((".yml", ".yaml")):
                message = f"{quoted(name)} does not end in .yml or .yaml; load_config would raise AssertionError"
                raise ConfigError(message, location=at)
            yield name, at

    def _parsed(self, path: str, at: Location) -> Source:
        name = shown(path, self._path)
        try:
            data = read_file(path)
        except ConfigError as error:
            found = error.findings[0]
            raise ConfigError(found.message, found.hint, at) from None
        self._bytes += len(data)
        if self._bytes > MAX_BYTES:
            message = f"the bases are larger than the {MAX_BYTES:,} bytes that a config may have"
            raise ConfigError(message, location=at)
        return Source(data, name, is_base=True, may_be_empty=self._way.in_turn)


def _joined(one: Outline, other: Outline) -> Outline:
    """Returns an outline with the keys of both."""
    return {key: _joined(one.get(key) or {}, other.get(key) or {}) or None for key in {**one, **other}}


def _located(folder: str, name: str) -> str:
    """Returns the absolute path of a file; with its `..` where one stands behind a link to a folder."""
    path = os.path.join(folder, name)
    plain = os.path.abspath(path)
    try:
        return plain if os.path.realpath(plain) == os.path.realpath(path) else path
    except ValueError:  # a NUL in it
        return plain
