"""Two texts side by side: which lines of the one stand for which of the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

from pgaudit.render.snippets import shown_line

_LONG = 200
"""Lines of a pair of files from which on only what is near a change is shown."""
_NEAR = 4


class Pair(NamedTuple):
    """A line of each text; one without any number stands for lines that are left out."""

    before: int | None
    old: str
    after: int | None
    new: str
    changed: bool = False

    @property
    def is_gap(self) -> bool:
        """Whether it stands for lines that are left out, and are the same on both sides."""
        return self.before is None and self.after is None


def pairs(one: Sequence[str], other: Sequence[str]) -> list[Pair]:
    """Returns the lines of two texts beside each other; of long ones, what is near a change."""
    found = [*_pairs(one, other)]
    if len(found) <= _LONG:
        return found
    near = {place + by for place, each in enumerate(found) if each.changed for by in range(-_NEAR, _NEAR + 1)}
    shown: list[Pair] = []
    for place, each in enumerate(found):
        if place in near:
            shown.append(each)
        elif not shown or not shown[-1].is_gap:
            shown.append(Pair(None, "", None, ""))
    return shown


def _pairs(one: Sequence[str], other: Sequence[str]) -> Iterator[Pair]:
    for what, begin, end, start, stop in SequenceMatcher(None, one, other).get_opcodes():
        for before, after in zip_longest(range(begin, end), range(start, stop)):
            yield Pair(
                None if before is None else before + 1,
                "" if before is None else shown_line(one[before]),
                None if after is None else after + 1,
                "" if after is None else shown_line(other[after]),
                what != "equal",
            )
