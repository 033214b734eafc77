"""A scale for the schedule to multiply by, at which the schedule does not look.

What: groups hold an ``lr_scale``, ``lr_mult`` or ``lr_multiplier`` other than 1, their lr is not multiplied by it, and
the schedule sets the same lrs with it as without it. Where the lr in the groups is the scaled one, as under OpenMMLab's
layer decay, the key is a note that nobody needs to read, and nothing is said.

Why it hurts: layer decay does nothing. Every layer trains at the full lr, the pretrained stem as fast as the new head,
and no number in the log says so.

Example: ``param_groups_layer_decay`` of timm, whose groups hold ``lr_scale``, under torch's `CosineAnnealingLR`.
Published: timm PR 2532, mae issue 216.

How to fix it: take a schedule that multiplies by it (timm's own: ``scheduler: {type: timm:cosine, num_epochs: 100}``);
or multiply the lr of each group by it when the groups are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.lrs import distinct, numbers, same
from pgaudit.checks.schedules import Followed, Verdict, members, of_built, of_policy
from pgaudit.core.findings import Finding

KIND = Kind("PG025", "scale-not-applied", "error")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each key of groups that the config's schedule does not look at."""
    yield from of_policy(audited, KIND, _judged)


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding for each key of groups that live schedulers do not look at."""
    yield from of_built(audit, KIND, _judged)


def _judged(followed: Followed) -> Iterator[Verdict]:
    for key in followed.schedule.unread:
        scaled = [each for each in followed.courses if each.scale(key) != 1 and key not in each.inert]
        if not scaled or holds_scale(followed, key) or comes_to_scale(followed, key):
            continue
        found = members(scaled)
        scales = numbers(each.scale(key) for each in scaled)
        message = f"{followed.title} does not look at {key}: {followed.amount(found)} train at the whole lr"
        own = "timm's schedulers do (type: timm:cosine); or " if key == "lr_scale" else ""
        hint = f"{own}multiply the lr in the groups by it"
        yield Verdict(f"{message}, not at {scales} of it", hint, key, found)


def holds_scale(followed: Followed, key: str) -> bool:
    """Whether the lrs that the groups start from are already multiplied by a key of theirs. Where all groups have one
    scale, the optimizer's own lr tells.
    """
    courses = [course for course in followed.courses if course.scale(key)]
    if len(distinct(course.scale(key) for course in courses)) == 1:
        return all(same(course.base, (followed.base or 0.0) * course.scale(key)) for course in courses)
    return _is_scaled([(course.base, course.scale(key)) for course in courses])


def comes_to_scale(followed: Followed, key: str) -> bool:
    """Whether the lrs at any step are multiplied by a key of the groups: a function may do so by itself."""
    courses = [course for course in followed.courses if course.scale(key)]
    return any(
        _is_scaled([(course.lrs[step] or 0.0, course.scale(key)) for course in courses])
        for step in followed.schedule.steps
    )


def _is_scaled(lrs: Sequence[tuple[float, float]]) -> bool:
    """Whether there are fewer different lrs without a factor than with it."""
    return len(distinct(lr / scale for lr, scale in lrs)) < len(distinct(lr for lr, _ in lrs))
