"""An option of a sister constructor that this one never reads.

What: the option exists, in another constructor of the same family; the one that the config names does not know it.

Why it hurts: the config looks right, and reviewers have seen the option work elsewhere; here it changes nothing, and
nothing says so.

Example: ``flat_decay_mult`` under mmcv 1.x; ``lr: 0.001`` in a custom key, which mmengine copies and mmcv 1.x does not.

How to mend it: name the constructor that reads it, or say the same in this one's options (``custom_keys``).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks.base import Audited, Finding, Severity
from pgaudit.checks.options import unread
from pgaudit.text import quoted

CODE = "PG014"
NAME = "option-ignored-by-constructor"
SEVERITY: Severity = "error"


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each option that only a sister constructor reads."""
    config = audited.config
    for at, read, sisters in unread(config):
        option = at[-1]
        if option not in sisters:
            continue
        message = f"{quoted(option)} is an option of {sisters[option]}; {config.constructor} ignores it"
        hint = _hint(at, read)
        yield Finding(CODE, NAME, SEVERITY, message, hint, None, config.path, config.position(*at))


def _hint(at: tuple[str, ...], read: frozenset[str]) -> str:
    if not read:
        return "remove it"
    own = f"as {' or '.join(sorted(read))}" if "custom_keys" in at else "in custom_keys"
    return f"say it {own}, or name a constructor that reads it"
