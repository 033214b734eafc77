"""Whether a rule changes anything: the constructor is asked for the whole model without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgaudit.checks.hits import Hits
from pgaudit.checks.what_if import settings_if, without
from pgaudit.core.errors import ConfigError

if TYPE_CHECKING:
    from pgaudit.checks.base import Audited

_SAMPLE = 16
"""Parameters that are asked about first; most rules change one of them."""


def is_inert(audited: Audited, hits: Hits) -> bool:
    """Returns whether everything would be as it is, were a rule taken out of the config."""
    fewer = without(audited.config, hits.pattern.at)
    sample = settings_if(audited, hits.decided[:_SAMPLE], config=fewer).values()
    if any(audited.effect(now) != audited.effect(then) for now, then in sample):
        return False
    try:
        # The whole model: without any option, the library may go another way with what no rule is about, too.
        after = audited.constructor.decide(audited.inventory, fewer, audited.facts).params
    except ConfigError:
        return False  # it would refuse the config without it
    pairs = zip(audited.decided.params, after, strict=True)
    unlike = {
        (id(now.setting), id(then.setting), now.group is None, then.group is None): (now, then) for now, then in pairs
    }
    return all(
        audited.effect(now.setting) == audited.effect(then.setting) and (now.group is None) == (then.group is None)
        for now, then in unlike.values()
    )
