"""A schedule × the groups of an optimizer → its lrs over time, by the real classes on stand-in groups.

Groups of equal values are one stand-in of one tensor, so that a thousand parameters cost no more than three. What the
classes of torch and timm answered is remembered, as in :mod:`pgaudit.optimizers.library`.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pgaudit.core.location import Path
from pgaudit.core.schedule import SCALES, OptimizerSchedule, Schedule, ScheduleRequest
from pgaudit.optimizers.exact import digest, encoded
from pgaudit.schedules.base import Lrs, ScheduleError, SchedulerLibrary, Started
from pgaudit.schedules.libraries import scheduler_library
from pgaudit.user_code import suppress_output

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from pgaudit.optimizers.library import Memo

Start = Callable[[Sequence[Mapping[str, Any]]], Started]
"""Starts a schedule on groups that hold this."""
FAR = 100_000
"""Turning points beyond this are looked at only where a class can be asked straight away, or the user asks."""

_CURVE = 160
"""Parts of the run for a picture."""
_REMEMBERED = ("torch", "timm")
"""The libraries of which it is known when they change."""


@dataclass(frozen=True)
class StandIns:
    """What stands for the groups of an optimizer."""

    keys: tuple[Hashable, ...]
    groups: tuple[Mapping[str, Any], ...]
    """What each holds, beside its parameters."""
    defaults: Mapping[str, Any]
    """What the optimizer fills into a group; a schedule may look for ``momentum`` or ``betas`` there."""


def followed(
    schedule: Schedule, stand_ins: StandIns, request: ScheduleRequest, memo: Memo | None = None
) -> OptimizerSchedule:
    """Returns what a schedule makes of the lrs of an optimizer's groups: at the steps that are asked, and at its
    turning points.

    Raises:
        ScheduleError: it cannot be made.
    """
    schedule = replace(
        schedule,
        run=schedule.run if request.run is None else request.run,
        epoch_steps=schedule.epoch_steps if request.epoch_steps is None else request.epoch_steps,
    )
    library = scheduler_library(schedule.library)
    groups = [dict(group) for group in stand_ins.groups]
    asked = [sorted({*request.at, *request.also}), request.plot]
    plain = [schedule.library, schedule.given, schedule.run, schedule.epoch_steps, *asked]
    question = digest(["schedule", *plain, groups, dict(stand_ins.defaults)])
    if schedule.library not in _REMEMBERED:
        question = None
    known = None if memo is None or question is None else memo.get("answers", question)
    if known is None:
        start = partial(_started, library, schedule, stand_ins.defaults)
        known = answered(start, stand_ins.groups, request, schedule.run)
        if memo is not None and question is not None:
            with contextlib.suppress(TypeError):
                memo.learn("answers", question, encoded(known))
    return as_schedule(known, stand_ins.keys, by_group=library.is_by_group(schedule), at=schedule.at)


def as_schedule(known: dict[str, Any], keys: Sequence[Hashable], *, by_group: bool, at: Path = ()) -> OptimizerSchedule:
    """Returns what :func:`answered` says, with the lrs by the groups' keys."""
    lrs, curves = (dict(zip(keys, known.pop(name), strict=True)) for name in ("lrs", "curves"))
    return OptimizerSchedule(**known, lrs=lrs, curves=curves, by_group=by_group, at=at)


def stand_in_optimizer(groups: Sequence[Mapping[str, Any]], defaults: Mapping[str, Any]) -> Optimizer:
    """Returns an optimizer that holds what these groups hold, with one tensor of no cost in each."""
    import torch

    own = {key: value for key, value in defaults.items() if key not in ("params", "lr")}
    filled = [{"params": [torch.empty(1, device="meta", requires_grad=True)], **group} for group in groups]
    return torch.optim.Optimizer(filled, {"lr": 0.0, **own})


def answered(
    start: Start, groups: Sequence[Mapping[str, Any]], request: ScheduleRequest, run: int | None = None
) -> dict[str, Any]:
    """Returns all that there is to say of a schedule, as plain data: what :class:`OptimizerSchedule` holds, with
    a tuple of lrs for each group.

    Args:
        start: starts it on groups that hold this.
        groups: what the groups hold.
        request: what is asked.
        run: how long the run is, where the schedule itself does not say it.
    """
    started = start(groups)
    points = [point for point in started.turning_points if started.direct or point <= FAR]
    steps = sorted({*points, *request.at, *request.also})
    run = run if started.run is None else started.run
    curve = _along(run or started.ends or points[-1]) if request.plot else []
    every = sorted({*steps, *curve})
    lrs = dict(zip(every, _lrs(started, every, request), strict=True))
    held = [key for key in SCALES if any(group.get(key, 1.0) != 1.0 for group in groups)]
    read = [key for key in held if _is_read(key, start, groups, points)]
    return {
        "title": started.title,
        "unit": started.unit,
        "steps": tuple(steps),
        "turning_points": tuple(points),
        "ends": started.ends,
        "run": run,
        "warms_up": started.warms_up,
        "read": tuple(read),
        "unread": tuple(key for key in held if key not in read),
        "notes": started.notes,
        "lrs": _by_group(lrs, steps, len(groups)),
        "curve_steps": tuple(curve),
        "curves": _by_group(lrs, curve, len(groups)),
    }


def _by_group(lrs: Mapping[int, Lrs], steps: Sequence[int], groups: int) -> list[tuple[float | None, ...]]:
    """The lrs along some steps, of each group."""
    along = [lrs[step] for step in steps]
    return [tuple(None if each is None else each[group] for each in along) for group in range(groups)]


def _along(end: int) -> list[int]:
    """So many steps as a picture needs, evenly from the begin to the end."""
    return sorted({round(index * end / _CURVE) for index in range(_CURVE + 1)}) if end else []


def _is_read(key: str, start: Start, groups: Sequence[Mapping[str, Any]], points: Sequence[int]) -> bool:
    """Whether the schedule sets other lrs where groups lack a key."""
    without = [{name: value for name, value in group.items() if name != key} for group in groups]
    near = [point for point in points if point <= FAR] or [0]
    given, other = (_lrs(start(each), near, ScheduleRequest()) for each in (groups, without))
    return given != other


def _lrs(started: Started, steps: Sequence[int], request: ScheduleRequest) -> list[Lrs]:
    with silent():
        return started.stepper.lrs(steps, request.tell)


def _started(
    library: SchedulerLibrary, schedule: Schedule, defaults: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]
) -> Started:
    try:
        with suppress_output(), silent():
            return library.start(schedule, stand_in_optimizer(groups, defaults))
    except ImportError as error:
        message = f"the lr over time is asked of {library.WITH} itself, which is not installed: {error}"
        raise ScheduleError(message, f"pip install {library.WITH}") from error


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """torch warns of what does not matter for stand-ins: no step of the optimizer is made, and ``step(epoch)``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
