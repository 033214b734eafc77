"""detectron2's schedules (detectron2/solver/build.py and lr_scheduler.py at 0.6 and later): a config's ``SOLVER``.

``build_lr_scheduler`` makes one of fvcore's schedulers (fvcore 0.1.5, fvcore/common/param_scheduler.py), puts a warm-up
before it, and multiplies each group's lr by what they say of the part of the run that is over. Where detectron2 is
installed, that function itself is called; elsewhere fvcore's classes are composed here as it does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgaudit.core.findings import meant
from pgaudit.core.schedule import Schedule
from pgaudit.schedules.base import ScheduleError, Started, described
from pgaudit.schedules.replay import Replay
from pgaudit.text import format_exception, quoted

if TYPE_CHECKING:
    from torch.optim import Optimizer

NAME = "detectron2"
WITH = "fvcore"
PACKAGE = "fvcore"
READ: Mapping[str, Sequence[str]] = {"fvcore": ("common",), "detectron2": ("solver",)}
DEFAULTS: Mapping[str, Any] = {
    "LR_SCHEDULER_NAME": "WarmupMultiStepLR",
    "MAX_ITER": 40000,
    "BASE_LR": 0.001,
    "BASE_LR_END": 0.0,
    "GAMMA": 0.1,
    "STEPS": (30000,),
    "NUM_DECAYS": 3,
    "WARMUP_FACTOR": 1.0 / 1000,
    "WARMUP_ITERS": 1000,
    "WARMUP_METHOD": "linear",
    "RESCALE_INTERVAL": False,
}
"""What a schedule is made of, as detectron2/config/defaults.py has it."""
_TOLD = {
    "WarmupMultiStepLR": ("STEPS", "GAMMA"),
    "WarmupCosineLR": ("BASE_LR_END",),
    "WarmupStepWithFixedGammaLR": ("NUM_DECAYS", "GAMMA"),
}
"""The schedules, and what each reads beside the length of the run and of the warm-up."""


def start(schedule: Schedule, optimizer: Optimizer) -> Started:
    """See :class:`pgaudit.schedules.base.SchedulerLibrary`."""
    solver = _merged(schedule)
    name, run = solver.LR_SCHEDULER_NAME, solver.MAX_ITER
    if name not in _TOLD:
        key = "type" if schedule.is_own else "LR_SCHEDULER_NAME"
        hint = meant(str(name), _TOLD)
        raise ScheduleError(f"detectron2 would raise ValueError: Unknown LR scheduler: {quoted(name)}", hint, key)
    if run <= 0:
        raise ScheduleError("MAX_ITER is no length of a run", None, "MAX_ITER")
    try:
        made = _installed(solver, optimizer) or _multiplied(optimizer, composed(solver), run)
    except ImportError:
        raise
    except Exception as error:
        raise ScheduleError(f"{name} would raise {format_exception(error)}") from error
    told = {key: solver[key] for key in _TOLD[name] if solver[key] != 0.0}
    warms_up = min(solver.WARMUP_ITERS, run)
    about = {**told, **({"WARMUP_ITERS": warms_up} if warms_up else {}), "MAX_ITER": run}
    title = described(name, {key: list(value) if isinstance(value, tuple) else value for key, value in about.items()})
    decays = solver.STEPS if name == "WarmupMultiStepLR" else ()
    steps = _Steps(made, run)
    return Started(
        title,
        Replay(optimizer, steps.next, steps.jump, title),
        "step",
        tuple(sorted({0, warms_up, *(step for step in decays if step <= run), run})),
        run,
        warms_up if warms_up and solver.WARMUP_FACTOR < 1 else None,
        run,
        direct=True,
    )


def is_by_group(schedule: Schedule) -> bool:
    """All groups' lrs are multiplied by one factor."""
    return False


