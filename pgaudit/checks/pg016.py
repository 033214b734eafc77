"""A regular expression that hits in the middle of a word.

What: BaseCls searches a pattern anywhere in a name. A pattern that neither begins nor ends a segment of the name, such
as `bias` in `relative_position_bias_table`, probably was not meant for it.

Why it hurts: the table of a Swin Transformer gets the weight decay of biases, because its name has the word in it.

Example: `[0, bias]` with a model that has `attn.relative_position_bias_table`.

How to fix it: anchor the pattern: `bias$`, `(^|\\.)bias$`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks import words
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.hits import Hits
from pgaudit.core.findings import Finding
from pgaudit.expressions import Expression, SlowExpression
from pgaudit.text import quoted

KIND = Kind("PG016", "unanchored-pattern", "warning")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each pattern that decides a parameter by the middle of a word."""
    for hits in audited.hits:
        rule = hits.rule
        if not rule.regex:
            continue
        indices = []
        for index in hits.decided:
            visit = audited.first_visits[index]
            found = audited.cut(rule, visit) if visit else None
            if found and found.within:
                indices.append(index)
        if indices:
            key = rule.provenance.key or ""
            also = "also hits" if len(indices) < len(hits.decided) else "hits only"
            which = f"{words.amount(audited, indices)}{words.which(audited, indices)}"
            message = f"{quoted(key)} {also} the middle of a word; {which}"
            yield audited.finding(KIND, message, _hint(audited, hits, indices), at=rule.at, key=key, indices=indices)


def _hint(audited: Audited, hits: Hits, indices: list[int]) -> str | None:
    """An anchored pattern that hits the rest alone, if there is one."""
    key = hits.rule.provenance.key or ""
    rest = set(hits.decided).difference(indices)
    for anchored in (f"{key}$", f"(^|[._]){key}", f"{key}([._]|$)", rf"(^|[._]){key}([._]|$)") if rest else ():
        if _found(audited, hits, anchored) == rest:
            return (
                f"{quoted(anchored)} hits {'the other alone' if len(rest) == 1 else f'the other {len(rest):,} alone'}"
            )
    return None


def _found(audited: Audited, hits: Hits, anchored: str) -> set[int] | None:
    """Whom of those that the pattern decides it finds when anchored; None where that is no pattern, or a slow one."""
    names = ((index, audited.inventory.parameters[index].name) for index in hits.decided)
    try:
        search = Expression(anchored).search
        return {index for index, name in names if search(name)}
    except (ValueError, SlowExpression):
        return None
