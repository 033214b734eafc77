"""What of a name a full match is about: ``norm`` in ``.*norm.*``, not the names around it."""

from __future__ import annotations

from collections.abc import Callable

from pgaudit.constructors.evaluation import Spans
from pgaudit.constructors.regex.patterns import compiled
from pgaudit.expressions import Expression

_ANY = (".*?", ".*")


def spans_of(fits: Expression) -> Callable[[str], Spans]:
    """Returns a function that tells, of a name that the pattern fits, the parts that its fixed middle stands in."""
    middle = _middle(fits.text)

    def spans(name: str) -> Spans:
        if middle is None:
            return ((0, len(name)),) if name else ()
        # An empty match is a match, but of nothing in particular.
        return tuple((start, end) for start, end in middle.spans(name) if start < end)

    return spans


def _middle(pattern: str) -> Expression | None:
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
