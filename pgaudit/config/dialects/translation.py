"""A training config of another tool → a document in pgaudit's own layout, of which each key has the place of the word
that it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pgaudit.config.dialects.words import Words
from pgaudit.core.config import Ambiguous
from pgaudit.core.findings import Finding
from pgaudit.core.location import Location, Path
from pgaudit.core.schedule import Schedule
from pgaudit.files.document import Document

_CARRIED = ("constructor", "paramwise_cfg", "expect", "findings", "model_args")
"""pgaudit's own keys that somebody may have added to a training config."""


@dataclass(frozen=True)
class Translation:
    """What a training config says, in pgaudit's own layout."""

    document: Document
    whose: str
    """Whose words it was written in, as in "read as hydra's"."""
    schedule: Schedule | None = None
    remark: str | None = None
    """What its reader should know, as the rest of the sentence about that."""

    @property
    def note(self) -> str:
        """What the user is told of it."""
        return f"the config is read as {self.whose}" + (f": {self.remark}" if self.remark else "")


class Translator:
    """Takes words over one by one."""

    def __init__(self, words: Words, *, of_model: bool = True) -> None:
        """Begins with the keys that are pgaudit's own already.

        Args:
            words: what the config says.
            of_model: whether `model` is one of them.
        """
        self._words = words
        self._value: dict[str, Any] = {}
        self._keys: dict[Path, Location] = {}
        self._values: dict[Path, Location] = {}
        self._origins: dict[Path, Path] = {}
        self._ambiguous: list[Ambiguous] = []
        for key in _CARRIED:
            if words.has(key):
                self.say((key,), words.get(key), (key,), literal=True)
        if of_model and words.holds(str, "model"):
            self.say(("model",), words.get("model"), ("model",))

    def say(self, at: tuple[str, ...], value: Any, of: Path, *, literal: bool = False) -> None:
        """Says something, where nobody has said it yet.

        Args:
            at: where it stands in pgaudit's own layout; of an empty mapping, whatever is in it is said later.
            value: what it is.
            of: the word that it comes from.
            literal: whether that is read by PyYAML itself, to which ``1e-4`` is a text.
        """
        holder = self._value
        for step in at[:-1]:
            holder = holder.setdefault(step, {})
        if at[-1] in holder:
            return
        holder[at[-1]] = value
        self._origins[at] = of
        document = self._words.document
        for places, found in ((document.keys, self._keys), (document.values, self._values)):
            if of in places:
                found[at] = places[of]
            inside = [path for path in places if len(path) > len(of) and path[: len(of)] == of] if value else ()
            found.update({(*at, *path[len(of) :]): places[path] for path in inside})
        nearest = self._words.where(of)
        if at not in self._keys and nearest is not None:
            self._keys[at] = nearest
        if literal:
            self._ambiguous += [
                Ambiguous((*at, *each.path[len(of) :]), each.location, each.text)
                for each in document.ambiguous
                if each.path[: len(of)] == of
            ]

    def has_said(self, at: Path) -> bool:
        """Returns whether something has been said of it."""
        return at in self._origins

    def done(self, whose: str, schedule: Schedule | None = None, remark: str | None = None) -> Translation:
        """Returns the whole: the file's own places stay known, under its own words."""
        source = self._words.document
        document = Document(
            value=self._value,
            keys={**source.keys, **self._keys},
            values={**source.values, **self._values},
            ambiguous=self._ambiguous,
            origins=self._origins,
        )
        return Translation(document, whose, schedule, remark)


def unreadable(at: Path, library: str, problems: Iterable[Finding]) -> Schedule:
    """Returns a schedule that stands there, and cannot be followed for what is wrong with it."""
    return Schedule(library, {}, at=at, of_training=True, refused=next(iter(problems)))
