"""transformers' schedules (transformers 5.23.0, ``optimization.py``), as ``get_scheduler`` makes them.

``{type: cosine, num_warmup_steps: 100, num_training_steps: 1000}``: ``type`` is a ``SchedulerType``, and what is no
argument of ``get_scheduler`` belongs to its ``scheduler_specific_kwargs``. The words of ``TrainingArguments`` are
taken, too: see :mod:`pgaudit.schedules.transformers.training`.

All but two are a ``LambdaLR`` of torch's, so that any step can be asked straight away. Where one has a floor, that is
divided by the optimizer's own lr first: a group at another lr comes to another floor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pgaudit.core.schedule import Schedule
from pgaudit.schedules.base import ScheduleError, Started, described
from pgaudit.schedules.replay import Replay, only_training_knows
from pgaudit.schedules.transformers.arguments import call_of
from pgaudit.schedules.transformers.training import call_of_training

if TYPE_CHECKING:
    from torch.optim import Optimizer

NAME = "transformers"
WITH = "pgaudit[transformers]"
PACKAGE = "transformers"
READ: Mapping[str, Sequence[str]] = {
    "transformers": ("__init__.py", "optimization.py", "trainer_utils.py", "training_args.py")
}

BY_METRIC = ("ReduceLROnPlateau", "GreedyLR")
"""Classes that go by a metric, torch's and transformers'."""


def start(schedule: Schedule, optimizer: Optimizer) -> Started:
    """See :class:`pgaudit.schedules.base.SchedulerLibrary`."""
    if not isinstance(schedule.given, Mapping):
        example = "{type: cosine, num_warmup_steps: 100, num_training_steps: 1000}"
        raise ScheduleError("transformers makes one scheduler, from a mapping", example)
    call = call_of(schedule) if "type" in schedule.given else call_of_training(schedule)
    made = call.made(optimizer)
    title, run = described(call.name, dict(call.stated)), call.run if schedule.run is None else schedule.run
    if any(each.__name__ in BY_METRIC for each in type(made).__mro__):
        note = f"{title} sets the lr by a metric, which only the training knows"
        return Started(title, Replay(optimizer, only_training_knows, title=title), run=run, notes=(*call.notes, note))
    phases = dict(arguments_of(made) or {})
    return Started(
        title,
        Replay(optimizer, made.step, made.step, title),
        turning_points=tuple(sorted({0, *turning_points(phases)})),
        ends=end_of(phases),
        warms_up=warm_up_of(phases),
        run=run,
        direct=True,
        notes=call.notes,
    )


def is_by_group(schedule: Schedule) -> bool:
    """Whether an argument lists a value for each group: the floors and ceilings of those that go by a metric."""
    given = schedule.given if isinstance(schedule.given, Mapping) else {}
    inside = [each for each in given.values() if isinstance(each, Mapping)]
    return any(isinstance(value, list) for each in (given, *inside) for value in each.values())


def title_of(scheduler: Any) -> str | None:
    """Returns what makes a live scheduler and its arguments; None for one that is none of transformers'."""
    arguments = arguments_of(scheduler)
    if arguments is None:
        return None
    name = scheduler.lr_lambdas[0].func.__name__.strip("_")
    plain = {key: value for key, value in arguments.items() if key != "lr_init"}
    return described(name.removesuffix("_lambda").removesuffix("_lr"), plain)


def arguments_of(scheduler: Any) -> Mapping[str, Any] | None:
    """Returns the arguments of the function by which a LambdaLR goes, as transformers fills them in; None for a
    scheduler that is none of transformers'.
    """
    functions = getattr(scheduler, "lr_lambdas", None)
    first = functions[0] if isinstance(functions, list) and functions else None
    if isinstance(first, partial) and first.func.__module__ == "transformers.optimization":
        return first.keywords
    return None


def turning_points(arguments: Mapping[str, Any]) -> Iterator[int]:
    """Yields the ends of a schedule's phases, in no order."""
    warm_up, end = _number(arguments, "num_warmup_steps"), end_of(arguments)
    yield math.ceil(warm_up)
    if "num_stable_steps" in arguments:
        yield math.ceil(warm_up + _number(arguments, "num_stable_steps"))
    if end is not None:
        yield end
        cycles = arguments.get("num_cycles", 0)
        if isinstance(cycles, int) and 1 < cycles <= _MOST and "num_stable_steps" not in arguments:  # hard restarts
            yield from (math.ceil(warm_up + (end - warm_up) * cycle / cycles) for cycle in range(1, cycles))


_MOST = 100
"""Cycles of which each is a phase of its own."""


def end_of(arguments: Mapping[str, Any]) -> int | None:
    """Returns after how many steps a schedule has come to its end; None for one without an end."""
    if "num_stable_steps" in arguments:
        phases = ("num_warmup_steps", "num_stable_steps", "num_decay_steps")
        return math.ceil(sum(_number(arguments, each) for each in phases))
    total = _number(arguments, "num_training_steps")
    return math.ceil(total) or None


def warm_up_of(arguments: Mapping[str, Any]) -> int | None:
    """Returns how many steps a schedule's warm-up takes; None for one without."""
    return math.ceil(_number(arguments, "num_warmup_steps")) or None


def _number(arguments: Mapping[str, Any], name: str) -> float:
    found = arguments.get(name)
    return found if isinstance(found, (int, float)) else 0
