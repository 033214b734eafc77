"""A key that hits inside a segment of a name.

What: custom keys are parts of names, and patterns are searched anywhere: neither asks where a name's segments begin and
end. `head` stands in `decode_head`, `layer1` in `layer10`, `fc` in `mlp.fc1`. A key that names a kind of module
(`norm` for `norm1`, `conv` for `conv2`) or a numbered family (`layer` for `layer1` to `layer4`) is taken to mean it.

Why it hurts: a multiplier for a new classifier lands on half of the model, and the loss just looks a little worse.

Example: `head: {lr_mult: 10.0}` in a segmentation model also trains `decode_head` and `auxiliary_head` at 10 times the
lr; `fc` multiplies two thirds of a Vision Transformer.

How to mend it: write the key with the dots around it (`.head.`), or longer, so that it names just one place. If all of
them are meant, ignore the finding and say so.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks import suggest, words
from pgaudit.checks.base import Audited, Finding, Kind
from pgaudit.checks.hits import Hits
from pgaudit.checks.segments import NUMBERED, Cut, at_a_word, cut, names_its_kind
from pgaudit.inventory import Visit
from pgaudit.text import quoted

KIND = Kind("PG003", "overmatch", "warning")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each key that decides a parameter by a part of a segment."""
    for hits in audited.hits:
        if hits.pattern.searched is None or not hits.decided:
            continue
        cuts = _cuts(audited, hits)
        if cuts:
            yield _finding(audited, hits, cuts)


def _cuts(audited: Audited, hits: Hits) -> dict[int, Cut]:
    """The parameters that the key decides by a part of a segment, and should perhaps not."""
    pattern = hits.pattern
    assert pattern.searched is not None
    whole = False
    cuts: dict[int, Cut] = {}
    for index in hits.decided:
        visit = audited.first_visits[index]
        if visit is None:
            continue
        found = cut(pattern.searched(visit), pattern.find(visit) or ())
        whole = whole or found is None
        if found and not _meant(audited, hits, found, visit):
            cuts[index] = found
    families = {found.parent for found in cuts.values()}
    numbered = all(not found.before and NUMBERED.fullmatch(found.after) for found in cuts.values())
    ends_in_digit = (pattern.rule.key or "")[-1:].isdigit()
    if numbered and not whole and not ends_in_digit and len(families) == 1:
        return {}  # layer1 to layer4, of one parent
    return cuts


def _meant(audited: Audited, hits: Hits, found: Cut, visit: Visit) -> bool:
    if hits.pattern.regex and found.within:
        return True  # reported as an unanchored pattern
    return at_a_word(found) or names_its_kind(hits.pattern.rule.key or "", found, visit)


def _finding(audited: Audited, hits: Hits, cuts: dict[int, Cut]) -> Finding:
    key = hits.pattern.rule.key or ""
    inside = words.listed(dict.fromkeys(found.segment for found in cuts.values()))
    names = (audited.inventory.parameters[index].name for index in cuts)
    also = "also hits" if len(cuts) < len(hits.decided) else "hits only"
    message = f"{quoted(key)} {also} inside {inside}: {words.amount(audited, list(cuts))} ({words.modules(names)})"
    return audited.finding(KIND, message, _hint(audited, hits, cuts), at=hits.pattern.at, key=key, indices=list(cuts))


def _hint(audited: Audited, hits: Hits, cuts: dict[int, Cut]) -> str | None:
    """A longer key that hits the rest alone, if there is one; otherwise what else may have been meant."""
    key = hits.pattern.rule.key or ""
    rest = {index for index in hits.decided if index not in cuts}
    if not rest:
        return suggest.classifier(audited, key)
    if hits.pattern.regex or hits.pattern.searched is None:
        return None
    for longer in (f"{key}.", f".{key}", f".{key}."):
        visits = [visit for visit in audited.inventory.visits if longer in hits.pattern.searched(visit)]
        if rest == {visit.index for visit in visits} & set(hits.decided) and not {v.index for v in visits} & set(cuts):
            return f"write {quoted(longer)} to hit {words.modules(audited.inventory.parameters[i].name for i in rest)}"
    return None
