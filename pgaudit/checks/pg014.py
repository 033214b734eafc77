"""An option of a sister constructor that this one never reads.

What: the option exists, in another constructor of the same family; the one that the config names does not know it.
Also an ``optimizer``, as mmcv 1.x has it, beside the ``optim_wrapper`` that mmengine reads.

Why it hurts: the config looks right, and reviewers have seen the option work elsewhere; here it changes nothing, and
nothing says so.

Example: ``flat_decay_mult`` under mmcv 1.x; ``lr: 0.001`` in a custom key, which mmengine copies and mmcv 1.x does not.

How to fix it: name the constructor that reads it, or say the same in this one's options (``custom_keys``).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks.base import Audited, Kind
from pgaudit.constructors.known_options import SOLE_READER
from pgaudit.core.findings import Finding
from pgaudit.core.location import Path
from pgaudit.text import quoted

KIND = Kind("PG014", "option-ignored-by-constructor", "error")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each option that only a sister constructor reads."""
    config = audited.config
    for stray in config.misplaced:
        if stray.sister is not None:
            message = f"{quoted(stray.option)} at top level is for {stray.sister}: {stray.why}"
            yield audited.finding(KIND, message, stray.hint, location=config.keys.get(stray.at), key=stray.option)
    for found in audited.constructor.unread(config, audited.defaults):
        at, option = found.at, str(found.at[-1])
        if option not in found.foreign:
            continue
        message = f"{quoted(option)} is an option of {found.foreign[option]}; {config.constructor} ignores it"
        hint = found.hint or _hint(at, option, found.read)
        yield audited.finding(KIND, message, hint, at=at, key=option)


def _hint(at: Path, option: str, read: frozenset[str]) -> str:
    if option in SOLE_READER:
        return f"`constructor: {SOLE_READER[option]}` reads it"
    if not read:
        return "remove it, or name the constructor that it is for"
    own = f"as {' or '.join(sorted(read))}" if "custom_keys" in at else "in custom_keys"
    return f"say it {own}, or name a constructor that reads it"
