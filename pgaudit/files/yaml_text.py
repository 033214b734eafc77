"""YAML text → plain values, with the line and column of every key and value. Strict where PyYAML is silent.

Composed with PyYAML's own safe scanner, so that a file means here what it means to the training script, except that:
duplicate keys, unknown tags, cycles, alias bombs and several documents are errors; ``1e-4`` is the number a person
means, and is remembered, because PyYAML reads a string there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

import yaml

from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location
from pgaudit.files.document import Document
from pgaudit.files.yaml_errors import syntax_error, undecodable, unreadable
from pgaudit.files.yaml_values import Builder, Size, is_word
from pgaudit.text import one_line

MAX_BYTES = 1 << 20


Outline = Mapping[str, Any]
"""Keys with the outlines of the mappings below them, as deep as anybody asks; None for all other values."""

_DEPTH = 3


def read_yaml(
    data: bytes, path: str, *, aside: Callable[[Outline], Outline] | None = None, least: str | None = None
) -> Document:
    """Reads one strict YAML document.

    Args:
        data: the file's bytes.
        path: its name, for messages.
        aside: chooses top-level keys whose values are left unread, whatever they hold.
        least: the hint to give for an empty file.

    Raises:
        ConfigError: with everything found; syntax errors end the reading, so there is only one of those.
    """
    source = Source(data, path, least=least)
    return source.read(aside(source.outline) if aside else None)


class Source:
    """One file, parsed; its values are read later."""

    def __init__(
        self,
        data: bytes,
        path: str,
        *,
        is_base: bool = False,
        is_json: bool = False,
        may_be_empty: bool = False,
        least: str | None = None,
    ) -> None:
        """Parses the file.

        Args:
            data: the file's bytes.
            path: its name, for messages.
            is_base: whether it is not the config itself but one that it inherits from.
            is_json: whether it is JSON, in which ``1e-4`` is a number to everybody.
            may_be_empty: whether nothing is as good as a mapping without keys.
            least: the hint to give for an empty file.

        Raises:
            ConfigError: it is no YAML.
        """
        if len(data) > MAX_BYTES:
            message = f"the file is larger than the {MAX_BYTES:,} bytes that a config may have"
            raise ConfigError(message, location=Location(path))
        self.path = path
        self._inherited, self._is_json = is_base, is_json
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise undecodable(data, error, path) from None
        if is_json:
            text = text.replace("\t", " ")  # which stand between words alone there, and nowhere in YAML
        try:
            root = _single_node(text, path) or (_single_node("{}", path) if may_be_empty else None)
        except yaml.MarkedYAMLError as error:
            raise syntax_error(error, path) from None
        except yaml.reader.ReaderError as error:
            raise unreadable(text, error, path) from None
        except RecursionError:
            raise ConfigError("the YAML is nested too deeply", location=Location(path)) from None
        if root is None:
            raise ConfigError("the file is empty", least, Location(path))
        self._root = root

    @property
    def outline(self) -> Outline:
        """The top-level keys, with those below; none where the file is not a mapping."""
        return _outline(self._root) if isinstance(self._root, yaml.MappingNode) else {}

    def read(
        self, rest: Outline | None = None, size: Size | None = None, *, optional: Collection[str] = ()
    ) -> Document:
        """Returns what it says but for the rest: top-level keys that are left aside.

        Args:
            rest: the keys.
            size: how much other files have said before.
            optional: those among them that are read after all, where nothing is wrong with what they hold.

        Raises:
            ConfigError: with everything found.
        """
        builder = self._builder(size)
        try:
            builder.document.value = builder.build(_without(self._root, rest or {}), ())
        except RecursionError:
            raise ConfigError("the YAML is nested too deeply", location=Location(self.path)) from None
        if builder.errors:
            raise ConfigError([finding for _, finding in builder.errors])
        builder.document.rest = rest or {}
        for key, _ in self._root.value if rest else ():
            if is_word(key) and key.value in builder.document.rest:
                builder.document.keys[(key.value,)] = builder.place(key)
        for word in optional:
            if rest and word in rest:
                self._add(word, builder.document)
        return builder.document

    def read_whole(self, size: Size | None = None) -> Document:
        """Returns all that it says, with what is wrong with it beside that: the file may say it to somebody else.

        Args:
            size: how much other files have said before.

        Raises:
            ConfigError: it is too large, or nested too deeply.
        """
        builder = self._builder(size)
        try:
            builder.document.value = builder.build(self._root, ())
        except RecursionError:
            raise ConfigError("the YAML is nested too deeply", location=Location(self.path)) from None
        builder.document.wrong = builder.errors
        return builder.document

    def _builder(self, size: Size | None = None) -> Builder:
        return Builder(self.path, size or Size(), inherited=self._inherited, is_json=self._is_json)

    def _add(self, key: str, document: Document) -> None:
        """Adds what a top-level key holds to a document without it, if nothing is wrong with that."""
        nodes = [value for name, value in self._root.value if is_word(name) and name.value == key]
        builder = self._builder()
        with contextlib.suppress(RecursionError):
            value = builder.build(nodes[0], (key,))
            if len(nodes) == 1 and not builder.errors:
                document.value[key] = value
                document.keys.update(builder.document.keys)
                document.values.update(builder.document.values)


def _single_node(text: str, path: str) -> yaml.Node | None:
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
    except (ValueError, OverflowError) as error:  # PyYAML lets chr() of a bad escape through
        raise ConfigError(f"not YAML: {one_line(error)}", location=Location(path)) from None
    finally:
        loader.dispose()
    return root


def _without(root: yaml.Node, rest: Outline) -> yaml.Node:
    if not rest or not isinstance(root, yaml.MappingNode):
        return root
    pairs = [(key, value) for key, value in root.value if not (is_word(key) and key.value in rest)]
    return yaml.MappingNode(root.tag, pairs, root.start_mark, root.end_mark)


def _outline(node: yaml.MappingNode, depth: int = _DEPTH) -> Outline:
    return {
        key.value: _outline(value, depth - 1) if depth > 1 and isinstance(value, yaml.MappingNode) else None
        for key, value in node.value
        if is_word(key)
    }
