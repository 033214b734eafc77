"""Foreign text in GitHub's Markdown."""

from __future__ import annotations

import re

from pgaudit.text import visible


def code(text: str) -> str:
    """Returns text as code in a cell of a table, whatever bars and backticks it holds."""
    safe = visible(text).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", safe)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {safe} {fence}" if longest else f"{fence}{safe}{fence}"


def escaped(text: str) -> str:
    """Makes text literal in a cell of GitHub's Markdown."""
    safe = visible(text)
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+!|~@&" else char for char in safe)