def composed(solver: Any) -> Any:
    """Returns the factor over the run, by fvcore's classes as ``build_lr_scheduler`` composes them.

    Args:
        solver: detectron2's section of that name, complete.
    """
    from fvcore.common import param_scheduler as of

    run = solver.MAX_ITER
    if solver.LR_SCHEDULER_NAME == "WarmupMultiStepLR":
        milestones = [step for step in solver.STEPS if step <= run]
        values = [solver.GAMMA**k for k in range(len(milestones) + 1)]
        inside = of.MultiStepParamScheduler(values=values, milestones=milestones, num_updates=run)
    elif solver.LR_SCHEDULER_NAME == "WarmupCosineLR":
        floor = solver.BASE_LR_END / solver.BASE_LR
        assert 0.0 <= floor <= 1.0, floor
        inside = of.CosineParamScheduler(1, floor)
    else:
        inside = of.StepWithFixedGammaParamScheduler(
            base_value=1.0, gamma=solver.GAMMA, num_decays=solver.NUM_DECAYS, num_updates=run
        )
    length = min(solver.WARMUP_ITERS / run, 1.0)
    end = inside(0.0 if solver.RESCALE_INTERVAL else length)  # which may raise, though a constant does not need it
    begin = solver.WARMUP_FACTOR * inside(0.0)
    if solver.WARMUP_METHOD == "constant":
        warm_up = of.ConstantParamScheduler(begin)
    elif solver.WARMUP_METHOD == "linear":
        warm_up = of.LinearParamScheduler(begin, end)
    else:
        raise ValueError(f"Unknown warmup method: {solver.WARMUP_METHOD}")
    scaling = ["rescaled", "rescaled" if solver.RESCALE_INTERVAL else "fixed"]
    return of.CompositeParamScheduler([warm_up, inside], interval_scaling=scaling, lengths=[length, 1 - length])


@dataclass
class _Steps:
    """A scheduler with an end, past which fvcore's classes raise, each in its own way."""

    scheduler: Any
    run: int

    def next(self) -> None:
        """One step further."""
        self._past(self.scheduler.last_epoch + 1, self.scheduler.step)

    def jump(self, step: int) -> None:
        """Straight to a step: the factor follows from the step alone."""
        self._past(step, lambda: self.scheduler.step(step))

    def _past(self, step: int, call: Callable[[], object]) -> None:
        if step > self.run:
            raise ValueError("past the end")
        try:
            call()
        except (ArithmeticError, IndexError, RuntimeError) as error:
            if step == self.run:  # no iteration trains with the lr after the last one
                raise ValueError("at the end") from error
            raise


def _merged(schedule: Schedule) -> Any:
    """The section with its defaults, merged by yacs as detectron2 does."""
    from fvcore.common.config import CfgNode

    given = dict(schedule.given)
    if schedule.is_own:
        given["LR_SCHEDULER_NAME"] = given.pop("type")
        stray = next((key for key in given if key not in DEFAULTS), None)
        if stray is not None:
            raise ScheduleError(f"SOLVER has no {quoted(stray)} for a schedule", meant(stray, DEFAULTS), stray)
    if schedule.run is not None:
        given.setdefault("MAX_ITER", schedule.run)
    node = CfgNode({"SOLVER": dict(DEFAULTS)})
    known = {key: value for key, value in given.items() if key in DEFAULTS}
    try:
        node.merge_from_other_cfg(CfgNode({"SOLVER": known}))
    except Exception as error:
        key = next((key for key in known if key in str(error)), None)
        below = () if key is None else (key,)
        raise ScheduleError(f"detectron2 would raise {format_exception(error)}", None, *below) from error
    return node.SOLVER


def _multiplied(optimizer: Optimizer, factor: Any, run: int) -> Any:
    """What ``LRMultiplier`` is: each group's first lr, times the factor for the part of the run that is over."""
    from torch.optim.lr_scheduler import LambdaLR

    return LambdaLR(optimizer, lambda step: factor(step / run))


def _installed(solver: Any, optimizer: Optimizer) -> Any:
    """The scheduler that the installed detectron2 makes; None where it is not installed."""
    try:
        from detectron2.config import get_cfg
        from detectron2.solver import build_lr_scheduler
    except ImportError:
        return None
    config = get_cfg()
    for key in DEFAULTS:
        if key in config.SOLVER:
            config.SOLVER[key] = solver[key]
    return build_lr_scheduler(config, optimizer)
