"""An assignment × what is known of its schedules → its lrs over time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgaudit.core.assignment import Assignment
from pgaudit.core.config import Config
from pgaudit.core.errors import ConfigError, PgauditError, UsageError
from pgaudit.core.schedule import LrOverTime, OptimizerSchedule, Schedule, ScheduleRequest, scheduled_as
from pgaudit.core.setting import Setting
from pgaudit.schedules.base import CannotFollow, ScheduleError
from pgaudit.schedules.follow import StandIns, followed
from pgaudit.schedules.libraries import scheduler_library
from pgaudit.text import one_line, visible

if TYPE_CHECKING:
    from pgaudit.optimizers.library import Memo

Follow = Callable[[int], "OptimizerSchedule | None"]
"""Returns what becomes of the lrs of an optimizer, by its index; None for one without a schedule."""


def lr_over_time(assignment: Assignment, follow: Follow, request: ScheduleRequest) -> LrOverTime | None:
    """Returns what becomes of an assignment's lrs; None where there is no schedule, and nobody asks.

    Args:
        assignment: what the parameters train with.
        follow: asks the schedule of an optimizer.
        request: what is asked.
    """
    found = tuple(map(follow, range(len(assignment.optimizers))))
    if not any(found) and not request.at:
        return None
    notes = tuple(_notes(assignment, found, request.at))
    return LrOverTime(request.at, found, notes, replace(request, tell=None))


def schedule_over_time(
    config: Config,
    assignment: Assignment,
    schedule: Schedule | None,
    defaults: Mapping[str, Any],
    request: ScheduleRequest,
    memo: Memo | None = None,
) -> LrOverTime | None:
    """Returns what a schedule makes of the lrs of a config's optimizer.

    Args:
        config: in which the schedule stands, if it does.
        assignment: what the parameters train with.
        schedule: the config's, or the one that is asked about in its place.
        defaults: what the optimizer fills into its groups.
        request: what is asked.
        memo: where the answers of the libraries are kept.

    A schedule that cannot be followed is an error where its lrs are asked for. Elsewhere it is a note, unless it is
    wrong, and pgaudit's own: a training config means what its library makes of it.

    Raises:
        ConfigError: the schedule cannot be followed, or the library refuses it.
    """
    notes: list[str] = []

    def follow(optimizer: int) -> OptimizerSchedule | None:
        if schedule is None:
            return None
        try:
            return follow_schedule(assignment, optimizer, schedule, defaults, request, memo)
        except ScheduleError as error:
            if request.asks or not (isinstance(error, CannotFollow) or not schedule.is_own):
                raise placed(error, schedule, config) from error
            notes.append(_unfollowed(error, schedule))
            return None

    found = lr_over_time(assignment, follow, request)
    if not notes:
        return found
    return LrOverTime(request.at, (None,) * len(assignment.optimizers), tuple(notes))


def _unfollowed(error: ScheduleError, schedule: Schedule) -> str:
    (finding,) = error.findings
    hint = f"; {finding.hint}" if finding.hint else ""
    return f"`{visible('.'.join(map(str, schedule.at)))}` is not followed: {one_line(finding.message)}{hint}"


def placed(error: ScheduleError, schedule: Schedule, config: Config | None = None) -> PgauditError:
    """Returns the error at its place in the config, or as one of the option ``--scheduler``."""
    (finding,) = error.findings
    if config is None or not schedule.at:
        return UsageError(f"{schedule.option}: {finding.message}", finding.hint)
    if schedule.refused is not None:
        return ConfigError([schedule.refused])
    beside = schedule.places.get(str(error.below[0])) if error.below else None
    at = (*schedule.at, *error.below) if beside is None else (*beside, *error.below[1:])
    return config.error(finding.message, *at, hint=finding.advice)


def follow_schedule(
    assignment: Assignment,
    optimizer: int,
    schedule: Schedule,
    defaults: Mapping[str, Any],
    request: ScheduleRequest,
    memo: Memo | None = None,
) -> OptimizerSchedule:
    """Returns what a schedule makes of the lrs of one optimizer.

    Args:
        assignment: what the parameters train with.
        optimizer: which one.
        schedule: as a config or an option says it.
        defaults: what the optimizer fills into its groups.
        request: what is asked.
        memo: where the answers of the libraries are kept.

    Raises:
        ScheduleError: it cannot be made.
    """
    if schedule.refused is not None:
        raise CannotFollow(schedule.refused.message, schedule.refused.hint)
    by_group = scheduler_library(schedule.library).is_by_group(schedule)
    found = dict(_groups(assignment, optimizer, by_group=by_group))
    its = assignment.optimizers[optimizer]
    kind = (its.class_name or its.type or "Optimizer").rpartition(".")[2]
    stand_ins = StandIns(tuple(found), tuple(found.values()), defaults, kind)
    return followed(schedule, stand_ins, request, memo)


def _groups(assignment: Assignment, optimizer: int, *, by_group: bool) -> Iterator[tuple[Hashable, dict[str, Any]]]:
    """What each group holds; of those to which a schedule gives the same, unless it must have all, one."""
    seen: set[Hashable] = set()
    for group in assignment.groups:
        if group.optimizer != optimizer:
            continue
        key = scheduled_as(group.setting, group.index if by_group else None)
        if key not in seen and group.setting.lr is not None:
            seen.add(key)
            yield key, held(group.setting)


def held(setting: Setting) -> dict[str, Any]:
    """Returns what a group holds that a schedule may look at."""
    return {"lr": setting.lr, **setting.extra}


def _notes(assignment: Assignment, found: Sequence[OptimizerSchedule | None], at: Sequence[int]) -> Iterator[str]:
    """What a reader of the lrs should know."""
    if at and not any(found):
        when = "every step" if len(at) > 1 else "that step"
        hint = " (a config's `scheduler` has a `type`)" if assignment.origin == "config" else ""
        yield f"there is no schedule{hint}, so the lr at {when} is the lr itself"
    for schedule in found:
        if schedule is None:
            continue
        yield from schedule.notes
        past = [step for step in at if schedule.run is not None and step > schedule.run]
        unknown = {
            step
            for index, step in enumerate(schedule.steps)
            if all(lrs[index] is None for lrs in schedule.lrs.values())
        }
        if schedule.stopped is not None and (lost := sorted(unknown.intersection(at))):
            steps = ", ".join(map(str, lost))
            yield f"{schedule.title} is past its end at {steps}, and has no lr there: it raises {schedule.stopped}"
        elif past:
            yield f"the run ends at {schedule.run}, before {', '.join(map(str, past))}"
