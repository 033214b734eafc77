"""timm's schedulers (timm 1.0.31, ``timm/scheduler``), as ``create_scheduler_v2`` makes them.

``{type: cosine, num_epochs: 300, warmup_epochs: 5, min_lr: 1.0e-5}``: ``type`` is its ``sched``, the rest are its
arguments. The arguments of timm's own ``train.py`` are taken, too: see :mod:`pgaudit.schedules.timm.arguments`.

All multiply what they compute by each group's ``lr_scale``, and count epochs unless ``step_on_epochs`` is false.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pgaudit.core.findings import meant
from pgaudit.core.schedule import Schedule
from pgaudit.schedules.base import ScheduleError, Started, described
from pgaudit.schedules.timm.arguments import Call, call_of
from pgaudit.schedules.timm.steps import TimmStepper, Untouched, end_of, is_by_metric, turning_points, warm_up_of
from pgaudit.text import format_exception, quoted

if TYPE_CHECKING:
    from torch.optim import Optimizer

NAME = WITH = "timm"
PACKAGE = "timm"
READ: Mapping[str, Sequence[str]] = {}

SCHEDULES = ("cosine", "tanh", "step", "multistep", "poly", "wsd", "rsqrt", "constant", "plateau", "none")
"""What 1.0.31 knows as ``sched``: what a typo may have meant. What there is, the installed timm decides."""


def start(schedule: Schedule, optimizer: Optimizer) -> Started:
    """See :class:`pgaudit.schedules.base.SchedulerLibrary`."""
    if not isinstance(schedule.given, Mapping):
        raise ScheduleError("timm makes one scheduler, from a mapping", "{type: cosine, num_epochs: 300}")
    call = call_of(schedule)
    made, epochs = _made(call, optimizer)
    run = schedule.run
    if run is None and call.knows_length:
        run = int(epochs * call.updates_per_epoch)
    title = described(call.sched, dict(call.stated))
    if made is None:
        return Started(title, Untouched(optimizer), call.unit, run=run, direct=True)
    return _started(made, optimizer, title, run)


def is_by_group(schedule: Schedule) -> bool:
    """Whether an argument lists a value for each group: only ``plateau`` takes that, for ``min_lr``."""
    return isinstance(schedule.given, Mapping) and isinstance(schedule.given.get("min_lr"), list)


def is_of_timm(scheduler: Any) -> bool:
    """Whether a live scheduler is one of timm's, or of a class derived from them."""
    return any(each.__module__.partition(".")[0] == "timm" for each in type(scheduler).__mro__)


def started(scheduler: Any, optimizer: Optimizer) -> Started:
    """Returns a live scheduler of timm's as something to ask for lrs; it may be stepped, and its optimizer changed."""
    held = vars(scheduler)
    told = {key: held[key] for key in ("t_initial", "decay_t", "warmup_t", "lr_min") if held.get(key)}
    return _started(scheduler, optimizer, described(type(scheduler).__name__, told), None)


def _started(scheduler: Any, optimizer: Optimizer, title: str, run: int | None) -> Started:
    note = f"{title} lowers the lr by a metric, which only the training knows"
    return Started(
        title,
        TimmStepper(scheduler, optimizer, title),
        "epoch" if scheduler.t_in_epochs else "step",
        tuple(sorted({0, *turning_points(scheduler, run)})),
        end_of(scheduler),
        warm_up_of(scheduler),
        run,
        direct=True,
        notes=(note,) if is_by_metric(scheduler) else (),
    )


def _made(call: Call, optimizer: Optimizer) -> tuple[Any, Any]:
    """The scheduler, which is None for the ``sched`` that leaves the lr alone, and the epochs of the whole training."""
    from timm import __version__
    from timm.scheduler.scheduler_factory import create_scheduler_v2

    try:
        made, epochs = create_scheduler_v2(optimizer, sched=call.sched, **call.arguments)
        unknown = made is None and call.sched != "none"  # earlier versions say no more of an unknown name
    except Exception as error:
        unknown = call.sched not in SCHEDULES and "Unknown scheduler" in str(error)
        if not unknown:
            raise ScheduleError(f"timm's create_scheduler_v2 would raise {_told(error)}") from error
    if unknown:
        message = f"timm {__version__} has no scheduler {quoted(call.sched)}"
        hint = meant(call.sched, SCHEDULES) or f"it has {', '.join(SCHEDULES)}"
        raise ScheduleError(message, hint, call.sched_key)
    return made, epochs


def _told(error: Exception) -> str:
    """What an exception says; of an assertion without a message, what was asserted."""
    *_, last = traceback.extract_tb(error.__traceback__)
    empty = isinstance(error, AssertionError) and not str(error)
    return f"AssertionError: {last.line}" if empty and last.line else format_exception(error)
