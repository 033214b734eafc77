"""Globs on whole dotted names, with the braces in which folded tables are written: ``blocks.{0..11}.*``."""

from __future__ import annotations

import re
from collections.abc import Sequence

_BRACES = re.compile(r"\{([^{}]*)\}")
_SPAN = re.compile(r"(\d+)\.\.(\d+)")
_MOST = 10_000
"""Numbers that one pair of braces may stand for."""


class GlobError(ValueError):
    """A text is no glob; the message says why."""


def compiled(glob: str) -> re.Pattern[str]:
    """Returns the expression that a name must match from end to end.

    ``*`` is any text, dots included; ``?`` is any character; ``[abc]`` is one of these, and ``[!abc]`` one of the
    others; ``{a,b}`` is one of these texts, and ``{0..11}`` one of these numbers. Upper and lower case differ.

    Raises:
        GlobError: braces that do not close, hold others, or count down.
    """
    return re.compile("".join(_pieces(glob)), re.DOTALL)


def joined(globs: Sequence[re.Pattern[str]]) -> re.Pattern[str]:
    """Returns the expression that matches what one of several compiled globs matches."""
    return re.compile("|".join(glob.pattern for glob in globs), re.DOTALL)


def _pieces(glob: str) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(glob):
        char = glob[at]
        if char == "*":
            if not found or found[-1] != ".*":
                found.append(".*")
        elif char == "?":
            found.append(".")
        elif char == "[" and (end := _class_end(glob, at)) > 0:
            found.append(_class(glob[at + 1 : end]))
            at = end
        elif char == "{":
            braces = _BRACES.match(glob, at)
            if braces is None:
                raise GlobError("a brace does not close, or holds another; [{] is the character")
            found.append(f"(?:{'|'.join(_alternatives(braces[1]))})")
            at = braces.end() - 1
        elif char == "}":
            raise GlobError("a brace closes that was not open; [}] is the character")
        else:
            found.append(re.escape(char))
        at += 1
    return found


def _class_end(glob: str, at: int) -> int:
    """Where a class of characters ends; a bracket that comes first in it, or after a ``!``, does not end it."""
    return glob.find("]", at + (3 if glob[at + 1 : at + 2] == "!" else 2))


def _class(inside: str) -> str:
    negated = inside.startswith("!")
    members = inside[negated:]
    # A dash between two characters is a span; one that counts down holds nothing.
    parts = re.findall(r"(.)-(.)|(.)", members, re.DOTALL)
    spelled = "".join(
        f"{re.escape(first)}-{re.escape(last)}" if first and first <= last else "" if first else re.escape(single)
        for first, last, single in parts
    )
    if not spelled:
        return "." if negated else r"(?!)"
    return f"[{'^' if negated else ''}{spelled}]"


def _alternatives(inside: str) -> list[str]:
    found: list[str] = []
    for part in inside.split(","):
        span = _SPAN.fullmatch(part)
        if span is None:
            found.append(re.escape(part))
            continue
        first, last = int(span[1]), int(span[2])
        if not first <= last < first + _MOST:
            raise GlobError(f"{{{part}}} counts down, or too far")
        found += [str(number) for number in range(first, last + 1)]
    return found
