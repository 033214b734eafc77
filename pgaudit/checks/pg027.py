"""A schedule that sets one lr for all groups, whatever lrs they start from.

What: parameters start from different lrs, and the schedule gives all of them one and the same at every step that is
looked at: where it turns, and between. Schedules with one peak for all do so: `OneCycleLR` and `CyclicLR` with a single
`max_lr`, `SWALR` that does not anneal, DeepSpeed's `WarmupLR` with a `warmup_max_lr`, a loop that writes one value into
all groups. Of a live `OneCycleLR` nobody knows the lrs that the groups had before it was made: it writes over them, and
a note says so where groups are left that differ in nothing.

Why it hurts: every lr that the policy gives is lost, with the first step. The backbone that was to train at a tenth of
the lr trains at all of it, and nothing fails.

Example: ``custom_keys: {backbone: {lr_mult: 0.1}}`` beside ``scheduler: {type: OneCycleLR, max_lr: 0.1}``. Published:
torch issue 73305, flair PR 2641, DeepSpeed PR 8171 and issue 7303, pytorch-cosine-annealing-with-warmup issue 14.

How to fix it: give the schedule a list with a value for each group (``max_lr: [0.01, 0.1]``), or take one that
multiplies each group's own lr: a warm-up by `LinearLR`, then `CosineAnnealingLR`; in DeepSpeed leave `warmup_max_lr`
out.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.lrs import distinct, numbers, same
from pgaudit.checks.schedules import Followed, Verdict, members, of_built, of_policy
from pgaudit.core.findings import Finding

KIND = Kind("PG027", "schedule-flattens", "error")
_RELATIVE = "take a schedule that multiplies each group's own lr, such as LinearLR and then CosineAnnealingLR"
_BY_ARGUMENT = {
    "max_lr": f"max_lr takes a list with a value for each group; or {_RELATIVE}",
    "warmup_max_lr": "in DeepSpeed since PR 8171, leave warmup_max_lr out: each group then warms up to its own lr",
}


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding where the config's schedule makes different lrs the same."""
    yield from of_policy(audited, KIND, _judged)


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding where live schedulers make different lrs the same."""
    yield from of_built(audit, KIND, _judged)


def flattens(followed: Followed) -> bool:
    """Whether groups that start from different lrs get one and the same at every step that is known. Steps at which
    all are 0 say nothing, nor does the begin alone.
    """
    if len(distinct(course.base for course in followed.courses)) < 2:
        return False
    known = {step: [course.lrs[step] for course in followed.courses] for step in followed.schedule.steps}
    telling = {step: lrs for step, lrs in known.items() if any(lrs)}
    return any(telling) and all(same(lrs[0], lr) for lrs in telling.values() for lr in lrs)


def _judged(followed: Followed) -> Iterator[Verdict]:
    if not flattens(followed):
        return
    others = [each for each in followed.courses if not same(each.base, followed.base)]
    found = members(others or followed.courses)
    message = (
        f"{followed.title} sets one lr for all groups, which start from "
        f"{numbers(each.base for each in followed.courses)}: {followed.amount(found)} lose their own"
    )
    given = followed.schedule.title.split()
    hint = next((hint for argument, hint in _BY_ARGUMENT.items() if argument in given), _RELATIVE)
    if followed.key == "WarmupDecayLR":  # there it is 1e-3 where it is left out
        hint = "WarmupCosineLR multiplies each group's own lr"
    yield Verdict(message, hint, followed.key, found)
