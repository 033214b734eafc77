"""mmcv 1.x's schedules (mmcv 1.7.2, mmcv/runner/hooks/lr_updater.py): a config's ``lr_config``.

Its hooks set the lr before each epoch and before each iteration. They are driven here as ``EpochBasedRunner`` and
``IterBasedRunner`` drive them; the runner that they look at holds what they read and nothing else. After k steps the
groups hold the lr of the next one, and at the end of the run that of the last one, for no hook is called any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgaudit.core.findings import meant
from pgaudit.core.schedule import Schedule
from pgaudit.schedules.base import ScheduleError, Started, described
from pgaudit.schedules.clock import Clock, Loop, clock, no_epoch_length, no_run_length
from pgaudit.schedules.replay import Replay
from pgaudit.text import format_exception, quoted

if TYPE_CHECKING:
    from torch.optim import Optimizer

NAME = "mmcv"
WITH = "mmcv<2"
PACKAGE = "mmcv"
READ: Mapping[str, Sequence[str]] = {"mmcv": ("runner", "utils", "version.py")}
_HOOK = "LrUpdaterHook"
"""What mmcv adds to a policy's name."""
_UNTOLD = ("policy", "type", "by_epoch", "warmup_by_epoch")


def start(schedule: Schedule, optimizer: Optimizer) -> Started:
    """See :class:`pgaudit.schedules.base.SchedulerLibrary`."""
    loop = _loop(schedule)
    hook, policy = _hook(schedule, by_iteration=loop.by_iteration)
    steps = not hook.by_epoch or hook.warmup is not None
    time = clock(schedule, loop, epochs=hook.by_epoch or hook.warmup_by_epoch, steps=steps)
    given = {key: value for key, value in schedule.given.items() if key not in _UNTOLD}
    title = described(policy, given)
    runner = _Runner(optimizer, time, title)
    drive = _Drive(hook, runner, time, by_iteration=loop.by_iteration)
    try:
        drive.begin()
    except ScheduleError:
        raise
    except Exception as error:
        raise ScheduleError(f"{title} would raise {format_exception(error)}") from error
    # A class of one's own may compute each lr from the last one.
    jump = drive.go_to if type(hook).__module__ == "mmcv.runner.hooks.lr_updater" else None
    replay = Replay(optimizer, drive.next, jump, title)
    points = tuple(sorted({0, *_turns(hook, time), *([time.run] if time.run is not None else [])}))
    ends = time.run if runner.asked_for_end else _end(hook, time)
    return Started(title, replay, time.unit, points, ends, _warm_up(hook, time), time.run, direct=jump is not None)


def is_by_group(schedule: Schedule) -> bool:
    """Whether ``max_lr`` lists a value for each group, or has them by the optimizer's class."""
    return isinstance(schedule.given, Mapping) and isinstance(schedule.given.get("max_lr"), (list, tuple, Mapping))


@dataclass
class _Runner:
    """What the hooks read of a runner."""

    optimizer: Optimizer
    time: Clock
    title: str
    epoch: int = 0
    iter: int = 0
    asked_for_end: bool = False

    @property
    def max_epochs(self) -> int:
        return self._length(self.time.max_epochs)

    @property
    def max_iters(self) -> int:
        if self.time.max_iters is None and self.time.max_epochs is not None:
            raise no_epoch_length(f"{self.title} lasts as many steps as the run")
        return self._length(self.time.max_iters)

    @property
    def data_loader(self) -> range:
        if self.time.epoch_steps is None:
            raise no_epoch_length(f"{self.title} warms up by epochs")
        return range(self.time.epoch_steps)

    def _length(self, found: int | None) -> int:
        if found is None:
            raise no_run_length(f"{self.title} lasts as long as the run")
        self.asked_for_end = True
        return found


