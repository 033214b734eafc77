"""An option or key that changes nothing here.

What: taken out of the config, it would leave every parameter's lr and weight decay, and what else the optimizer reads,
as they are. There may be no such parameter in the model, custom keys may take them all, the base weight decay may be 0,
or the value may be the one that holds anyway. Rules that match frozen parameters alone are one finding together; PG010
names them where it reports those parameters. `bypass_duplicate` is never reported: it may be there for later models.

Why it hurts: it does no harm by itself; but somebody thinks that it does something.

Example: `bias_decay_mult: 0.0` on a ResNet whose only bias outside its norms is under the custom key `fc`;
`dwconv_decay_mult` for a model without depthwise convolutions; any `decay_mult` where `weight_decay` is 0.

How to fix it: remove it, or find out where the parameters are that it was meant for (`pgaudit explain`).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks import pg010
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.hits import Hits
from pgaudit.checks.pg002 import named
from pgaudit.core.findings import Finding
from pgaudit.text import counted

KIND = Kind("PG005", "inert-option", "warning")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each rule without effect, unless it is a dead or a shadowed key; one for all rules that are
    about nothing but frozen parameters, unless there is a finding about those.
    """
    if audited.past_frozen and not pg010.frozen(audited):
        yield _all_frozen(audited)
    for hits in audited.hits:
        if hits in audited.past_frozen:
            continue
        trainable = [v for v in hits.matched if audited.inventory.parameters[v.index].trainable]
        if hits.rule.provenance.key is not None and not hits.decided and (trainable or not hits.matched):
            continue
        if not audited.is_inert(hits):
            continue
        indices = hits.decided or tuple(dict.fromkeys(visit.index for visit in hits.matched))
        message = f"{named(hits.rule.provenance)} changes nothing here: {_reason(audited, hits)}"
        yield audited.finding(KIND, message, at=hits.rule.at, key=hits.rule.provenance.short, indices=indices)


def _all_frozen(audited: Audited) -> Finding:
    rules = [hits.rule.provenance for hits in audited.past_frozen]
    indices = tuple(dict.fromkeys(visit.index for hits in audited.past_frozen for visit in hits.matched))
    are = "is" if len(indices) == 1 else "are"
    message = f"{pg010.without_effect(audited)} here: {_all(len(indices), len(rules))} {are} frozen"
    first, *others = (rule.short for rule in rules)
    return audited.finding(KIND, message, at=audited.past_frozen[0].rule.at, key=first, indices=indices, keys=others)


def _reason(audited: Audited, hits: Hits) -> str:
    if hits.rule.states == {"weight_decay"} and audited.assignment.base.weight_decay == 0:
        return "the base weight decay is 0, and so is every multiple"
    if not hits.matched:
        return "the model has no such parameters"
    count = len({visit.index for visit in hits.matched})
    if not hits.decided:
        return f"other rules take {_all(count)}"
    return f"{_all(len(hits.decided))} would get the same without it"


def _all(count: int, rules: int = 1) -> str:
    whose = "its" if rules == 1 else "their"
    return f"{whose} only tensor" if count == 1 else f"all of {whose} {counted(count, 'tensor')}"
