"""DeepSpeed's warm-ups, by the rule that they document, not by the real classes.

DeepSpeed builds extensions when it is installed, and makes its schedulers inside its engine. ``{type:
deepspeed:WarmupLR, warmup_max_lr: 1.0e-3, warmup_num_steps: 100}``, or with the arguments under ``params``, as its own
config has them. Source of the semantics: DeepSpeed of July 2026, with PR 8171, deepspeed/runtime/lr_schedules.py.

A single ``warmup_max_lr`` is the lr of all groups, a list has one for each; without it WarmupLR warms up to each
group's own lr. WarmupCosineLR multiplies each group's own lr.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pgaudit.core.findings import meant
from pgaudit.core.schedule import Schedule
from pgaudit.schedules.base import Lrs, ScheduleError, Started, described
from pgaudit.text import counted, quoted

if TYPE_CHECKING:
    from torch.optim import Optimizer

NAME = WITH = "deepspeed"
PACKAGE = None
READ: Mapping[str, Sequence[str]] = {}
_WARM_UP = {"warmup_num_steps": 1000, "warmup_type": "log"}
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "WarmupLR": {"warmup_min_lr": 0.0, "warmup_max_lr": None, **_WARM_UP},
    "WarmupDecayLR": {"warmup_min_lr": 0.0, "warmup_max_lr": 0.001, "total_num_steps": None, **_WARM_UP},
    "WarmupCosineLR": {"warmup_min_ratio": 0.0, "cos_min_ratio": 0.0001, "total_num_steps": None, **_WARM_UP},
}
"""The classes that are known, with their arguments and what those are when they are left out."""
_BY_GROUP = ("warmup_min_lr", "warmup_max_lr")
_NOTE = "by the rule that DeepSpeed documents: its own classes are not asked"


def start(schedule: Schedule, optimizer: Optimizer) -> Started:
    """See :class:`pgaudit.schedules.base.SchedulerLibrary`."""
    name, given, at = _call(schedule.given)
    arguments = _arguments(name, given, schedule.run, at)
    own = [float(group["lr"]) for group in optimizer.param_groups]
    low, high = [0.0] * len(own), own
    if name != "WarmupCosineLR":
        low = _for_each("warmup_min_lr", arguments, own, at)
        high = _for_each("warmup_max_lr", arguments, own, at)
    warm_up, total = max(2, arguments["warmup_num_steps"]), arguments.get("total_num_steps")
    points = {0, warm_up + 1, *([total] if total is not None and total > warm_up else [])}
    rule = ByRule(low, high, partial(_FACTORS[name], arguments))
    ordered = tuple(sorted(points))
    return Started(described(name, dict(given)), rule, "step", ordered, total, warm_up, direct=True, notes=(_NOTE,))


def is_by_group(schedule: Schedule) -> bool:
    """Whether an lr is a list with a value for each group."""
    _, given, _ = _call(schedule.given)
    return any(isinstance(given.get(key), list) for key in _BY_GROUP)


@dataclass(frozen=True)
class ByRule:
    """The lrs of groups between two heights each."""

    low: Sequence[float]
    high: Sequence[float]
    factor: Callable[[int], float]
    """The part of the way from the one to the other, by the number of the batch."""
    stopped: str | None = None

    def lrs(self, steps: Sequence[int], tell: Callable[[str], None] | None = None) -> list[Lrs]:
        """See :class:`pgaudit.schedules.base.Stepper`. The first call of ``step()`` is that of batch 0."""
        factors = (self.factor(step - 1) if step else 0.0 for step in steps)
        pairs = list(zip(self.low, self.high, strict=True))
        return [[low + (high - low) * factor for low, high in pairs] for factor in factors]


def _constant(arguments: Mapping[str, Any], batch: int) -> float:
    risen = _risen(arguments, batch)
    return 1.0 if risen is None else risen


def _linear(arguments: Mapping[str, Any], batch: int) -> float:
    risen, total = _risen(arguments, batch), arguments["total_num_steps"]
    if risen is not None:
        return risen
    left: float = (total - batch) / max(1, total - max(2, arguments["warmup_num_steps"]))
    return max(0.0, left)


def _cosine(arguments: Mapping[str, Any], batch: int) -> float:
    risen, warm_up = _risen(arguments, batch), max(2, arguments["warmup_num_steps"])
    if risen is not None:
        least: float = arguments["warmup_min_ratio"]
        return least + risen * (1 - least)
    past = min(1.0, (batch - warm_up + 1) / max(1, arguments["total_num_steps"] - warm_up))
    least = arguments["cos_min_ratio"]
    return max(0.0, least + (1 - least) * (1 + math.cos(math.pi * past)) / 2)


_FACTORS = {"WarmupLR": _constant, "WarmupDecayLR": _linear, "WarmupCosineLR": _cosine}


def _risen(arguments: Mapping[str, Any], batch: int) -> float | None:
    """The part of the warm-up that is done, from 0 to 1; None after it."""
    warm_up: int = max(2, arguments["warmup_num_steps"])
    if batch >= warm_up:
        return None
    if arguments["warmup_type"] == "linear":
        return batch / warm_up
    return math.log(batch + 1) / math.log(warm_up)


def _call(given: Any) -> tuple[str, Mapping[str, Any], tuple[str, ...]]:
    """The class, its arguments, and the key below which they stand."""
    if not isinstance(given, Mapping):
        raise ScheduleError("DeepSpeed has one schedule, not a list of them")
    name = str(given["type"])
    if name not in _DEFAULTS:
        hint = meant(name, _DEFAULTS) or f"known: {', '.join(_DEFAULTS)}"
        raise ScheduleError(f"of DeepSpeed's schedules, {quoted(name)} is not known here", hint, "type")
    params = given.get("params")
    if isinstance(params, Mapping):
        return name, params, ("params",)
    return name, {key: value for key, value in given.items() if key != "type"}, ()


def _arguments(name: str, given: Mapping[str, Any], run: int | None, at: tuple[str, ...]) -> dict[str, Any]:
    """All arguments of a class; its length is the run's where it is not given."""
    for key, value in given.items():
        if key not in _DEFAULTS[name]:
            raise ScheduleError(f"{name} has no argument {quoted(key)}", meant(key, _DEFAULTS[name]), *at, key)
        if value == "auto":
            hint = "write the number that transformers puts in its place"
            raise ScheduleError(f'{key}: "auto" is no value of DeepSpeed\'s own', hint, *at, key)
        if not _is_valid(key, value):
            raise ScheduleError(f"{name} cannot take {quoted(str(value))} as its {key}", None, *at, key)
    found = {**_DEFAULTS[name], **given}
    if "total_num_steps" in found and found["total_num_steps"] is None:
        found["total_num_steps"] = run
    if found.get("total_num_steps", 1) is None:
        raise ScheduleError(f"{name} needs its total_num_steps", "--steps N says how long the run is", *at)
    return found


def _is_valid(key: str, value: Any) -> bool:
    if key == "warmup_type":
        return value in ("log", "linear")
    if key in ("warmup_num_steps", "total_num_steps"):
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    values = value if key in _BY_GROUP and isinstance(value, list) else [value]
    return all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in values)


def _for_each(key: str, arguments: Mapping[str, Any], own: list[float], at: tuple[str, ...]) -> list[float]:
    """An lr for each group: its own where the argument is left out."""
    given = arguments[key]
    if given is None:
        return own
    if not isinstance(given, list):
        return [float(given)] * len(own)
    if len(given) != len(own):
        message = f"{key} has {counted(len(given), 'value')} for {counted(len(own), 'group')}"
        raise ScheduleError(message, "a list has a value for each group", *at, key)
    return list(map(float, given))
