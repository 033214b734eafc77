"""A convolution of one channel that is taken for a depthwise one.

What: the libraries ask whether a Conv2d has as many groups as input channels. With one of each, as for a grey image or
a mask, every ordinary convolution has.

Why it hurts: the stem of a network on one-channel images takes `dwconv_decay_mult`; and since depthwise convolutions
come before biases, its bias never gets `bias_decay_mult`.

Example: `Conv2d(1, 64, 7)` under `dwconv_decay_mult: 0.0`: the first layer is not decayed.

How to fix it: a custom key for the layer, which comes before both options.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgaudit.checks import words
from pgaudit.checks.base import Audited, Kind
from pgaudit.core.findings import Finding
from pgaudit.core.parameters import Conv, Visit
from pgaudit.text import counted

KIND = Kind("PG008", "false-depthwise", "warning")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for the convolutions of one channel that get other values than an ordinary one."""
    ones = [
        index
        for index, visit in enumerate(audited.first_visits)
        if visit is not None and _is_one_channel(visit.conv) and audited.inventory.parameters[index].trainable
    ]
    found = audited.settings_if(ones, change=_as_ordinary)
    moved = [index for index, (now, then) in found.items() if now.weight_decay != then.weight_decay]
    if not moved:
        return
    now, then = found[moved[0]]
    message = (
        f"a convolution of one channel is taken for depthwise, which gives {counted(len(moved), 'tensor')} weight "
        f"decay {now.weight_decay:g} instead of {then.weight_decay:g}{words.which(audited, moved)}"
    )
    given = [rule for rule in (now.weight_decay_rule, then.weight_decay_rule) if rule and audited.rule_at(rule)]
    at = audited.rule_at(given[0]) if given else None
    key = given[0].option if given else None
    yield audited.finding(KIND, message, "a custom key for it comes first", at=at or (), key=key, indices=moved)


def _is_one_channel(conv: Conv | None) -> bool:
    return conv is not None and conv.depthwise and bool(conv.in_channels == 1)


def _as_ordinary(visit: Visit) -> Visit:
    assert visit.conv is not None
    return visit._replace(conv=replace(visit.conv, groups=0))
