"""One word of a YAML text → another, and not one byte else."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from pgaudit.core.findings import Fix
from pgaudit.core.location import Location

_TEXT, _FLOAT = "tag:yaml.org,2002:str", "tag:yaml.org,2002:float"
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
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    text = data[len(mark) :].decode()
    events = _events(text)
    at = _word_at(events, place, fix.old)
    if at is None:
        return None
    start, end = events[at].span
    if fix.number and text[start] in _QUOTES:
        return None  # a text to everybody
    for written in (fix.new,) if fix.number else _written(text[start], fix.new):
        changed = text[:start] + written + text[end:]
        after = _events(changed)
        if len(after) == len(events) and all(
            two.is_word(fix.new, _FLOAT if fix.number else _TEXT) if index == at else one.said == two.said
            for index, (one, two) in enumerate(zip(events, after, strict=True))
        ):
            return Edit(mark + changed.encode(), _stands_alone(events, at))
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
