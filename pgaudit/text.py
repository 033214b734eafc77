"""The one boundary that makes untrusted text safe to print, and small words about text.

Parameter names, config keys and error messages of other libraries come from outside. They may hold escape sequences,
newlines, bidirectional overrides or zero-width characters, which a terminal, a CI log or an XML parser would obey.
Everything of that kind passes through :func:`visible` before it reaches a screen or a file.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def visible(text: object) -> str:
    """Returns ``text`` with every character that is not printable written as its escape, such as ``\\x1b`` or
    ``\\u202e``.
    """
    raw = text if isinstance(text, str) else str(text)
    if raw.isprintable():
        return raw
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in raw)


def quoted(text: object) -> str:
    """Returns ``text`` made visible, between double quotes."""
    return f'"{visible(text)}"'


def nearest(word: str, known: Iterable[str], *, most: int = 1, cutoff: float = 0.6) -> list[str]:
    """Returns the known words that ``word`` was probably meant to be, best first, at most ``most`` of them."""
    candidates = list(known)
    folded = {candidate.lower(): candidate for candidate in candidates}
    found = difflib.get_close_matches(word.lower(), folded, n=most, cutoff=cutoff)
    return [folded[match] for match in found]


def did_you_mean(word: str, known: Iterable[str], *, most: int = 1, cutoff: float = 0.6) -> str | None:
    """Returns ``did you mean "x"?`` for a probable typo, or None when nothing comes near."""
    near = nearest(word, known, most=most, cutoff=cutoff)
    return f"did you mean {' or '.join(quoted(candidate) for candidate in near)}?" if near else None


def is_slip(word: str, meant: str) -> bool:
    """Returns whether a word is another one in which two letters have changed places, or one is missing; in a long word
    also wrong or too much.

    Short words have neighbours, and a single word that differs at its end is another form of the word.
    """
    start = _common(word, meant)
    end = _common(word[start:][::-1], meant[start:][::-1])
    given, wanted = word[start : len(word) - end], meant[start : len(meant) - end]
    long = len(meant) > 8
    if (len(given) == 2 and given == wanted[::-1]) or (long and word.lower() == meant):
        return True
    if not end and "_" not in meant:
        return False
    return len(wanted) <= 1 and len(given) <= (1 if long else 0)


def _common(one: str, other: str) -> int:
    """The length of what two words have in common at their start."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def one_line(text: object, *, limit: int = 400) -> str:
    """Returns the first ``limit`` characters of a foreign message as one visible line."""
    try:
        words = " ".join(str(text).split())
    except Exception:  # an exception of foreign code may fail even here
        words = f"({type(text).__name__})"
    return visible(words if len(words) <= limit else words[: limit - 1] + "…")


def format_exception(error: BaseException) -> str:
    """Returns what an exception of foreign code says, with its type: ``ValueError: no such thing``."""
    return f"{type(error).__name__}: {one_line(error)}"


def counted(number: int, noun: str) -> str:
    """Returns ``1 tensor`` or ``2 tensors``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
