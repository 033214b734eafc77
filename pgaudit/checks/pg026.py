"""A scale that is in the lr already, and that the schedule multiplies by again.

What: the lrs of the groups differ as their ``lr_scale`` (or ``lr_mult``, ``lr_multiplier``) does, so that it is in
them already, and the schedule multiplies what it computes from each group's lr by the same key.

Why it hurts: every parameter trains at the square of its scale. Layer decay by 0.75 becomes one by 0.5625, and the
first layers of a Vision Transformer stand still.

Example: groups with ``"lr": base * scale, "lr_scale": scale``, written for a schedule that reads no `lr_scale`, under
timm's schedulers, which do since 0.5. Published: Swin Transformer's SimMIM with a newer timm.

How to fix it: leave the lr of the groups unscaled; or write the scale under another name.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.pg025 import holds_scale
from pgaudit.checks.schedules import Followed, Verdict, members, of_built, of_policy
from pgaudit.core.findings import Finding
from pgaudit.numbers import number

KIND = Kind("PG026", "scale-applied-twice", "error")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each key of groups that is in the lr, and that the config's schedule multiplies by."""
    yield from of_policy(audited, KIND, _judged)


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding for each key of groups that is in the lr, and that live schedulers multiply by."""
    yield from of_built(audit, KIND, _judged)


def _judged(followed: Followed) -> Iterator[Verdict]:
    for key in followed.schedule.read:
        scaled = [each for each in followed.courses if each.scale(key) != 1]
        if not scaled or not holds_scale(followed, key):
            continue
        furthest = min(scaled, key=lambda each: each.scale(key))
        scale, lr = furthest.scale(key), furthest.base
        example = f"lr {number(lr)} is {number(lr / scale)} × {number(scale)}, and comes to {number(lr * scale)}"
        found = members(scaled)
        message = f"{followed.title} multiplies by {key}, which is in the lrs already: {followed.amount(found)}"
        hint = f"leave the lr of the groups unscaled, or {key} out of them"
        yield Verdict(f"{message} train at its square ({example})", hint, key, found)
