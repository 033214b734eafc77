"""A schedule × the groups of an optimizer → its lrs over time, by the real classes on stand-in groups.

Groups of equal values are one stand-in of one tensor, so that a thousand parameters cost no more than three. What the
classes answered is remembered, as in :mod:`pgaudit.optimizers.library`; of other libraries than torch and timm, under
the state of their files.
"""

from __future__ import annotations

import contextlib
import logging
import shlex
import sys
import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pgaudit import user_code
from pgaudit.core.errors import PgauditError
from pgaudit.core.location import Path
from pgaudit.core.schedule import SCALES, OptimizerSchedule, Schedule, ScheduleRequest
from pgaudit.files.packages import package_folder, source_states
from pgaudit.optimizers.construct import untraced
from pgaudit.optimizers.exact import digest, encoded
from pgaudit.schedules.base import CannotFollow, Lrs, ScheduleError, SchedulerLibrary, Started
from pgaudit.schedules.libraries import scheduler_library
from pgaudit.text import format_exception, one_line
from pgaudit.user_code import suppress_output

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from pgaudit.optimizers.library import Memo

Start = Callable[[Sequence[Mapping[str, Any]]], Started]
"""Starts a schedule on groups that hold this."""
FAR = 100_000
"""Turning points beyond this are looked at only where a class can be asked straight away, or the user asks."""
_CURVE = 400
"""Parts of the run for a picture."""
_TURNS = 200
"""Turning points that it shows exactly."""


@dataclass(frozen=True)
class StandIns:
    """What stands for the groups of an optimizer."""

    keys: tuple[Hashable, ...]
    groups: tuple[Mapping[str, Any], ...]
    """What each holds, beside its parameters."""
    defaults: Mapping[str, Any]
    """What the optimizer fills into a group; a schedule may look for ``momentum`` or ``betas`` there."""
    kind: str = "Optimizer"
    """The name of the optimizer's class; a schedule of mmcv's may have a lr for each class."""


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
    _refuse_missing(library)
    question = None if memo is None else _question(library, schedule, stand_ins, request)
    known = None if memo is None or question is None else memo.get("answers", question)
    if known is None:
        start = partial(_started, library, schedule, stand_ins)
        known = answered(start, stand_ins.groups, request, schedule.run, from_begin=True)
        if memo is not None and question is not None:
            with contextlib.suppress(TypeError):
                memo.learn("answers", question, encoded(known))
    return as_schedule(known, stand_ins.keys, by_group=library.is_by_group(schedule), at=schedule.at)


def _question(
    library: SchedulerLibrary, schedule: Schedule, stand_ins: StandIns, request: ScheduleRequest
) -> str | None:
    """What an answer is remembered under; None where something is no plain value."""
    folders = {package_folder(package): parts for package, parts in library.READ.items()}
    files = [source_states(folder, parts) for folder, parts in folders.items() if folder is not None]
    said = [schedule.library, files, schedule.given, dict(schedule.around), schedule.is_own]
    asked = [schedule.run, schedule.epoch_steps, list(request.steps), request.plot, request.sketch]
    groups = [list(map(dict, stand_ins.groups)), dict(stand_ins.defaults), stand_ins.kind]
    return digest(["schedule", *said, *asked, *groups])


def as_schedule(known: dict[str, Any], keys: Sequence[Hashable], *, by_group: bool, at: Path = ()) -> OptimizerSchedule:
    """Returns what :func:`answered` says, with the lrs by the groups' keys."""
    lrs, curves = (dict(zip(keys, known.pop(name), strict=True)) for name in ("lrs", "curves"))
    return OptimizerSchedule(**known, lrs=lrs, curves=curves, by_group=by_group, at=at)


def stand_in_optimizer(
    groups: Sequence[Mapping[str, Any]], defaults: Mapping[str, Any], kind: str = "Optimizer"
) -> Optimizer:
    """Returns an optimizer that holds what these groups hold, with one tensor of no cost in each.

    Args:
        groups: what each holds, beside its parameters.
        defaults: what is filled into a group.
        kind: the name of its class.
    """
    import torch

    own = {key: value for key, value in defaults.items() if key != "params"}
    filled = [{"params": [torch.empty(1, device="meta", requires_grad=True)], **group} for group in groups]
    stand_in: type[Optimizer] = type(kind, (untraced(torch.optim.Optimizer),), {})
    return stand_in(filled, {"lr": 0.0, **own})


