"""Tables in GitHub's Markdown, and foreign text in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pgaudit.text import visible

_RULES = {"l": "---", "r": "--:", "c": ":-:"}


def table(titles: Sequence[str], ends: str, rows: Iterable[Iterable[str]]) -> list[str]:
    """Returns the lines of a table.

    Args:
        titles: one a column.
        ends: a letter a column: where its cells stand, ``l``, ``r`` or ``c``.
        rows: cells, which have to be harmless already.
    """
    head = _row(titles).replace("|  |", "| |")
    return [head, f"|{'|'.join(_RULES[end] for end in ends)}|", *map(_row, rows)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def code(text: str) -> str:
    """Returns text as code in a cell of a table, whatever bars and backticks it holds."""
    safe = visible(text)
    if "\\|" in safe:  # readers differ on whether the backslash or the bar is escaped
        return f"<code>{''.join(c if c.isalnum() else f'&#{ord(c)};' for c in safe)}</code>"
    return code_span(text).replace("|", "\\|")


def code_span(text: str) -> str:
    """Returns text as code outside of tables."""
    safe = visible(text)
    fence = "`" * (_longest([safe]) + 1)
    # One blank at both ends is taken away, unless there is nothing else.
    padded = "`" in safe or (safe.startswith(" ") and safe.endswith(" ") and not safe.isspace())
    return f"{fence} {safe} {fence}" if padded else f"{fence}{safe}{fence}"


def code_block(lines: Iterable[str]) -> str:
    """Returns lines of text as a block of code, whatever backticks they hold."""
    safe = [visible(line) for line in lines]
    fence = "`" * max(3, _longest(safe) + 1)
    return "\n".join([f"{fence}text", *safe, fence])


def _longest(texts: Iterable[str]) -> int:
    """The longest run of backticks."""
    return max((len(run) for text in texts for run in re.findall("`+", text)), default=0)


def escaped(text: str) -> str:
    """Makes text literal in a cell of GitHub's Markdown."""
    safe = visible(text)
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+!|~@&$" else char for char in safe)
