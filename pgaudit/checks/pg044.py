"""A warm-up that is not over when the run ends.

What: the schedule's warm-up takes as many steps or epochs as the whole run, or more. It is only found where something
says how long the run is: the library's own config, or `--steps`.

Why it hurts: no parameter ever trains at its full lr, and nothing comes down after it.

Example: `warmup_steps: 10000`, for a corpus that is a hundred times larger, in a fine-tuning run of 2,000 steps; a
warm-up that counts iterations, in a schedule that counts epochs.

How to fix it: warm up for a few per cent of the run.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.schedules import Followed, Verdict, of_built, of_policy
from pgaudit.core.findings import Finding
from pgaudit.text import counted

KIND = Kind("PG044", "endless-warm-up", "warning")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding where the config's warm-up takes the whole run."""
    yield from of_policy(audited, KIND, _judged)


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding where the warm-up of live schedulers takes the whole run."""
    yield from of_built(audit, KIND, _judged)


def endless(followed: Followed) -> bool:
    """Whether a schedule's warm-up takes the whole run."""
    takes, run = followed.schedule.warms_up, followed.schedule.run
    return takes is not None and run is not None and takes >= run


def _judged(followed: Followed) -> Iterator[Verdict]:
    takes, run, unit = followed.schedule.warms_up, followed.schedule.run, followed.schedule.unit
    if endless(followed) and takes is not None and run is not None:
        message = (
            f"the warm-up of {followed.title} takes {counted(takes, unit)}, and the run ends after "
            f"{counted(run, unit)}: no lr comes to its full height"
        )
        yield Verdict(message, f"a warm-up of far fewer than {counted(run, unit)}", followed.key)
