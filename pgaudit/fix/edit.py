"""One word of a YAML text → another, and not one byte else."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from pgaudit.core.findings import Fix
from pgaudit.core.location import Location

_TEXT, _FLOAT, _INT = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "float", "int"))
_NUMBER = re.compile(r"[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][-+]?\d+)?", re.ASCII)
"""A decimal number; PyYAML reads `1e-4` as a text, and everybody else as a number."""
_QUOTES = ("'", '"')


@dataclass(frozen=True, slots=True)
class Edit:
    """A text in which one word was replaced."""

    data: bytes
    alone: bool
    """Whether the word stands for one place of the config; what an anchor names may stand for several."""


def edited(data: bytes, place: Location, fix: Fix) -> Edit | None:
    """Returns the text of a file with a fix in it; None where the word is not to be found at its place, or stands there
    more than once.

    What YAML reads in the text is the same but for that word: its events are compared, one by one.

    Args:
        data: the file's bytes.
        place: where the finding is that has the fix.
        fix: the words.
    """
    text = _Text.of(data)
    at = _word_at(text.events, place, fix.old)
    if at is None:
        return None
    before = text.written(at)[0]
    if fix.number and before in _QUOTES:
        return None  # a text to everybody
    spellings = (fix.new,) if fix.number else _written(before, fix.new)
    edits = (text.replaced(at, spelling, fix.new, _FLOAT if fix.number else _TEXT) for spelling in spellings)
    return next(filter(None, edits), None)


def renumbered(data: bytes, place: Location, old: float, new: str) -> Edit | None:
    """Returns the text of a file with another number in it; None where no such number stands at its place, all by
    itself: it is computed, or has an anchor.

    Args:
        data: the file's bytes.
        place: where the number begins.
        old: the number.
        new: the other one, as it is to be written; a float needs a dot.
    """
    text = _Text.of(data)
    for at, event in enumerate(text.events):
        if event.place == (place.line, place.column) and isinstance(event.event, yaml.ScalarEvent):
            word = event.event.value
            plain = _NUMBER.fullmatch(word) and event.is_word(word, _INT, _FLOAT, _TEXT)
            same = plain and text.written(at)[0] not in _QUOTES and float(word.replace("_", "")) == old
            return text.replaced(at, new, new, _INT, _FLOAT) if same else None
    return None


@dataclass(frozen=True)
class _Text:
    """A text of YAML, and what is read in it."""

    mark: bytes
    text: str
    events: Sequence[_Event]

    @classmethod
    def of(cls, data: bytes) -> _Text:
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        text = data[len(mark) :].decode()
        return cls(mark, text, _events(text))

    def written(self, at: int) -> str:
        """What stands in the text for an event."""
        start, end = self.events[at].span
        return self.text[start:end]

    def replaced(self, at: int, spelling: str, word: str, *tags: str) -> Edit | None:
        """The text with something else in the place of an event; None unless it is read as a word of some kinds, and
        all else as before.
        """
        start, end = self.events[at].span
        changed = self.text[:start] + spelling + self.text[end:]
        after = _events(changed)
        if len(after) == len(self.events) and all(
            two.is_word(word, *tags) if index == at else one.said == two.said
            for index, (one, two) in enumerate(zip(self.events, after, strict=True))
        ):
            return Edit(self.mark + changed.encode(), _stands_alone(self.events, at))
        return None


class _Event:
    """What YAML reads next in a text, and where."""

    def __init__(self, event: yaml.Event) -> None:
        assert event.start_mark is not None
        assert event.end_mark is not None
        self.event = event
        self.place = event.start_mark.line + 1, event.start_mark.column + 1
        self.span = event.start_mark.index, event.end_mark.index
        self.one_line = event.start_mark.line == event.end_mark.line
        self.begins = isinstance(event, yaml.CollectionStartEvent)
        self.ends = isinstance(event, yaml.CollectionEndEvent)
        self.is_node = isinstance(event, yaml.NodeEvent)
        self.anchor: str | None = getattr(event, "anchor", None)

    @property
    def said(self) -> tuple[object, ...]:
        """All that it says, but for where."""
        return type(self.event), *(getattr(self.event, name, None) for name in ("anchor", "tag", "implicit", "value"))

    def is_word(self, word: str, *tags: str) -> bool:
        """Whether it is a word of one line, without an anchor, which YAML reads as one of some kinds."""
        event = self.event
        if not isinstance(event, yaml.ScalarEvent) or event.anchor or event.tag or not self.one_line:
            return False
        tag = yaml.SafeLoader.resolve(_RESOLVER, yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        return event.value == word and event.style in (None, *_QUOTES) and tag in tags


_RESOLVER = yaml.SafeLoader("")


def _events(text: str) -> list[_Event]:
    """All that YAML reads in a text; nothing if it cannot be read."""
    try:
        return [*map(_Event, yaml.parse(text, Loader=yaml.SafeLoader))]
    except (yaml.YAMLError, ValueError, RecursionError):
        return []


def _word_at(events: Sequence[_Event], place: Location, word: str) -> int | None:
    """The index of a word that begins at a place; or else stands, once, under the key that begins there; or else
    anywhere in what begins there.
    """
    starts = [at for at, each in enumerate(events) if each.is_node and each.place == (place.line, place.column)]
    if not starts:
        return None
    for indices in (starts, _node(events, starts[-1] + 1), _node(events, starts[0])):
        found = [at for at in indices if events[at].is_word(word, _TEXT)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _node(events: Sequence[_Event], first: int) -> Iterator[int]:
    """The indices of a node's events; none where no node begins."""
    depth = 0
    for at in range(first, len(events)):
        depth += events[at].begins - events[at].ends
        if depth < 0 or not (events[at].is_node or events[at].ends):
            return
        yield at
        if depth == 0:
            return


def _written(before: str, new: str) -> Iterator[str]:
    """The ways to write a word as a text: that of the old word, which begins so, first."""
    for style in dict.fromkeys((before if before in _QUOTES else "", *_QUOTES)):
        if style == '"':
            yield json.dumps(new, ensure_ascii=False)
        else:
            yield style + (new.replace("'", "''") if style else new) + style


def _stands_alone(events: Sequence[_Event], at: int) -> bool:
    """Whether no alias stands for anything around a word."""
    aliases = {each.anchor for each in events if isinstance(each.event, yaml.AliasEvent)}
    around: list[str | None] = []
    for each in events[:at]:
        if each.begins:
            around.append(each.anchor)
        elif each.ends:
            around.pop()
    return aliases.isdisjoint(around)
