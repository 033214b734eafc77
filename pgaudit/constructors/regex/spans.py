"""What of a name a full match is about: ``norm`` in ``.*norm.*``, not the names around it."""

from __future__ import annotations

import re
from collections.abc import Callable

from pgaudit.config.grammars.regex import compiled
from pgaudit.constructors.patterns import Spans

_ANY = (".*?", ".*")


def spans_of(fits: re.Pattern[str]) -> Callable[[str], Spans]:
    """Returns a function that tells, of a name that the pattern fits, the parts that its fixed middle stands in."""
    middle = _middle(fits.pattern)

    def spans(name: str) -> Spans:
        if middle is None:
            return ((0, len(name)),) if name else ()
        found = [match.span() for match in middle.finditer(name)]
        # An empty match is a match, but of nothing in particular.
        return tuple((start, end) for start, end in found if start < end)

    return spans


def _middle(pattern: str) -> re.Pattern[str] | None:
    """The pattern without an open beginning and end; None where it has neither, or where alternatives are, of which
    each has its own.
    """
    middle = pattern
    begins = next((any_ for any_ in _ANY if middle.startswith(any_)), "")
    middle = middle[len(begins) :]
    ends = next((any_ for any_ in _ANY if middle.endswith(any_) and not _escaped(middle, len(any_))), "")
    middle = middle[: len(middle) - len(ends)]
    if not (begins or ends) or "|" in middle:
        return None
    found = compiled(f"{'' if begins else '^'}(?:{middle}){'' if ends else '$'}")
    return None if isinstance(found, str) else found


def _escaped(pattern: str, last: int) -> bool:
    """Whether an odd number of backslashes stands before the last characters."""
    before = pattern[: len(pattern) - last]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1
