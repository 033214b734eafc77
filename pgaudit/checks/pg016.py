"""A regular expression that hits in the middle of a word.

What: BaseCls searches a pattern anywhere in a name. A pattern that neither begins nor ends a segment of the name, such
as `bias` in `relative_position_bias_table`, probably was not meant for it.

Why it hurts: the table of a Swin Transformer gets the weight decay of biases, because its name has the word in it.

Example: `[0, bias]` with a model that has `attn.relative_position_bias_table`.

How to mend it: anchor the pattern: `bias$`, `(^|\\.)bias$`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks import words
from pgaudit.checks.base import Audited, Finding, Kind
from pgaudit.checks.segments import cut
from pgaudit.text import quoted

KIND = Kind("PG016", "unanchored-pattern", "warning")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each pattern that decides a parameter by the middle of a word."""
    for hits in audited.hits:
        pattern = hits.pattern
        if not pattern.regex or pattern.searched is None:
            continue
        indices = []
        for index in hits.decided:
            visit = audited.first_visits[index]
            found = cut(pattern.searched(visit), pattern.find(visit) or ()) if visit else None
            if found and found.within:
                indices.append(index)
        if indices:
            key = pattern.rule.key or ""
            names = words.parameters(audited.inventory.parameters[index].name for index in indices)
            message = f"{quoted(key)} also hits the middle of {names}: {words.amount(audited, indices)}"
            yield audited.finding(KIND, message, _hint(key), at=pattern.at, key=key, indices=indices)


def _hint(key: str) -> str:
    return f"anchor it: {quoted(f'{key}$')}" if key.isidentifier() else "anchor it with ^ or $"
