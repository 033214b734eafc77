"""An option that the constructor silently ignores.

What: a key of ``paramwise_cfg``, of a custom key or of ``solver`` that no version of the constructor reads. mmengine
copies all that stands under a custom key into the parameter's group: there the optimizer's class may look for it
(``momentum``), or nobody does (``decay_multi``, or ``betas`` for SGD). Also a known option at the top of a config whose
library looks elsewhere: mmengine reads ``paramwise_cfg`` inside ``optim_wrapper`` only, mmcv inside ``optimizer`` only.

Why it hurts: the library raises nothing; the setting that it was meant to change stays as it was, for the whole
training run.

Example: ``wd_mult`` in a published mmseg config (the option is ``decay_mult``), ``_delete`` for mmcv's ``_delete_``.

How to fix it: correct the word, move it to where the library looks, or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgaudit.checks.base import Audited, Kind
from pgaudit.core.findings import Finding, Fix, meant
from pgaudit.core.location import Path
from pgaudit.text import quoted

KIND = Kind("PG011", "unknown-option", "error")

_ABBREVIATIONS = {"wd": "decay", "weight_decay": "decay", "learning_rate": "lr", "multi": "mult", "multiplier": "mult"}


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each option that nothing reads."""
    config = audited.config
    for stray in config.misplaced:
        if stray.sister is None:
            around = ".".join(map(str, stray.at[:-1]))
            place = f"in {around}" if around else "at top level"
            message = f"{quoted(stray.option)} {place} has no effect: {stray.why}"
            yield audited.finding(KIND, message, stray.hint, location=config.keys.get(stray.at), key=stray.option)
    for found in audited.constructor.unread(config, audited.defaults):
        at, option = found.at, str(found.at[-1])
        if option in found.foreign:
            continue
        where = f"{quoted(option)} in {_holder(at)}"
        hint = _meant(option, found.read) or found.hint or f"it reads {', '.join(sorted(found.read))}"
        message = f"{where} {found.why}" if found.why else f"{config.constructor} has no option {where}, and ignores it"
        yield audited.finding(KIND, message, hint, at=at, key=option)


def _holder(at: Path) -> str:
    """What the option stands in: the section, or an entry of one of its options."""
    if len(at) <= 2:
        return str(at[0])
    return f"{at[0]}.{at[1]}[{at[2] if isinstance(at[2], int) else quoted(at[2])}]"


def _meant(option: str, read: frozenset[str]) -> Fix | None:
    plain = option
    for word, full in _ABBREVIATIONS.items():
        plain = (
            "_".join(full if part == word else part for part in plain.split("_"))
            if "_" not in word
            else plain.replace(word, full)
        )
    found = meant(plain, read)
    return found and replace(found, old=option)