def answered(
    start: Start,
    groups: Sequence[Mapping[str, Any]],
    request: ScheduleRequest,
    run: int | None = None,
    *,
    from_begin: bool = False,
) -> dict[str, Any]:
    """Returns all that there is to say of a schedule, as plain data: what :class:`OptimizerSchedule` holds, with
    a tuple of lrs for each group.

    Args:
        start: starts it on groups that hold this.
        groups: what the groups hold.
        request: what is asked.
        run: how long the run is, where the schedule itself does not say it.
        from_begin: whether no step has been made yet, so that every training makes the first one.

    Raises:
        ScheduleError: a step raises that somebody asks for, or that every training makes.
    """
    started = start(groups)
    run = run if started.run is None else started.run
    points = [point for point in started.turning_points if started.direct or point <= FAR]
    end = run or started.ends or _one_phase_more(points)
    curve = _along(end, points) if request.plot or (request.sketch and (started.direct or end <= FAR)) else []
    wanted = {*points, *request.steps}
    more = [step for step in between(points, started.ends, run) if started.direct or step <= FAR]
    tried = ({*wanted, *more}, {*wanted, 1}, *(() if from_begin else (wanted,)))
    curves = (curve, []) if curve else ([],)  # a function of the user's own need not know every step
    choices = [(steps, along) for along in curves for steps in tried]
    every, found = _lrs_along(start, started, groups, [{*steps, *along} for steps, along in choices], request)
    lrs = dict(zip(every, found, strict=True))
    chosen, curve = next((steps, along) for steps, along in choices if {*steps, *along} == {*every})
    steps = sorted(chosen)
    held = [key for key in SCALES if any(group.get(key, 1.0) != 1.0 for group in groups)]
    read = [key for key in held if _is_read(key, start, groups, {step: lrs[step] for step in steps})]
    return {
        "title": started.title,
        "unit": started.unit,
        "steps": tuple(steps),
        "turning_points": tuple(points),
        "ends": started.ends,
        "run": run,
        "warms_up": started.warms_up,
        "cycles_momentum": started.cycles_momentum,
        "read": tuple(read),
        "unread": tuple(key for key in held if key not in read),
        "notes": started.notes,
        "stopped": started.stepper.stopped,
        "lrs": _by_group(lrs, steps, len(groups)),
        "curve_steps": tuple(curve),
        "curves": _by_group(lrs, curve, len(groups)),
    }


def between(points: Sequence[int], ends: int | None, run: int | None) -> Iterator[int]:
    """Yields further steps at which findings look: the run's end, the middle of each phase and the step before its end,
    and a whole length past the schedule's end, where a cosine is at its height again.
    """
    if run is not None:
        yield run
    if run is not None and ends is not None:
        yield min(2 * ends, run)
    if points == [0]:
        yield from (1, 10, 100)
    known = sorted({*points, *(() if run is None else (run,))})
    for begin, end in pairwise(known):
        yield from (begin + (end - begin) // 2, end - 1)


def _by_group(lrs: Mapping[int, Lrs], steps: Sequence[int], groups: int) -> list[tuple[float | None, ...]]:
    """The lrs along some steps, of each group."""
    along = [lrs[step] for step in steps]
    return [tuple(None if each is None else each[group] for each in along) for group in range(groups)]


def _one_phase_more(points: Sequence[int]) -> int:
    """How long a picture is of a schedule that has no end, where nothing says how long the run is."""
    return points[-1] + (points[-1] - points[-2] if len(points) > 1 else 0)


def _along(end: int, points: Sequence[int]) -> list[int]:
    """So many steps as a picture needs: evenly from the begin to the end, and where it turns, with the step before."""
    evenly = {round(index * end / _CURVE) for index in range(_CURVE + 1)}
    turns = {step for point in points[:_TURNS] for step in (point - 1, point) if 0 <= step <= end}
    return sorted(evenly | turns) if end else []


def _is_read(key: str, start: Start, groups: Sequence[Mapping[str, Any]], lrs: Mapping[int, Lrs]) -> bool:
    """Whether the schedule sets other lrs where groups lack a key."""
    without = [{name: value for name, value in group.items() if name != key} for group in groups]
    near = [step for step in lrs if step <= FAR]
    return [lrs[step] for step in near] != _lrs(start(without), near, ScheduleRequest())


def _lrs_along(
    start: Start,
    started: Started,
    groups: Sequence[Mapping[str, Any]],
    tried: Sequence[set[int]],
    request: ScheduleRequest,
) -> tuple[list[int], list[Lrs]]:
    """The lrs at the first of several choices of steps that does not raise: a function of the user's own need not know
    any step that nobody asked about.
    """
    *first, last = (sorted(steps) for steps in tried)
    for steps in first:
        try:
            return steps, _lrs(started, steps, request)
        except ScheduleError:
            started = start(groups)
    return last, _lrs(started, last, request)


def _lrs(started: Started, steps: Sequence[int], request: ScheduleRequest) -> list[Lrs]:
    try:
        with silent():
            return started.stepper.lrs(steps, request.tell)
    except PgauditError:
        raise
    except Exception as error:
        message = f"{started.title} would raise {format_exception(error)} within {steps[-1]:,} {started.unit}s"
        raise ScheduleError(message) from error


def _started(
    library: SchedulerLibrary, schedule: Schedule, stand_ins: StandIns, groups: Sequence[Mapping[str, Any]]
) -> Started:
    try:
        with suppress_output(), silent():
            return library.start(schedule, stand_in_optimizer(groups, stand_ins.defaults, stand_ins.kind))
    except ImportError as error:
        raise _not_importable(library, one_line(error)) from error


def _refuse_missing(library: SchedulerLibrary) -> None:
    """Raises CannotFollow for a library that is not there, before torch is imported for nothing."""
    if library.NAME not in user_code.LIBRARIES and user_code.forbidden():
        message = f"the lr over time is asked of {library.NAME} itself, and --no-code (or {user_code.NO_CODE}) lets "
        raise CannotFollow(message + "no code run but torch's and timm's")
    if library.PACKAGE is not None and library.PACKAGE not in sys.modules and find_spec(library.PACKAGE) is None:
        raise _not_importable(library, f"{library.PACKAGE} is not installed")


def _not_importable(library: SchedulerLibrary, why: str) -> CannotFollow:
    message = f"the lr over time is asked of {library.NAME} itself, which cannot be imported: {why}"
    return CannotFollow(message, f"pip install {shlex.quote(library.WITH)}")


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """torch warns of what does not matter for stand-ins: no step of the optimizer is made, and ``step(epoch)``. Other
    libraries log as much when they are imported.
    """
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
