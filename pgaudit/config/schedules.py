"""How the lr changes over time, as each layout says it: ``scheduler:`` in a config of ours, ``param_scheduler`` in
mmengine's, ``lr_config`` in mmcv 1.x's, and detectron2's ``SOLVER``.

A training config of one's own may have a ``scheduler`` of another kind. Only what has a ``type`` is taken for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pgaudit.core.location import Path
from pgaudit.core.schedule import Schedule
from pgaudit.schedules.libraries import library_of


def schedule_of(layout: str, constructor: str, top: Mapping[str, Any], scope: object = None) -> Schedule | None:
    """Returns the schedule of a config; None where it has none.

    Args:
        layout: whose layout the config has.
        constructor: which decides whose scheduler a name in lower case is.
        top: the config's keys that are read.
        scope: mmengine's ``default_scope``, where that is not among them.
    """
    if layout == "pgaudit":
        return own_schedule(top.get("scheduler"), constructor, ("scheduler",))
    if layout == "detectron2":
        solver = top.get("SOLVER")
        return Schedule("detectron2", solver, at=("SOLVER",)) if isinstance(solver, Mapping) else None
    key = {"mmengine": "param_scheduler", "mmcv": "lr_config"}.get(layout)
    given = top.get(key) if key is not None else None
    if key is None or not given:
        return None
    if layout == "mmengine":
        around = {"train_cfg": top.get("train_cfg"), "default_scope": top.get("default_scope", scope)}
        return Schedule("mmengine", given, at=(key,), around=around) if _sets_lr(given) else None
    around = {name: top[name] for name in ("runner", "total_epochs", "total_iters") if name in top}
    return Schedule("mmcv", given, at=(key,), around=around)


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
    if isinstance(given, list):
        return Schedule(library, [_of(library, each) for each in given], at=at)
    return Schedule(library, {**given, "type": own}, at=at)


def _of(library: str, entry: Any) -> Any:
    """An entry of a list, with its type as its library calls it."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("type"), str):
        return entry
    return {**entry, "type": entry["type"].removeprefix(f"{library}:")}


def _sets_lr(given: Any) -> bool:
    """Whether one of mmengine's schedulers may set a lr, and not a momentum or another parameter."""
    entries: Iterable[Any] = given if isinstance(given, (list, tuple)) else [given]
    return not all(isinstance(each, Mapping) and _sets_other(each) for each in entries)


def _sets_other(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("type")).endswith("Momentum") or entry.get("param_name", "lr") != "lr"
