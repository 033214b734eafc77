"""YAML nodes → plain values, with the line and column of every key and value."""

from __future__ import annotations

import re
from collections.abc import Hashable, Set
from dataclasses import dataclass
from typing import Any

import yaml

from pgaudit.core.config import Ambiguous
from pgaudit.core.errors import ConfigError
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location, Path
from pgaudit.files.document import Document
from pgaudit.text import quoted

MAX_NODES = 100_000
"""Nodes after aliases and merges are expanded: what a walk over the values would meet."""

_MAX_BITS = 1000
"""Of a whole number: what a float can still hold."""

_AMBIGUOUS = re.compile(r"[-+]?(?:[0-9][0-9_]*)(?:\.[0-9_]*)?[eE][-+]?[0-9]+|[-+]?\.[0-9]+[eE][-+]?[0-9]+")
_OCTAL_OR_SEXAGESIMAL = re.compile(r"[-+]?0[0-7_]+|.*:.*")
_STEP = re.compile(r"0|[1-9][0-9_]*")
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = {
    _TAG + name for name in ("str", "int", "float", "bool", "null", "seq", "map", "merge", "value", "timestamp")
}


def is_word(key: yaml.Node) -> bool:
    """Whether a key is a text."""
    return isinstance(key, yaml.ScalarNode) and key.tag == _TAG + "str"


def _has_steps(at: Path) -> bool:
    """Whether the keys of a mapping are numbers of steps: those of ``params: {GLOB: {at: {0: ...}}}``."""
    return at[-1:] == ("at",) and at[-3:-2] == ("params",)


@dataclass
class Size:
    """How many values a config has so far, in all of its files."""

    nodes: int = 0


class Builder:
    """Turns nodes into values; collects errors instead of stopping at the first."""

    def __init__(self, path: str, size: Size, *, inherited: bool, is_json: bool = False) -> None:
        self._path = path
        self._inherited = inherited
        self._is_json = is_json
        self._size = size
        self.document = Document()
        self.errors: list[tuple[Path, Finding]] = []
        """What is wrong, and with what."""
        self._open: set[int] = set()
        self._resolver = yaml.SafeLoader("")

    def build(self, node: yaml.Node, at: Path) -> Any:
        """Returns a node's value, and notes the places of all in it, which stands at ``at``."""
        self._count(node)
        self.document.values[at] = self.place(node)
        if id(node) in self._open:
            self._refuse(at, node, "this alias contains itself")
            return None
        if node.tag not in _PLAIN_TAGS:
            hint = "write a plain list" if node.tag.endswith("python/tuple") else "remove the tag"
            self._refuse(at, node, f"the tag {quoted(node.tag.replace(_TAG, '!!'))} is not allowed in a config", hint)
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, at)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.build(item, (*at, index)) for index, item in enumerate(node.value)]
            assert isinstance(node, yaml.MappingNode)
            return self._mapping(node, at)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, at: Path) -> dict[Hashable, Any]:
        result: dict[Hashable, Any] = {}
        seen: dict[Hashable, Location] = {}
        merges: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == _TAG + "merge":
                if merges:
                    self._refuse(at, key_node, "`<<` stands twice here", "merge a list: <<: [*a, *b]")
                merges.append(value_node)
                continue
            key = self._key(key_node, at)
            if key is None:
                continue
            here = self.place(key_node)
            if key in seen:
                message = f"the key {quoted(key)} stands twice here, first in line {seen[key].line}"
                self._refuse((*at, key), key_node, message)
                continue
            seen[key] = here
            self.document.keys[(*at, key)] = here
            result[key] = self.build(value_node, (*at, key))
        for merge in merges:
            self._merge(merge, at, result)
        return result

    def _merge(self, node: yaml.Node, at: Path, result: dict[Hashable, Any]) -> None:
        """``<<``: keys of the merged mapping fill in what the mapping itself does not say; earlier merges win."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                self._refuse(at, source, "`<<` merges mappings only")
                continue
            outer, self.document = self.document, Document()
            try:
                merged = self.build(source, at)
            finally:
                inner, self.document = self.document, outer
            if isinstance(merged, dict):
                self._adopt(inner, len(at), merged.keys() - result.keys())
                result.update({key: value for key, value in merged.items() if key not in result})

    def _adopt(self, inner: Document, depth: int, fresh: Set[Hashable]) -> None:
        """Takes over the locations of those merged keys that the mapping itself does not have."""
        document = self.document
        for paths, more in ((document.keys, inner.keys), (document.values, inner.values)):
            paths.update({p: where for p, where in more.items() if len(p) > depth and p[depth] in fresh})
        document.ambiguous += [item for item in inner.ambiguous if item.path[depth] in fresh]

    def _key(self, node: yaml.Node, at: Path) -> str | None:
        self._count(node)
        if not isinstance(node, yaml.ScalarNode):
            self._refuse((*at, ""), node, "a key must be a word, not a list or mapping")
            return None
        if node.tag in (_TAG + "str", _TAG + "value"):
            return str(node.value)
        kind = node.tag.replace(_TAG, "")
        if _has_steps(at) and kind == "int" and _STEP.fullmatch(node.value):
            return str(node.value).replace("_", "")
        text = node.value if node.value else "~"
        self._refuse(
            (*at, text),
            node,
            f"the key {text} is read as {_A[kind]} by YAML" if kind in _A else f"the key {quoted(text)} has a tag",
            "a number of steps is whole, from 0 up" if _has_steps(at) else f'quote it: "{text}"',
        )
        return None

    def _scalar(self, node: yaml.ScalarNode, at: Path) -> Any:
        kind, text = node.tag.replace(_TAG, ""), node.value
        if kind == "str":
            if node.style is None and _AMBIGUOUS.fullmatch(text):
                if not self._is_json:
                    self.document.ambiguous.append(Ambiguous(at, self.place(node), text))
                return float(text.replace("_", ""))
            return text
        if kind in ("timestamp", "value"):
            return text
        if kind in ("int", "float") and _OCTAL_OR_SEXAGESIMAL.fullmatch(text):
            message = f"{text} is an octal or base-60 number to YAML 1.1"
            self._refuse(at, node, message, "write it as a decimal, or quote it")
            return None
        try:
            value = getattr(self._resolver, f"construct_yaml_{kind}")(node)
            if isinstance(value, int) and value.bit_length() > _MAX_BITS:
                self._refuse(at, node, "this number is too large")
                return None
            return value
        except (ValueError, LookupError):
            self._refuse(at, node, f"{quoted(text)} is not {_A.get(kind, kind)}")
            return None

    def _count(self, node: yaml.Node) -> None:
        self._size.nodes += 1
        if self._size.nodes > MAX_NODES:
            message = f"the file expands to more than {MAX_NODES:,} values"
            raise ConfigError(message, "fewer aliases and merges", self.place(node))

    def _refuse(self, at: Path, node: yaml.Node, message: str, hint: str | None = None) -> None:
        self.errors.append((at, Finding.error(message, self.place(node), hint)))

    def place(self, node: yaml.Node) -> Location:
        """Returns where a node begins."""
        mark = node.start_mark
        return Location(self._path, mark.line + 1, mark.column + 1, self._inherited)


_A = {"int": "a number", "float": "a number", "bool": "true or false", "null": "nothing", "timestamp": "a date"}
