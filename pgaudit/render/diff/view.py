"""What every format of a diff says in the same words about the whole of it: titles, counts, the setup."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pgaudit.diff import ChangeKind, Diff, ValueChange
from pgaudit.diff.setup import setup
from pgaudit.render.numbers import apart, argument, number
from pgaudit.render.style import UNICODE, Marks
from pgaudit.report import Report
from pgaudit.serialize import portable
from pgaudit.sources.files import NOTHING
from pgaudit.text import counted, visible

MARKS = {
    ChangeKind.CHANGED: "~",
    ChangeKind.RESHAPED: "~",
    ChangeKind.ADDED: "+",
    ChangeKind.REMOVED: "-",
    ChangeKind.SAME_EFFECT: " ",
}
"""What stands before a changed parameter, as in a plan of Terraform."""

NOUNS = {
    ChangeKind.CHANGED: "changed",
    ChangeKind.RESHAPED: "reshaped",
    ChangeKind.ADDED: "added",
    ChangeKind.REMOVED: "removed",
    ChangeKind.SAME_EFFECT: "same effect, other rule",
}


def title(side: Report, *, elsewhere: bool = False) -> str:
    """Returns what the user named, or what it means, and what is tried in place of its own values.

    Args:
        side: which is named.
        elsewhere: whether it is read elsewhere, where this machine's folders mean nothing.
    """
    if side.path is None:
        return visible(side.tried) or "a config"
    path = portable(side.path) if elsewhere else side.path
    named = f"{path} {side.tried}" if side.tried else path
    return "nothing" if side.path in NOTHING else visible(named)


def counts(diff: Diff) -> list[tuple[str, str]]:
    """Returns what the last line counts, each with its mark."""
    found = Counter(change.kind for change in diff.changes)
    words = [("~", f"{len(diff.setup):,} in the setup")] if diff.setup else []
    words += [(MARKS[kind], f"{found[kind]:,} {noun}") for kind, noun in NOUNS.items() if found[kind]]
    if not words:
        words.append((" ", "no difference"))
    return [*words, (" ", f"{diff.unchanged:,} unchanged")]


def counts_line(diff: Diff, dot: str = "·") -> str:
    """Returns the last line as plain text."""
    return f" {dot} ".join(f"{mark} {words}".strip() for mark, words in counts(diff))


def models(diff: Diff, *, elsewhere: bool = False) -> list[str]:
    """Returns the models that the sides name: one, where it is the same.

    Args:
        diff: of the two.
        elsewhere: whether it is read elsewhere, where this machine's folders mean nothing.
    """
    refs = (side.assignment.model.ref for side in (diff.a, diff.b))
    return [*dict.fromkeys(visible(portable(ref) if elsewhere else ref) for ref in refs if ref is not None)]


def head(diff: Diff, marks: Marks = UNICODE, *, elsewhere: bool = False) -> tuple[str, list[str]]:
    """Returns what is compared, and the words about what both sides have in common."""
    sides = [side for side in (diff.a, diff.b) if side.assignment.model.ref is not None]
    sizes = [f"{len(side):,}" for side in sides[:-1]]
    sizes += [counted(len(side), "tensor") for side in sides[-1:]]
    if len(sides) == 2 and len(sides[0]) == len(sides[1]):
        del sizes[0]
    arrow = f" {marks.arrow} "
    words = [arrow.join(models(diff, elsewhere=elsewhere)), arrow.join(sizes)] if sides else []
    changed = {change.name for change in diff.setup}
    after = setup(diff.b)
    alike = [name for name in ("constructor", "optimizer") if name in after and name not in changed]
    words += [visible(after[name]) for name in alike]
    return f"{title(diff.a, elsewhere=elsewhere)}{arrow}{title(diff.b, elsewhere=elsewhere)}", words


def setup_words(change: ValueChange) -> tuple[str, str, str]:
    """Returns a setup change's mark and its two values; what is not set is empty."""
    if change.before is None or change.after is None:
        return ("+" if change.before is None else "-"), _argument(change.before), _argument(change.after)
    if _is_number(change.before) and _is_number(change.after):
        return "~", *apart(change.before, change.after)
    return "~", _argument(change.before), _argument(change.after)


def _argument(value: Any) -> str:
    if value is None:
        return ""
    return number(value) if _is_number(value) else argument(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
