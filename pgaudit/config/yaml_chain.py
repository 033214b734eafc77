"""A YAML config and the files that it inherits from by ``_BASE_``, as detectron2 reads them.

Source of the semantics: fvcore 0.1.5.post20221221, ``CfgNode.load_yaml_with_base`` in ``fvcore/common/config.py``:
mappings are merged key by key, and all else takes the place of what was inherited. A base is found from the file that
names it; of several, each is put over those before it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from pgaudit.config.bases import refuse_unreadable, shown
from pgaudit.config.layouts import recognise
from pgaudit.core.errors import ConfigError
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location, Path
from pgaudit.files.document import Document
from pgaudit.files.reading import read_file
from pgaudit.files.validation import described
from pgaudit.files.yaml_text import MAX_BYTES, Outline, Source
from pgaudit.files.yaml_values import Size
from pgaudit.text import quoted, visible

BASE = "_BASE_"
MAX_DEPTH = 100
"""Bases of bases: far more than anybody has, and fewer than Python's stack can hold."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def read_chain(
    path: str,
    source: Source,
    *,
    aside: Callable[[Outline], Outline],
    optional: Collection[str] = (),
) -> Document:
    """Reads a config with all that it inherits; each key has the place where it was set last.

    Args:
        path: the config's file.
        source: what that holds.
        aside: chooses top-level keys whose values are left unread, whatever they hold.
        optional: keys among those that are read after all, where nothing is wrong with what they hold, and the file
            inherits from no other.

    Raises:
        ConfigError: with what is wrong in the first file in which anything is.
    """
    chain = _Chain(path)
    config = chain.file(_located(os.getcwd(), path), source, ())
    if config.location is None:
        return source.read(aside(source.outline), optional=optional)
    rest = aside(chain.outline)
    document = chain.document(config, rest)
    document.rest = rest
    if recognise(document.value, rest).name not in ("detectron2", "pgaudit"):
        message = f"`{BASE}` is detectron2's word, and the library of this config would not look for it"
        raise ConfigError(message, "write the whole config out", config.location)
    return document


@dataclass
class _File:
    source: Source
    location: Location | None = None
    """Where it names its bases; None where it has none."""
    bases: list[_File] = field(default_factory=list)
    height: int = 0
    """How many bases of bases it has."""


class _Chain:
    def __init__(self, path: str) -> None:
        self._path = path
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
        found = _File(source)
        if BASE in source.outline:
            said = source.read({key: None for key in source.outline if key != BASE})
            found.location = said.keys[(BASE,)]
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

    def document(self, file: _File, rest: Outline) -> Document:
        """Returns what a file says, put over what it inherits."""
        found = file.source.read(rest, self._size)
        if not isinstance(found.value, dict):
            message = f"a config is a mapping, not {described(found.value)}"
            raise ConfigError(message, location=found.values[()])
        if found.value.pop(BASE, None) is not None:
            for at in [at for at in found.values if at[:1] == (BASE,)]:
                del found.values[at]
            del found.keys[(BASE,)]
        inherited = [self.document(base, rest) for base in file.bases]
        result = inherited[0] if inherited else Document({})
        for over in (*inherited[1:], found):
            self._put(over, result)
        return result

    def _names(self, said: Document) -> Iterator[tuple[str, Location]]:
        """The bases, each with where it stands."""
        given = said.value[BASE]
        for index, name in enumerate(given) if isinstance(given, list) else [(None, given)]:
            at = said.keys[(BASE,)] if index is None else said.values[(BASE, index)]
            if not isinstance(name, str):
                message = f"a base is the path of a file, not {described(name)}"
                raise ConfigError(message, location=at)
            if _URL.match(name):
                message = f"the base {quoted(name)} is no file, and pgaudit fetches nothing"
                raise ConfigError(message, "keep a copy, and name that", at)
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
        return Source(data, name, is_base=True)

    def _put(self, over: Document, under: Document) -> None:
        """Puts one document over another, which becomes the result."""
        wrong = list(self._merged(over, under, (), over.value, under.value))
        if wrong:
            raise ConfigError(wrong)
        under.values[()] = over.values[()]
        known = [*under.ambiguous, *over.ambiguous]
        under.ambiguous = [each for each in known if under.values.get(each.path) == each.location]

    def _merged(
        self, over: Document, under: Document, at: Path, new: dict[str, Any], old: dict[str, Any]
    ) -> Iterator[Finding]:
        for key, value in new.items():
            here = (*at, key)
            if key not in old or not isinstance(value, dict):
                _forget(under, here, old.get(key))
                old[key] = value
                _adopt(over, under, here, value)
            elif isinstance(old[key], dict):
                under.keys[here], under.values[here] = over.keys[here], over.values[here]
                yield from self._merged(over, under, here, value, old[key])
            else:
                message = (
                    f"{visible('.'.join(map(str, here)))}: a mapping cannot take the place of a value, that of "
                    f"{visible(under.keys[here])}; detectron2 would raise AssertionError: Cannot inherit key"
                )
                yield Finding.error(message, over.keys[here])


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


def _paths(at: Path, value: Any) -> Iterator[Path]:
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _paths((*at, key), item)


def _forget(document: Document, at: Path, value: Any) -> None:
    for path in _paths(at, value):
        document.keys.pop(path, None)
        document.values.pop(path, None)


def _adopt(source: Document, document: Document, at: Path, value: Any) -> None:
    for path in _paths(at, value):
        document.values[path] = source.values[path]
        if path in source.keys:
            document.keys[path] = source.keys[path]
