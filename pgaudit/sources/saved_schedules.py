"""What a JSON report says of the lr over time: ``lr_at`` of each parameter, and ``schedule`` of each optimizer."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.errors import ConfigError
from pgaudit.core.location import whole_file
from pgaudit.core.schedule import LrOverTime, OptimizerSchedule
from pgaudit.files.schemas import whole
from pgaudit.text import quoted

_Data = Mapping[str, Any]
_Lrs = dict[Hashable, tuple[float | None, ...]]


def saved_over_time(
    optimizers: Sequence[_Data], params: Sequence[tuple[ParamAssignment, _Data]], path: str | None
) -> LrOverTime | None:
    """Returns the lrs over time that a report holds; None where it holds none, and no schedule.

    Args:
        optimizers: entries of ``optimizers``.
        params: each parameter with its entry of ``params``.
        path: of the report, for messages.

    Raises:
        ConfigError: a step is none, parameters have other steps than the first one, or two of a group have other lrs.
    """
    asked = _steps(params[0][1].get("lr_at", {}), path) if params else ()
    lrs: list[_Lrs] = [{} for _ in optimizers]
    moving = [each.get("schedule") is not None for each in optimizers]
    for param, data in params:
        given = data.get("lr_at", {})
        if _steps(given, path) != asked:
            raise _wrong(f"{quoted(param.name)} has `lr_at` of other steps than {quoted(params[0][0].name)}", path)
        at, group = param.optimizer, param.group
        if at is None or group is None or at >= len(lrs):
            continue
        own = tuple(None if (lr := given[str(step)]) is None else float(lr) for step in asked)
        if lrs[at].setdefault(group, own) != own:
            raise _wrong(f"{quoted(param.name)} has another `lr_at` than the rest of its group {group}", path)
        moving[at] |= any(lr != param.lr for lr in own)
    if not asked and not any(moving):
        return None
    found = (
        _schedule(each.get("schedule") or {}, asked, its) if moves else None
        for each, its, moves in zip(optimizers, lrs, moving, strict=True)
    )
    return LrOverTime(asked, tuple(found))


def _steps(given: _Data, path: str | None) -> tuple[int, ...]:
    wrong = next((key for key in given if not (key.isascii() and key.isdecimal() and str(int(key)) == key)), None)
    if wrong is not None:
        raise _wrong(f"`lr_at` is by step, and {quoted(wrong)} is none", path)
    return tuple(sorted(map(int, given)))


def _schedule(data: _Data, asked: tuple[int, ...], lrs: _Lrs) -> OptimizerSchedule:
    points = tuple(sorted({int(point) for point in data.get("turning_points", ())}))
    ends, run, warms_up = (whole(data.get(key)) for key in ("ends", "run", "warms_up"))
    title, unit = data.get("title", ""), data.get("unit", "step")
    return OptimizerSchedule(title, unit, asked, points, lrs, True, ends=ends, run=run, warms_up=warms_up)


def _wrong(message: str, path: str | None) -> ConfigError:
    return ConfigError(message, "pgaudit show MODEL CONFIG --at 0,100 --format json", whole_file(path))
