"""What an old config says to no effect. Only effects are translated, so the reader is told what was meant and is not
there.
"""

from __future__ import annotations

from pgaudit.core.location import location_order
from pgaudit.report import Report
from pgaudit.serialize import portable_location
from pgaudit.text import visible

_CODES = ("PG001", "PG002", "PG005", "PG011", "PG014")
"""A key that matches nothing, one that always loses, an option without effect, and options that are never read."""


def without_effect(report: Report) -> tuple[str, ...]:
    """Returns what has no effect of its own on this model, each key and option with its place and the reason: in the
    order of the config, and those that the config asks to ignore as well.
    """
    found = [each for each in (*report.findings, *report.ignored) if each.code in _CODES]
    found.sort(key=lambda each: location_order(each.location))
    lines: dict[str, None] = {}
    for each in found:
        where = str(portable_location(each.location) or "")
        lines[f"{visible(where)}: {visible(each.message)}" if where else visible(each.message)] = None
    return tuple(lines)
