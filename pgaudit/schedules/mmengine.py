"""mmengine's schedulers (mmengine 0.10.7, mmengine/optim/scheduler): a config's ``param_scheduler``.

They are made as ``Runner.build_param_scheduler`` makes them (mmengine/runner/runner.py), and stepped as
``ParamSchedulerHook`` steps them: those by iteration after each iteration, those by epoch after each epoch. For
``IterBasedTrainLoop`` the whole run is one epoch. Those of a momentum are made, too, but only the lr is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pgaudit import user_code
from pgaudit.core.findings import meant
from pgaudit.core.schedule import Schedule
from pgaudit.schedules.base import ScheduleError, Started, described
from pgaudit.schedules.clock import Clock, Loop, clock, no_epoch_length, no_run_length
from pgaudit.schedules.replay import Replay
from pgaudit.text import format_exception, quoted, visible

if TYPE_CHECKING:
    from torch.optim import Optimizer

NAME = WITH = "mmengine"
PACKAGE = "mmengine"
READ: Mapping[str, Sequence[str]] = {"mmengine": ("optim", "registry", "version.py")}
_OF_ALL_GROUPS = frozenset({"milestones", "periods", "restart_weights"})
"""Arguments whose lists are no values for the groups."""
_UNTOLD = frozenset({"type", "_scope_", "by_epoch", "convert_to_iter_based", "verbose"})
"""What a title leaves out."""
_ENDLESS = 10**9
"""mmengine's ``INF``: where a scheduler ends that nobody ends."""


def start(schedule: Schedule, optimizer: Optimizer) -> Started:
    """See :class:`pgaudit.schedules.base.SchedulerLibrary`."""
    entries = entries_of(schedule)
    loop = Loop.of(schedule.around.get("train_cfg"))
    steps = [not _by_epoch(each) or bool(each.get("convert_to_iter_based")) for each in entries]
    time = clock(schedule, loop, epochs=not all(steps), steps=any(steps))
    made = [_made(each, index, schedule, optimizer, time, loop) for index, each in enumerate(entries)]
    of_lr = [(given, each) for given, each in zip(entries, made, strict=True) if each.param_name == "lr"]
    if not of_lr:
        raise ScheduleError("no scheduler here sets a lr")
    title = _title(of_lr)
    epoch = time.max_iters if loop.by_iteration else time.epoch_steps
    replay = Replay(optimizer, _Steps(made, time.unit == "epoch", epoch), title=title)
    schedulers = [each for _, each in of_lr if not (loop.by_iteration and each.by_epoch)]  # no epoch ends in time
    ends = [_end(each, time) for each in schedulers]
    return Started(
        title,
        replay,
        time.unit,
        tuple(sorted({0, *(point for each in schedulers for point in _turns(each, time))})),
        None if not ends or None in ends else max(end for end in ends if end is not None),
        next((_end(each, time) for each in schedulers if _warms_up(each)), None),
        time.run,
        notes=tuple(_notes(made)),
    )


def is_by_group(schedule: Schedule) -> bool:
    """Whether an argument is a list with a value for each group: ``eta_max``, ``min_value``."""
    given = schedule.given if isinstance(schedule.given, (list, tuple)) else [schedule.given]
    entries = (each for each in given if isinstance(each, Mapping))
    return any(
        isinstance(value, (list, tuple)) for each in entries for key, value in each.items() if key not in _OF_ALL_GROUPS
    )


def entries_of(schedule: Schedule) -> list[Mapping[str, Any]]:
    """Returns the schedulers of a schedule as mappings.

    Raises:
        ScheduleError: there is something else.
    """
    given = schedule.given if isinstance(schedule.given, (list, tuple)) else [schedule.given]
    for index, each in enumerate(given):
        if not isinstance(each, Mapping) or "type" not in each:
            at = () if given is not schedule.given else (index,)
            raise ScheduleError('a scheduler is a mapping with a "type"', "{type: CosineAnnealingLR, T_max: 100}", *at)
    return list(given)


@dataclass
class _Steps:
    """A step of the training, or an epoch of it: what ParamSchedulerHook does after that."""

    schedulers: Sequence[Any]
    of_epochs: bool
    """Whether each call is an epoch."""
    epoch_steps: int | None
    """After how many steps an epoch ends; None where none does."""
    made: int = 0

    def __call__(self) -> None:
        self.made += 1
        if not self.of_epochs:
            for each in self.schedulers:
                if not each.by_epoch:
                    each.step()
        if self.of_epochs or (self.epoch_steps and self.made % self.epoch_steps == 0):
            for each in self.schedulers:
                if each.by_epoch:
                    if getattr(each, "need_val_args", False) and each.param_name == "lr":
                        raise ValueError("only the training knows the metric")
                    each.step()


def _by_epoch(entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("by_epoch", True))


