"""Where a match cuts into a segment of a name: ``head`` in ``decode_head``, ``layer1`` in ``layer10``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pgaudit.constructors.evaluation import Spans
from pgaudit.core.parameters import ModuleType
from pgaudit.models.walk.families import NORM_LIKE, NORMS

_NUMBERED = re.compile(r"s?_?\d*")
"""What makes a family of a word: ``layer1``, ``stages``, ``block_2``."""

_ABBREVIATIONS = frozenset({"bn", "ln", "gn"})
_KINDS = frozenset({"conv", "linear", "embedding", "attention", "lstm", "gru"})
"""Words that mean all modules of a kind, beside those for norms. `layer` and `block` mean a place, whatever stands
there.
"""


@dataclass(frozen=True)
class Cut:
    """A segment that a match does not fill."""

    segment: str
    before: str
    """What of the segment stands before the match."""
    after: str
    parent: str
    """The name up to the segment."""
    region: str
    """All segments that the match touches: ``blocks.10`` for ``blocks.1``."""
    leaf: bool
    """Whether the segment is the parameter's own name."""

    @property
    def path(self) -> str:
        """The name down to the segment, without a leading dot."""
        return f"{self.parent}{self.segment}".lstrip(".")

    @property
    def within(self) -> bool:
        """Whether the match neither begins nor ends the segment."""
        return bool(self.before and self.after)

    @property
    def numbered(self) -> bool:
        """Whether a number, or a plural, is all that the match leaves of the segment."""
        return not self.before and _NUMBERED.fullmatch(self.after) is not None

    @property
    def at_word(self) -> bool:
        """Whether the match is a word of the segment: ``stem`` in ``conv_stem``, ``bias`` in ``q_bias``."""
        return (not self.before or self.before.endswith("_")) and (not self.after or self.after.startswith("_"))


def cut(text: str, spans: Spans) -> Cut | None:
    """Returns where a name's matches cut into a segment; None if one of them, at least, fills whole segments."""
    cuts = [_cut(text, start, end) for start, end in spans if end > start]
    return cuts[0] if cuts and all(cuts) else None


def _cut(text: str, start: int, end: int) -> Cut | None:
    begins = start == 0 or text[start] == "." or text[start - 1] == "."
    ends = end == len(text) or text[end] == "." or text[end - 1] == "."
    if begins and ends:
        return None
    left, right = _segment(text, start if not begins else end - 1)
    first = _segment(text, start + (text[start] == "."))[0]
    last = _segment(text, end - 1 - (text[end - 1] == "."))[1]
    return Cut(text[left:right], text[left:start], text[end:right], text[:left], text[first:last], right == len(text))


def _segment(text: str, inside: int) -> tuple[int, int]:
    """From where to where the segment goes that has this place in it."""
    right = text.find(".", inside)
    return text.rfind(".", 0, inside + 1) + 1, len(text) if right < 0 else right


def names_its_kind(word: str, cut: Cut, owners: Iterable[ModuleType]) -> bool:
    """Whether a word means all modules of a kind, as ``norm`` means ``norm1`` and ``conv`` means ``conv_stem``.

    Args:
        word: the key or pattern.
        cut: where it hits.
        owners: the classes in the module that the segment names.
    """
    if cut.leaf or (word[-1:].isdigit() and cut.after[:1].isdigit()):
        return False  # `conv1` is not the kind of `conv10`
    plain = re.sub(r"[\W\d_]", "", word.strip(".").rpartition(".")[2]).lower()
    is_norm = plain in _ABBREVIATIONS or plain.endswith("norm")
    if not is_norm and plain not in _KINDS:
        return False
    return cut.numbered or any(_is_kind(plain, owner, norm=is_norm) for owner in owners)


def _is_kind(word: str, owner: ModuleType, *, norm: bool) -> bool:
    if norm and (NORM_LIKE in owner.families or not NORMS.isdisjoint(owner.families)):
        return True
    return any(owner.short[found.start()].isupper() for found in re.finditer(word, owner.short.lower()))


def means_itself(cut: Cut) -> bool:
    """Whether a match in a parameter's own name is a word at its end or beginning, or begins the only one: ``bias``
    in ``q_bias``, ``pos_embed`` in ``pos_embedding``.
    """
    if not cut.leaf or cut.within:
        return False
    return cut.at_word or (not cut.before and cut.after.isalpha())
