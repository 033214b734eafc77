"""Alternatives of a pattern that reach less far than they look.

What: `|` ends all that stands before it in its group. In `(?=.*norm|bn)`, the `.*` belongs to `norm` alone, and `bn` is
looked for at one place, mostly the begin of the name. In `^backbone.*|encoder.*$`, the `^` belongs to the first half,
and the `$` to the second. It is told where the pattern, with its alternatives in a group, matches other trainable
parameters of this model; between anchors, only where each alternative then matches something.

Why it hurts: the norms that were to lose their weight decay keep it, or half of the model comes into the wrong group,
and the library says nothing.

Example: in 17 published configs of D-FINE, the norms of the backbone are called `.bn.`, so that `(?=.*norm|bn)` matches
none of them, and `(?!.*norm|bn)` takes them all: 84 of the backbone's 186 tensors are norms that are decayed.

How to fix it: write `(?=.*(?:norm|bn))`, as the hint does; `--fix --unsafe-fixes` writes it. Where two patterns divide
a model between them, both have to be mended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgaudit.checks import words
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.hits import Hits
from pgaudit.core.findings import Finding, Fix
from pgaudit.expressions.alternatives import between_anchors, regrouped
from pgaudit.text import quoted

KIND = Kind("PG020", "escaped-alternative", "error")


@dataclass(frozen=True)
class Mended:
    """A pattern as it was meant, and what of the model it then matches."""

    text: str
    why: str
    missed: tuple[int, ...]
    """The trainable parameters that only it matches."""
    taken: tuple[int, ...]
    """Those that only the pattern as it is matches."""


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each pattern that matches something else than it seems to."""
    for hits in audited.hits:
        if found := mended(audited, hits):
            key = hits.rule.provenance.key or ""
            does = {"passes over": found.missed, "takes in": found.taken}
            what = " and ".join(
                f"{verb} {words.amount(audited, which)}{words.which(audited, which)}"
                for verb, which in does.items()
                if which
            )
            message = f"{quoted(key)}: {found.why}, and it {what}"
            fix = Fix(key, found.text, sure=False)
            indices = (*found.missed, *found.taken)
            yield audited.finding(KIND, message, fix, at=hits.rule.at, key=key, indices=indices)


def mended(audited: Audited, hits: Hits) -> Mended | None:
    """Returns a pattern as it was meant, where that matches something else; None for any other rule."""
    key = hits.rule.provenance.key
    if key is None or not hits.rule.regex or "|" not in key:
        return None
    if found := regrouped(key):
        freed = words.listed(f'"{part}"' for part in found.freed)
        why = f"a | ends the .* before it, so that {freed} is looked for at one place alone"
        return _compared(audited, hits, found.text, why)
    if (between := between_anchors(key)) and all(_matched(audited, hits, part) for part in between[1]):
        return _compared(audited, hits, between[0].text, "its ^ and its $ belong to one alternative each")
    return None


def _compared(audited: Audited, hits: Hits, text: str, why: str) -> Mended | None:
    now, then = _trainable(audited, hits), _matched(audited, hits, text)
    if then is None or now.keys() == then.keys():
        return None
    missed, taken = ([index for index in one if index not in other] for one, other in ((then, now), (now, then)))
    return Mended(text, why, tuple(missed), tuple(taken))


def _matched(audited: Audited, hits: Hits, text: str) -> dict[int, None] | None:
    """The trainable parameters that a rule would match, were its pattern written so, as its own constructor has it."""
    config = audited.constructor.renamed(audited.config, hits.rule.provenance, text)
    if config is None:
        return None
    chains = audited.constructor.chains(audited.inventory, config, audited.defaults)
    rule = next(rule for rule in chains.rules if rule.at == hits.rule.at)
    found = (visit for visit in audited.inventory.visits if rule.matches(visit, chains.text(visit)))
    return {visit.index: None for visit in found if audited.inventory.parameters[visit.index].trainable}


def _trainable(audited: Audited, hits: Hits) -> dict[int, None]:
    parameters = audited.inventory.parameters
    return {visit.index: None for visit in hits.matched if parameters[visit.index].trainable}
