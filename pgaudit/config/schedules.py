"""How the lr changes over time, as each layout says it: ``scheduler:`` in a config of ours.

A training config of one's own may have a ``scheduler`` of another kind. Only what has a ``type`` is taken for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.core.location import Path
from pgaudit.core.schedule import Schedule
from pgaudit.files.yaml_text import read_yaml
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


def schedule_option(text: str, source: object) -> Schedule:
    """Returns what the option ``--scheduler`` says.

    Args:
        text: YAML, as in a config of ours.
        source: what it is about; a config decides whose scheduler a name in lower case is.

    Raises:
        UsageError: it is no schedule.
        ConfigError: it is no valid YAML.
    """
    constructor = source.constructor if isinstance(source, Config) else "torch"
    schedule = own_schedule(read_yaml(text.encode(), "--scheduler").value, constructor)
    if schedule is None:
        hint = "--scheduler '{type: CosineAnnealingLR, T_max: 100}'"
        raise UsageError('--scheduler: a schedule is a mapping with a "type", or a list of such', hint)
    return schedule