@dataclass
class _Drive:
    """The calls of the hook that a runner makes."""

    hook: Any
    runner: _Runner
    time: Clock
    by_iteration: bool
    at: int = 0

    def begin(self) -> None:
        """Until before the first step."""
        self.hook.before_run(self.runner)
        self.go_to(0)

    def next(self) -> None:
        """One step or epoch further."""
        self._go_to(self.at + 1, is_next=True)

    def go_to(self, at: int) -> None:
        """Straight to before a step or an epoch."""
        self._go_to(at, is_next=False)

    def _go_to(self, at: int, *, is_next: bool) -> None:
        self.at = at
        run = self.time.run
        if run is not None and at >= run:
            if at > run:
                raise ValueError("the run is over")
            if is_next:
                return
            at = run - 1  # whose lr stays
        runner, length = self.runner, self.time.epoch_steps
        if self.time.unit == "epoch":
            runner.epoch, runner.iter = at, at * (length or 0)
            self.hook.before_train_epoch(runner)
            return
        runner.epoch, runner.iter = at // length if length else 0, at
        epoch_begins = length is not None and at % length == 0
        if not self.by_iteration and (epoch_begins or not is_next):
            self.hook.before_train_epoch(runner)
        self.hook.before_train_iter(runner)


def _loop(schedule: Schedule) -> Loop:
    """``runner``, or the words that stood in its place before mmcv 1.1."""
    around = schedule.around
    older = {"max_epochs": around.get("total_epochs"), "max_iters": around.get("total_iters")}
    return Loop.of(around.get("runner"), older)


def _hook(schedule: Schedule, *, by_iteration: bool) -> tuple[Any, str]:
    """The hook that ``BaseRunner.register_lr_hook`` makes, and its policy's name."""
    from mmcv.runner.hooks import HOOKS
    from mmcv.utils import build_from_cfg

    if not isinstance(schedule.given, Mapping):
        raise ScheduleError("mmcv takes one policy, and not a list")
    given = dict(schedule.given)
    policy = given.pop("type" if schedule.is_own else "policy", None)
    if not isinstance(policy, str):
        raise ScheduleError('mmcv wants a "policy"', "policy: step")
    if policy == policy.lower():
        policy = policy.title()
    if by_iteration:
        given.setdefault("by_epoch", False)
    if schedule.is_own and isinstance(given.get("target_ratio"), list):
        given["target_ratio"] = tuple(given["target_ratio"])  # YAML has no other lists, and mmcv takes tuples alone
    kind = HOOKS.get(policy + _HOOK)
    key = "type" if schedule.is_own else "policy"
    if kind is None:
        known = [name.removesuffix(_HOOK) for name in HOOKS.module_dict if name.endswith(_HOOK)]
        raise ScheduleError(f"mmcv has no policy {quoted(policy)}", meant(policy, known), key)
    try:
        return build_from_cfg({**given, "type": policy + _HOOK}, HOOKS), policy
    except Exception as error:
        stray = next((key for key in given if f"argument '{key}'" in str(error)), None)
        below = () if stray is None else (stray,)
        raise ScheduleError(f"mmcv would raise {format_exception(error)}", None, *below) from error


def _turns(hook: Any, time: Clock) -> list[int]:
    """Where the hook's phases end, in what is counted."""
    step = getattr(hook, "step", ())
    points = [*getattr(hook, "cumulative_periods", ()), *(step if isinstance(step, (list, tuple)) else [step])]
    found = [time.counted(point, by_epoch=hook.by_epoch) for point in points]
    found += [_end_of_phase(phase) for phase in getattr(hook, "lr_phases", ())]
    warm_up = _warm_up(hook, time)
    return [point for point in (*found, warm_up or 0) if time.run is None or point <= time.run]


def _end(hook: Any, time: Clock) -> int | None:
    """After how many steps or epochs a hook has said all that does not ask how long the run is."""
    periods = getattr(hook, "cumulative_periods", ())
    return time.counted(periods[-1], by_epoch=hook.by_epoch) if periods else None


def _warm_up(hook: Any, time: Clock) -> int | None:
    """How many steps the warm-up takes, of which it is a part of the way up in a cycle."""
    if hook.warmup is not None:
        iters: int | None = hook.warmup_iters
        return time.counted(hook.warmup_epochs, by_epoch=True) if iters is None else iters
    phases = getattr(hook, "lr_phases", ())
    return _end_of_phase(phases[0]) if phases else None


def _end_of_phase(phase: Sequence[float]) -> int:
    """Where a phase of a cycle ends: those of CyclicLrUpdaterHook also say where they begin."""
    return int(phase[1] if len(phase) == 4 else phase[0])
