"""How the lr changes over time, as each layout says it: ``scheduler:`` in a config of ours.

A training config of one's own may have a ``scheduler`` of another kind. Only what has a ``type`` is taken for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.core.location import Path
from pgaudit.core.schedule import Schedule
from pgaudit.schedules.libraries import library_of


def schedule_of(layout: str, constructor: str, top: Mapping[str, Any]) -> Schedule | None:
    """Returns the schedule of a config; None where it has none.

    Args:
        layout: whose layout the config has.
        constructor: which decides whose scheduler a name in lower case is.
        top: the config's keys that are read.
    """
    return own_schedule(top.get("scheduler"), constructor, ("scheduler",)) if layout == "pgaudit" else None


def own_schedule(given: Any, constructor: str, at: Path = ()) -> Schedule | None:
    """Returns a schedule that is written as in a config of ours; None for what is none.

    Args:
        given: a mapping with a ``type``, or a list of such mappings.
        constructor: the config's.
        at: where it stands in the config; empty for an option.
    """
    first = next(iter(given), None) if isinstance(given, list) else given
    if not isinstance(first, Mapping) or not isinstance(first.get("type"), str):
        return None
    library, own = library_of(first["type"], constructor)
    return Schedule(library, given if isinstance(given, list) else {**given, "type": own}, at=at)
