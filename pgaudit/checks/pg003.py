"""A key that hits inside a segment of a name.

What: custom keys are parts of names, and patterns are searched anywhere: neither asks where a name's segments begin and
end. `head` stands in `decode_head`, `layer1` in `layer10`, `fc` in `mlp.fc1`. A key that names a kind of module
(`norm` for `norm1`, `conv` for `conv2`) or a numbered family (`layer` for `layer1` to `layer4`) is taken to mean it.

Why it hurts: a multiplier for a new classifier lands on half of the model, and the loss just looks a little worse.

Example: `head: {lr_mult: 10.0}` in a segmentation model also trains `decode_head` and `auxiliary_head` at 10 times the
lr; `fc` multiplies two thirds of a Vision Transformer.

How to fix it: write the key with the dots around it (`.head.`), or longer, so that it names just one place. If all of
them are meant, ignore the finding and say so.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks import suggest, words
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.hits import Hits
from pgaudit.checks.segments import Cut, means_itself, names_its_kind
from pgaudit.core.findings import Finding
from pgaudit.core.parameters import ModuleType
from pgaudit.text import quoted

KIND = Kind("PG003", "overmatch", "warning")
_PLACES = frozenset({"layer", "block", "stage"})
"""Words for a model's parts in order: `layer_scale` is none of them."""


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each key that decides a parameter by a part of a segment."""
    for hits in audited.hits:
        if hits.rule.spans is None or not hits.decided:
            continue
        cuts = _cuts(audited, hits)
        if cuts:
            yield _finding(audited, hits, cuts)


def _cuts(audited: Audited, hits: Hits) -> dict[int, Cut]:
    """The parameters that the key decides by a part of a segment, and should perhaps not."""
    rule, key = hits.rule, hits.rule.provenance.key or ""
    whole = False
    cuts: dict[int, Cut] = {}
    meant: dict[tuple[str, str, str, frozenset[ModuleType]], bool] = {}
    for index in hits.decided:
        visit = audited.first_visits[index]
        if visit is None:
            continue
        found = audited.cut(rule, visit)
        whole = whole or found is None
        if found:
            owners = audited.owners.get(found.path, frozenset())
            alike = (found.segment, found.before, found.after, owners)
            if alike not in meant:
                meant[alike] = _is_meant(hits, found, owners)
            if not meant[alike]:
                cuts[index] = found
    family = {index: found for index, found in cuts.items() if found.numbered}
    if not whole and not key[-1:].isdigit() and len({found.parent for found in family.values()}) == 1:
        cuts = {index: found for index, found in cuts.items() if index not in family}  # layer1 to layer4, of one parent
    return {} if _is_only_place(hits, cuts) else cuts


def _is_meant(hits: Hits, found: Cut, owners: frozenset[ModuleType]) -> bool:
    if hits.rule.regex and found.within:
        return True  # reported as an unanchored pattern
    return means_itself(found) or names_its_kind(hits.rule.provenance.key or "", found, owners)


def _is_only_place(hits: Hits, cuts: dict[int, Cut]) -> bool:
    """Whether a key is a word in the one name that it can mean: `stem` where there is `conv_stem`."""
    key = hits.rule.provenance.key or ""
    if len(cuts) < len(hits.decided) or hits.rule.regex or key in suggest.CLASSIFIERS or key in _PLACES:
        return False
    return len({found.segment for found in cuts.values()}) == 1 and all(found.at_word for found in cuts.values())


def _finding(audited: Audited, hits: Hits, cuts: dict[int, Cut]) -> Finding:
    key, indices = hits.rule.provenance.key or "", list(cuts)
    also = "also hits" if len(cuts) < len(hits.decided) else "hits only"
    inside = words.listed(dict.fromkeys(found.region for found in cuts.values()))
    which = f"{words.amount(audited, indices)}{words.which(audited, indices)}"
    message = f"{quoted(key)} {also} inside {inside}; {which}"
    return audited.finding(KIND, message, _hint(audited, hits, cuts), at=hits.rule.at, key=key, indices=indices)


def _hint(audited: Audited, hits: Hits, cuts: dict[int, Cut]) -> str | None:
    """A longer key that hits the rest alone, if there is one; otherwise what else may have been meant."""
    key = hits.rule.provenance.key or ""
    rest = {index for index in hits.decided if index not in cuts}
    if not rest:
        return suggest.classifier(audited, key)
    if hits.rule.regex:
        return None
    for longer in (f"{key}.", f".{key}", f".{key}."):
        if rest == _decided_as(audited, hits, longer):
            return f"{quoted(longer)} hits {'the other alone' if len(rest) == 1 else f'the other {len(rest):,} alone'}"
    return suggest.take_back(audited, (found.region for found in cuts.values()), key, cuts)


def _decided_as(audited: Audited, hits: Hits, longer: str) -> set[int] | None:
    """What the key would decide, were it written so: a longer one may also win where it has lost. None if there is such
    a key already.
    """
    rule = hits.rule
    if rule.spans is None or any(each.rule.provenance.key == longer for each in audited.hits):
        return None
    found = dict.fromkeys(visit.index for visit in hits.matched if longer in audited.chains.text(visit))
    renamed = audited.constructor.renamed(audited.config, rule.provenance, longer)
    if renamed is None:
        return None
    then = audited.settings_if(found, config=renamed)
    return {index for index, (_, setting) in then.items() if setting.lr_rule and setting.lr_rule.key == longer}
