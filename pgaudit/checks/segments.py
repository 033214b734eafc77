"""Where a match cuts into a segment of a name: ``head`` in ``decode_head``, ``layer1`` in ``layer10``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pgaudit.constructors.patterns import Spans
from pgaudit.inventory import Visit
from pgaudit.inventory.families import NORMS

NUMBERED = re.compile(r"s?_?\d*")
"""What makes a family of a word: ``layer1``, ``stages``, ``block_2``."""

_ABBREVIATIONS = {"bn": "batchnorm", "ln": "layernorm", "gn": "groupnorm"}


@dataclass(frozen=True, slots=True)
class Cut:
    """A segment that a match does not fill."""

    segment: str
    before: str
    """What of the segment stands before the match."""
    after: str
    parent: str
    """The name up to the segment."""
    leaf: bool
    """Whether the segment is the parameter's own name."""

    @property
    def within(self) -> bool:
        """Whether the match neither begins nor ends the segment."""
        return bool(self.before and self.after)


def cut(text: str, spans: Spans) -> Cut | None:
    """Returns where a name's matches cut into a segment; None if one of them, at least, fills whole segments."""
    cuts = [_cut(text, start, end) for start, end in spans if end > start]
    return cuts[0] if cuts and all(cuts) else None


def _cut(text: str, start: int, end: int) -> Cut | None:
    begins = start == 0 or text[start] == "." or text[start - 1] == "."
    ends = end == len(text) or text[end] == "." or text[end - 1] == "."
    if begins and ends:
        return None
    inside = start if not begins else end - 1  # a place in the segment that is cut
    left = text.rfind(".", 0, inside + 1) + 1
    right = text.find(".", inside)
    right = len(text) if right < 0 else right
    return Cut(text[left:right], text[left:start], text[end:right], text[:left], right == len(text))


def names_its_kind(word: str, cut: Cut, visit: Visit) -> bool:
    """Whether a word means all modules of a kind, as ``norm`` means ``norm1`` and ``conv`` means ``conv2``: their
    class is called so.
    """
    plain = re.sub(r"[\W\d_]", "", word).lower()
    if cut.leaf or not plain:
        return False
    kind = re.sub(r"[\W\d_]", "", visit.module.short).lower()
    is_norm = not NORMS.isdisjoint(visit.module.families) or "norm_like" in visit.module.families
    return plain in kind or _ABBREVIATIONS.get(plain, "\0") in kind or (plain in ("norm", *_ABBREVIATIONS) and is_norm)


def at_a_word(cut: Cut) -> bool:
    """Whether a match in a parameter's own name begins or ends it, as a word of its own: ``bias`` in ``q_bias``."""
    begins = not cut.before and cut.after.startswith("_")
    ends = not cut.after and cut.before.endswith("_")
    return cut.leaf and (begins or ends)
