"""What a config says of a scheduler of timm's → how ``create_scheduler_v2`` is called.

A config of ours has that function's own arguments, under ``scheduler``. A training config may have those of timm's
``train.py`` at its top (``sched``, ``epochs``, ``warmup_epochs``, ``lr_noise`` ...), which timm's ``scheduler_kwargs``
translates. Source of the semantics: timm 1.0.31, ``timm/scheduler/scheduler_factory.py``.

``train.py`` is no part of the package, and fills in other defaults than ``scheduler_kwargs`` does. Where the two differ
and it counts, the config must say it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from pgaudit.core.schedule import Schedule, Unit
from pgaudit.schedules.base import CannotFollow, ScheduleError
from pgaudit.text import did_you_mean, quoted, visible

_BY_LENGTH = frozenset({"cosine", "tanh", "poly", "wsd", "rsqrt"})
"""Those whose lrs follow from the length of the run; of the others, only noise does."""
_GIVEN_HERE = {"optimizer": "timm gets its optimizer from here", "sched": "`type` is its `sched`"}


@dataclass(frozen=True)
class Call:
    """A call of ``create_scheduler_v2``."""

    sched: str
    sched_key: str
    """What the config calls it."""
    stated: Mapping[str, Any]
    """What the config says, and what the run's length fills in, in the config's words."""
    arguments: Mapping[str, Any]
    updates_per_epoch: int
    """1 for one that counts epochs."""

    @property
    def unit(self) -> Unit:
        """What it counts."""
        return "epoch" if self.arguments.get("step_on_epochs", True) else "step"

    @property
    def knows_length(self) -> bool:
        """Whether anything says how many epochs there are: timm's own default is nobody's run."""
        return self.arguments.get("num_epochs") is not None


def call_of(schedule: Schedule) -> Call:
    """Returns how timm is called for a schedule.

    Raises:
        ScheduleError: an argument is unknown, or missing.
    """
    stated = dict(schedule.given)
    in_training = "type" not in stated
    sched_key, length = ("sched", "epochs") if in_training else ("type", "num_epochs")
    sched = str(stated.pop(sched_key))
    if not in_training:
        _refuse_unknown(stated)
    on_epochs = not stated.get("sched_on_updates") if in_training else stated.get("step_on_epochs", True)
    per_epoch = 1 if on_epochs else _updates_per_epoch(stated, schedule)
    noise = stated.get("lr_noise" if in_training else "noise")
    if stated.get(length) is None:
        stated.pop(length, None)
        if schedule.run is not None:
            stated[length] = _epochs(schedule.run, per_epoch)
        elif sched in _BY_LENGTH or noise is not None:
            hint = f"--steps N says it, or {length} in the config"
            raise CannotFollow(f"nothing says how long the run is, by which timm's {visible(sched)} goes", hint)
    arguments = _of_training(sched, stated) if in_training else dict(stated)
    limit = arguments.get("noise_pct", 1.0)
    if noise is not None and isinstance(limit, (int, float)) and limit <= 0:
        message = "timm draws each noise until it is below its limit, and here would do so for ever"
        raise ScheduleError(message, "a limit above 0", "lr_noise_pct" if in_training else "noise_pct")
    if not on_epochs:
        arguments["updates_per_epoch"] = per_epoch
    return Call(sched, sched_key, stated, arguments, per_epoch)


def _updates_per_epoch(stated: Mapping[str, Any], schedule: Schedule) -> int:
    found = stated.get("updates_per_epoch") or schedule.epoch_steps
    if found is None:
        message = "it counts updates, and nothing says how many there are in an epoch (updates_per_epoch)"
        raise CannotFollow(message, "--epoch-steps N says it")
    if not isinstance(found, int):
        message = f"updates_per_epoch is a number of updates, not {visible(found)}"
        raise ScheduleError(message, None, "updates_per_epoch")
    return found


def _epochs(run: int, per_epoch: int) -> int:
    if run % per_epoch:
        message = f"a run of {run:,} updates is no number of epochs of {per_epoch:,} updates, which timm goes by"
        raise ScheduleError(message, f"--steps {run // per_epoch * per_epoch or per_epoch}")
    return run // per_epoch


def _refuse_unknown(stated: Mapping[str, Any]) -> None:
    from timm.scheduler.scheduler_factory import create_scheduler_v2

    known = [each for each in inspect.signature(create_scheduler_v2).parameters if each not in _GIVEN_HERE]
    for key in stated:
        if key in _GIVEN_HERE:
            raise ScheduleError(_GIVEN_HERE[key], f"remove {quoted(key)}", key)
        if key not in known:
            meant = _IN_TRAINING.get(str(key))
            hint = f"timm's train.py has it; here it is {meant}" if meant else did_you_mean(str(key), known)
            raise ScheduleError(f"timm's create_scheduler_v2 has no argument {quoted(key)}", hint, key)


def _of_training(sched: str, stated: Mapping[str, Any]) -> dict[str, Any]:
    """The same in the words of ``train.py``, by timm's own translation."""
    from timm.scheduler.scheduler_factory import scheduler_kwargs

    for key, where in _differing(sched, stated):
        if stated.get(key) is None:
            message = f"timm's train.py and its scheduler_kwargs fill in other {key}, by which {where} goes"
            raise CannotFollow(message, f"write {key} into the config")
    arguments: dict[str, Any] = scheduler_kwargs(SimpleNamespace(sched=sched, **stated))
    if "epochs" not in stated:
        del arguments["num_epochs"]
    del arguments["sched"]
    return arguments


def _differing(sched: str, stated: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if sched in ("step", "wsd", "rsqrt"):
        yield "decay_epochs", sched
    if sched == "multistep":
        yield "decay_milestones", sched
    if sched in ("cosine", "tanh", "poly") and stated.get("lr_cycle_limit", 1) != 1:
        yield "lr_cycle_decay", "a schedule of several cycles"


_IN_TRAINING = {
    "epochs": "num_epochs",
    "lr_noise": "noise",
    "lr_noise_pct": "noise_pct",
    "lr_noise_std": "noise_std",
    "seed": "noise_seed",
    "lr_cycle_mul": "cycle_mul",
    "lr_cycle_decay": "cycle_decay",
    "lr_cycle_limit": "cycle_limit",
    "lr_k_decay": "k_decay",
    "lr_decay_fn": "decay_fn",
    "lr_stable_timescale": "stable_timescale",
    "sched_on_updates": "step_on_epochs: false",
}
"""The words of ``train.py`` that ``create_scheduler_v2`` calls otherwise."""
