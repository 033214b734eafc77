"""A custom key or pattern that matches no parameter.

What: the key stands in no parameter's name, so the rule never applies. For a pattern on types: the model has no
parameter in a module of these types. Where a wrapper's prefix alone keeps it from matching, it is PG029;
where a `|` does, PG020.

Why it hurts: the library says nothing, and the multiplier that somebody thought was there is not. Most are inherited
from a base config for another model, and harmless; some are a typo or a renamed layer, and are not.

Example: `.absolute_pos_embed`, of Swin Transformers, in the config of a ConvNeXt; `backbone.` before the names of a
model that is the backbone itself; `.conv1` for a module at the root, where no dot comes before the name.

How to fix it: correct the key as the hint says, or remove it. If a base config has it for its other models, ignore the
finding with that as the reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks import pg020, pg029, suggest
from pgaudit.checks.base import Audited, Kind
from pgaudit.core.findings import Finding, Hint
from pgaudit.text import quoted, visible

KIND = Kind("PG001", "dead-key", "warning")
_INHERITED = "no name comes near; if it is inherited, it is harmless here"


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each key without a match."""
    for hits in audited.hits:
        rule = hits.rule
        if rule.provenance.key is None or hits.matched:
            continue
        if pg029.unwrapped(audited, hits) or pg020.mended(audited, hits):
            continue
        if rule.spans is None and not rule.whole:
            message = f"the model has no parameter in a module among {visible(rule.provenance.key)}"
        else:
            message = f"{quoted(rule.provenance.key)} matches no parameter"
            if any(rule.provenance in setting.rules for setting in audited.assignment.empty.values()):
                message += ": its group is empty"
        hint: Hint | None = suggest.for_dead_key(audited, rule) if rule.spans else None
        yield audited.finding(KIND, message, hint or _INHERITED, at=rule.at, key=rule.provenance.key)
