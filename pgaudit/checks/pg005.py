"""An option or key that changes nothing here.

What: taken out of the config, it would leave every parameter's lr and weight decay as they are. There may be no such
parameter in the model, custom keys may take them all, the base weight decay may be 0, or the value may be the one that
holds anyway. (`bypass_duplicate` is left in peace: it guards against what may come.)

Why it hurts: it does no harm by itself; but somebody thinks that it does something.

Example: `bias_decay_mult: 0.0` on a ResNet whose only bias outside its norms is under the custom key `fc`;
`dwconv_decay_mult` for a model without depthwise convolutions; any `decay_mult` where `weight_decay` is 0.

How to mend it: remove it, or find out where the parameters are that it was meant for (`pgaudit explain`).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks.base import Audited, Finding, Kind
from pgaudit.checks.hits import Hits
from pgaudit.checks.pg002 import named
from pgaudit.checks.what_if import settings_if, without
from pgaudit.constructors import Setting
from pgaudit.text import counted

KIND = Kind("PG005", "inert-option", "warning")
_SAMPLE = 16
"""Parameters that are asked about first; most rules change one of them."""


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each rule without effect, unless it is a dead or a shadowed key."""
    for hits in audited.hits:
        trainable = [v for v in hits.matched if audited.inventory.parameters[v.index].trainable]
        if hits.pattern.rule.key is not None and not hits.decided and (trainable or not hits.matched):
            continue
        if hits.decided and not _is_inert(audited, hits):
            continue
        indices = hits.decided or tuple(dict.fromkeys(visit.index for visit in hits.matched))
        message = f"{named(hits.pattern.rule)} changes nothing here: {_reason(audited, hits, bool(trainable))}"
        yield audited.finding(KIND, message, at=hits.pattern.at, key=hits.pattern.rule.short, indices=indices)


def _is_inert(audited: Audited, hits: Hits) -> bool:
    fewer = without(audited.config, hits.pattern.at)
    for indices in (hits.decided[:_SAMPLE], hits.decided[_SAMPLE:]):
        found = settings_if(audited, indices, config=fewer).values()
        if len(found) < len(indices):
            return False  # the library would refuse the config without it
        if any(_held(now) != _held(then) for now, then in found):
            return False
    return True


def _held(setting: Setting) -> tuple[object, ...]:
    return setting.lr, setting.weight_decay, setting.lr_scale, setting.extra


def _reason(audited: Audited, hits: Hits, trainable: bool) -> str:
    if not hits.matched:
        return "the model has no such parameters"
    count = len({visit.index for visit in hits.matched})
    if not trainable:
        return f"{_all(count)} {'is' if count == 1 else 'are'} frozen"
    if not hits.decided:
        return f"other rules take {_all(count)}"
    if hits.pattern.states == {"weight_decay"} and audited.assignment.base.weight_decay == 0:
        return "the base weight decay is 0, and so is every multiple"
    return f"{_all(len(hits.decided))} would get the same without it"


def _all(count: int) -> str:
    return "its only parameter" if count == 1 else f"all of its {counted(count, 'parameter')}"
