"""Alternatives that reach less far than they look: in ``(?=.*norm|bn)``, ``.*`` belongs to ``norm`` alone; in
``^backbone|encoder$``, ``^`` belongs to ``backbone``, and ``$`` to ``encoder``.

Python's own parser does not say where in the text a group stands, and so this finds groups by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(
    r"""
    \\. | \[\^?\]?(?:\\.|[^\]\\])*\]        # an escape, and a class: no bar or bracket in it counts
    | \(\?\#[^)]*\)                         # a comment
    | (?P<open> \( (?: \?(?:<?[=!]|[^:()]*:|P<\w+>|>) )? )
    | (?P<close> \) ) | (?P<bar> \| )
    """,
    re.VERBOSE | re.DOTALL,
)
_VERBOSE = re.compile(r"\(\?[a-zA-Z]*x")
"""A flag under which spaces and comments do not count."""
_ANY = re.compile(r"\.[*+]\??")
_LOOKAHEADS = ("(?=", "(?!")


@dataclass(frozen=True)
class Regrouped:
    """A pattern with its alternatives in a group of their own."""

    text: str
    freed: tuple[str, ...]
    """The alternatives that did not get what was meant for all."""


@dataclass
class _Group:
    opening: str
    start: int
    """Where its body begins."""
    end: int
    bars: list[int]

    def alternatives(self, text: str) -> list[tuple[int, str]]:
        """Each alternative, and where it begins."""
        edges = [self.start - 1, *self.bars, self.end]
        return [(start + 1, text[start + 1 : end]) for start, end in pairwise(edges)]


def regrouped(text: str) -> Regrouped | None:
    """Returns a pattern with the alternatives of its lookaheads behind the ``.*`` that begins the first of them; None
    where there are none, or each begins with one of its own.
    """
    edits: list[tuple[int, int, str]] = []
    freed: list[str] = []
    for group in _groups(text):
        (_, first), *others = group.alternatives(text)
        far = _ANY.match(first)
        short = [said for _, said in others if not _ANY.match(said)]
        if group.opening in _LOOKAHEADS and far and short:
            freed += short
            own = ((start, found.end()) for start, said in others if (found := _ANY.match(said)))
            edits += [(group.start + far.end(), 0, "(?:"), (group.end, 0, ")")]
            edits += [(start, length, "") for start, length in own]
    return Regrouped(_edited(text, edits), tuple(freed)) if freed else None


def between_anchors(text: str) -> tuple[Regrouped, Sequence[str]] | None:
    """Returns a pattern that begins with ``^`` and ends in ``$`` with all its alternatives between the two, and what
    each of them would then be by itself; None where there are none, or one has an anchor of its own.
    """
    whole = next((group for group in _groups(text) if not group.opening), None)
    if whole is None or not whole.bars:
        return None
    parts = [said for _, said in whole.alternatives(text)]
    if not parts[0].startswith("^") or not _ends(parts[-1]):
        return None
    parts[0], parts[-1] = parts[0][1:], parts[-1][:-1]
    if any(part.startswith("^") or _ends(part) for part in parts):
        return None
    return Regrouped(f"^(?:{'|'.join(parts)})$", tuple(parts)), [f"^(?:{part})$" for part in parts]


def _ends(alternative: str) -> bool:
    """Whether it ends in ``$`` that is no letter."""
    before = alternative.removesuffix("$")
    return before != alternative and (len(before) - len(before.rstrip("\\"))) % 2 == 0


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    for at, length, written in sorted(edits, reverse=True):
        text = text[:at] + written + text[at + length :]
    return text


def _groups(text: str) -> Iterator[_Group]:
    """All groups of a pattern, and the pattern itself as one without an opening; none where spaces do not count."""
    if _VERBOSE.search(text):
        return
    around = [_Group("", 0, len(text), [])]
    for found in _TOKEN.finditer(text):
        if found["open"]:
            around.append(_Group(found["open"], found.end(), found.end(), []))
        elif found["bar"]:
            around[-1].bars.append(found.start())
        elif found["close"]:
            around[-1].end = found.start()
            yield around.pop()
    yield around.pop()
