"""What a call from Python says of the lr over time → what is asked of the source, and the live schedulers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, SupportsIndex

from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.core.schedule import Schedule, ScheduleRequest
from pgaudit.text import one_line

if TYPE_CHECKING:
    from pgaudit.sources.source import Source

_EXAMPLE = '{"type": "CosineAnnealingLR", "T_max": 100}'


def schedule_request(
    scheduler: object, at: Iterable[int], steps: int | None, epoch_steps: int | None, source: Source | None
) -> tuple[object, ScheduleRequest]:
    """Returns the live schedulers, None where there are none, and what is asked about the lr over time.

    Args:
        scheduler: live schedulers, or a schedule as in YAML; None for neither.
        at: after how many steps or epochs.
        steps: how long the run is.
        epoch_steps: how many steps an epoch has.
        source: a config or what a path leads to; None for optimizers that are built.

    Raises:
        UsageError: an argument is not for what is given, or makes no sense.
    """
    if isinstance(at, (int, str, bytes)):
        raise UsageError(f"at= holds steps, and {one_line(repr(at), limit=40)} is no list of them", "at=(0, 1000)")
    asked = tuple(sorted({_whole("at", step, least=0) for step in at}))
    run = None if steps is None else _whole("steps", steps, least=1)
    per_epoch = None if epoch_steps is None else _whole("epoch_steps", epoch_steps, least=1)
    request = ScheduleRequest(asked, None, run, per_epoch)
    if scheduler is None or not _is_plain(scheduler, of_built=source is None):
        if scheduler is not None and source is not None:
            hint = f"a schedule as in YAML says what is meant: scheduler={_EXAMPLE}"
            raise UsageError("a live scheduler= is for optimizers that are built", hint)
        return scheduler, request
    return None, replace(request, schedule=_schedule(scheduler, source))


def _whole(name: str, number: object, *, least: int) -> int:
    """A whole number, of numpy's too."""
    if isinstance(number, bool) or not isinstance(number, SupportsIndex) or (found := number.__index__()) < least:
        raise UsageError(f"{name}= takes whole numbers from {least} up, and {one_line(repr(number), limit=40)} is none")
    return found


def _is_plain(scheduler: object, *, of_built: bool) -> bool:
    """Whether it is a schedule as YAML has it; beside built optimizers a mapping may hold live schedulers by name."""
    first = next(iter(scheduler), None) if isinstance(scheduler, (list, tuple)) else scheduler
    return isinstance(first, Mapping) and (not of_built or isinstance(first.get("type"), str))


def _schedule(given: Any, source: Source | None) -> Schedule:
    from pgaudit.config.schedules import own_schedule

    constructor = source.constructor if isinstance(source, Config) else "torch"
    found = own_schedule(list(given) if isinstance(given, tuple) else given, constructor)
    if found is None:
        raise UsageError('scheduler=: a schedule is a mapping with a "type", or a list of such', _EXAMPLE)
    return replace(found, option="scheduler=")