def _made(
    entry: Mapping[str, Any], index: int, schedule: Schedule, optimizer: Optimizer, time: Clock, loop: Loop
) -> Any:
    import mmengine.optim
    from mmengine.registry import PARAM_SCHEDULERS

    at = (index,) if isinstance(schedule.given, (list, tuple)) else ()
    name = str(entry["type"] if isinstance(entry["type"], str) else getattr(entry["type"], "__name__", entry["type"]))
    if entry.get("convert_to_iter_based") and time.epoch_steps is None:
        raise no_epoch_length(f"{visible(name)} is converted from epochs to steps")
    given = {key: value for key, value in entry.items() if key != "_scope_"}
    if entry["type"] not in PARAM_SCHEDULERS.module_dict:
        given |= _scope(entry, schedule)
    end = time.max_epochs if _by_epoch(entry) else time.max_iters
    if end is not None:
        given.setdefault("end", end)
    wrapped = optimizer if schedule.is_own else mmengine.optim.OptimWrapper(optimizer)
    # What an epoch-based config says in epochs is known here; a scheduler by iteration has to wait for its length.
    open_ended = "end" not in given and loop.max_epochs is not None
    try:
        made = PARAM_SCHEDULERS.build(given, default_args={"optimizer": wrapped, "epoch_length": time.epoch_steps})
    except Exception as error:
        raise _refused(name, given, error, at, PARAM_SCHEDULERS) from error
    if any(getattr(made, length, 0) > _ENDLESS // 2 for length in ("T_max", "total_iters", "total_steps")):
        raise (no_epoch_length if open_ended else no_run_length)(f"{visible(name)} lasts as long as the run")
    return made


def _scope(entry: Mapping[str, Any], schedule: Schedule) -> dict[str, str]:
    """The package in whose registry mmengine looks first, where it is installed: ``default_scope``.

    It is only asked for a class that is none of mmengine's, for it imports all that it needs to train a model.
    """
    from importlib.util import find_spec

    scope = entry.get("_scope_", schedule.around.get("default_scope"))
    if not isinstance(scope, str) or scope == NAME or not scope.isidentifier() or find_spec(scope) is None:
        return {}
    user_code.runs(scope)
    return {"_scope_": scope}


def _refused(name: str, given: Mapping[str, Any], error: Exception, at: Sequence[int], registry: Any) -> ScheduleError:
    kind = registry.module_dict.get(name)
    if kind is None and any(words in str(error) for words in ("is not in the", "Failed to get")):
        hint = meant(name, registry.module_dict) or "its classes stand in mmengine.optim.scheduler"
        return ScheduleError(f"mmengine has no scheduler {quoted(name)}", hint, *at, "type")
    stray = next((key for key in given if kind is not None and f"argument '{key}'" in str(error)), None)
    below = () if stray is None else (stray,)
    return ScheduleError(f"{visible(name)} would raise {format_exception(error)}", None, *at, *below)


def _title(of_lr: Sequence[tuple[Mapping[str, Any], Any]]) -> str:
    words = []
    for given, made in of_lr:
        told = {key: value for key, value in given.items() if key not in _UNTOLD}
        words.append(described(type(made).__name__, told))
    follows = all(one.end <= other.begin for (_, one), (_, other) in pairwise(of_lr))
    return (" then " if follows else " × ").join(words)


def _turns(scheduler: Any, time: Clock) -> list[int]:
    """Where a scheduler's phases end, in what is counted."""
    begin, end = scheduler.begin, scheduler.end
    inside = [*getattr(scheduler, "milestones", ()), *getattr(scheduler, "cumulative_periods", ())]
    inside += [getattr(scheduler, name, 0) for name in ("step_size", "T_max")]
    inside += [round(phase["end_step"]) for phase in getattr(scheduler, "_schedule_phases", ())]
    points = [
        begin,
        *(begin + point for point in inside if point < end - begin),
        *([end - 1] if end < _ENDLESS else []),
    ]
    return [time.counted(point, by_epoch=scheduler.by_epoch) for point in points]


def _end(scheduler: Any, time: Clock) -> int | None:
    """After how many steps or epochs a scheduler has said all."""
    if hasattr(scheduler, "T_max"):
        last = scheduler.begin + scheduler.T_max
    elif hasattr(scheduler, "_schedule_phases"):
        last = scheduler.begin + scheduler.total_steps - 1
    else:
        last = scheduler.end - 1
    return None if last >= _ENDLESS - 1 else time.counted(int(last), by_epoch=scheduler.by_epoch)


def _warms_up(scheduler: Any) -> bool:
    """Whether it begins below the group's own lr, and ends at it."""
    begin = getattr(scheduler, "start_factor", getattr(scheduler, "factor", 1.0))
    end = getattr(scheduler, "end_factor", 1.0)
    needs = getattr(scheduler, "need_val_args", False)
    return bool(not needs and scheduler.begin == 0 and (begin < end or "Warmup" in type(scheduler).__name__))


def _notes(made: Sequence[Any]) -> list[str]:
    by_metric = [type(each).__name__ for each in made if getattr(each, "need_val_args", False)]
    return [f"{name} lowers the lr by a metric, which only the training knows" for name in by_metric]
