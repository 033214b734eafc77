"""The schedulers of ``torch.optim.lr_scheduler`` and ``swa_utils`` (torch 2.15), from plain data.

``{type: CosineAnnealingLR, T_max: 100}``; a ``SequentialLR`` or ``ChainedScheduler`` has its ``schedulers`` as such
mappings. A list is a SequentialLR, and has an entry ``{milestones: [5]}`` among them.
"""

from __future__ import annotations

import inspect
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pgaudit.core.findings import Hint, meant
from pgaudit.core.schedule import Schedule
from pgaudit.schedules.base import CannotFollow, ScheduleError, Started, described, whole_step
from pgaudit.schedules.replay import Replay, only_training_knows
from pgaudit.text import format_exception, quoted

if TYPE_CHECKING:
    from torch.optim import Optimizer

NAME = WITH = "torch"
PACKAGE = "torch"
READ: Mapping[str, Sequence[str]] = {}
_FUNCTIONS = frozenset({"LambdaLR", "MultiplicativeLR"})
_BY_METRIC = frozenset({"ReduceLROnPlateau"})
_DIRECT = ("LambdaLR", "OneCycleLR", "CyclicLR", "CosineAnnealingWarmRestarts")
"""Classes without a closed form of their own whose lr follows from the step alone."""
_LENGTHS = {"CosineAnnealingLR": "T_max", "OneCycleLR": "total_steps"}
"""The argument that is the length of the run, where it is not given."""
_PHASES = ("T_max", "total_iters", "T_0", "step_size", "anneal_epochs")
"""Attributes that are the length of a phase."""
_WARM_UPS = ("LinearLR", "ConstantLR")


def start(schedule: Schedule, optimizer: Optimizer) -> Started:
    """See :class:`pgaudit.schedules.base.SchedulerLibrary`."""
    made = _made(schedule.given, optimizer, schedule.run, ())
    title = _title(schedule.given)
    points = sorted({0, *turning_points(made)})
    jump = jumper(made)
    step = only_training_knows if _by_metric(made) else made.step
    replay = Replay(optimizer, step, jump, title, has_end=has_end(made))
    return Started(
        title,
        replay,
        turning_points=tuple(points),
        ends=end_of(made),
        warms_up=warm_up_of(made),
        cycles_momentum=cycles_momentum(made),
        direct=jump is not None,
        notes=_notes(made),
    )


def is_by_group(schedule: Schedule) -> bool:
    """Whether an argument is a list with a value for each group."""
    return any(
        isinstance(value, list)
        for each in _parts(schedule.given)
        for key, value in each.items()
        if key not in ("schedulers", "milestones")
    )


def title_of(scheduler: Any) -> str:
    """Returns a scheduler's class with the arguments that are no defaults: ``CosineAnnealingLR T_max 100``."""
    inside = _inside(scheduler)
    if inside:
        between = " then " if hasattr(scheduler, "_milestones") else " × "
        return between.join(map(title_of, inside))
    given = {key: value for key, value in arguments_of(scheduler).items() if key not in ("verbose", "last_epoch")}
    return described(type(scheduler).__name__, given)


def _title(given: Any) -> str:
    """The same, from a config, which also holds what a scheduler does not keep as it was given."""
    parts = given if isinstance(given, list) else given.get("schedulers")
    if parts:
        of_type = "SequentialLR" if isinstance(given, list) else given["type"]
        between = " then " if of_type == "SequentialLR" else " × "
        return between.join(_title(part) for part in parts if "type" in part)
    return described(given["type"].removeprefix("torch:"), {key: given[key] for key in given if key != "type"})


def arguments_of(scheduler: Any) -> dict[str, Any]:
    """Returns the arguments of a scheduler that are not its class's defaults, as far as it keeps them as attributes."""
    found = {}
    for name, parameter in inspect.signature(type(scheduler)).parameters.items():
        value = getattr(scheduler, name, None)
        if isinstance(value, Counter):  # milestones
            value = sorted(value.elements())
        if name != "optimizer" and value is not None and value != parameter.default:
            found[name] = value
    return found


def turning_points(scheduler: Any) -> Iterator[int]:
    """Yields the steps at which a scheduler's phases end, in no order."""
    milestones = [whole_step(each) or 0 for each in getattr(scheduler, "_milestones", ())]
    for at, each in enumerate(_inside(scheduler)):
        begin = milestones[at - 1] if milestones and at else 0
        end = milestones[at] if at < len(milestones) else None
        yield from (begin + point for point in turning_points(each) if end is None or begin + point <= end)
    yield from milestones
    lengths = [getattr(scheduler, name, None) for name in _PHASES]
    steps = map(whole_step, (*lengths, *getattr(scheduler, "milestones", ())))
    yield from (step for step in steps if step is not None)
    yield from (int(phase["end_step"]) for phase in getattr(scheduler, "_schedule_phases", ()))
    if hasattr(scheduler, "step_ratio"):  # CyclicLR
        yield from (round(scheduler.total_size * scheduler.step_ratio), round(scheduler.total_size))


def end_of(scheduler: Any) -> int | None:
    """Returns after how many steps a scheduler has said all; None for one that goes on."""
    inside, milestones = _inside(scheduler), getattr(scheduler, "_milestones", None)
    if inside:
        ends = [end_of(each) for each in inside]
        if milestones is not None:
            begin = whole_step(milestones[-1]) if milestones else 0  # one scheduler alone has none
            return None if ends[-1] is None else (begin or 0) + ends[-1]
        return None if None in ends else max(end for end in ends if end is not None)
    if type(scheduler).__name__ == "OneCycleLR":
        return int(scheduler.total_steps) - 1
    return whole_step(getattr(scheduler, "T_max", None))


def warm_up_of(scheduler: Any) -> int | None:
    """Returns how many steps a scheduler's warm-up takes; None where it has none."""
    for each in _inside(scheduler) or (scheduler,):
        if type(each).__name__ in _WARM_UPS and _rises(each):
            return whole_step(each.total_iters)
        if type(each).__name__ == "OneCycleLR":
            return int(each._schedule_phases[0]["end_step"])
    return None


def cycles_momentum(scheduler: Any) -> bool:
    """Whether a scheduler sets the momentum of groups, too: OneCycleLR and CyclicLR do, unless they are told not to."""
    return any(getattr(each, "cycle_momentum", False) for each in parts_of(scheduler))


def has_end(scheduler: Any) -> bool:
    """Whether a scheduler refuses steps past its end."""
    return any(type(each).__name__ == "OneCycleLR" for each in parts_of(scheduler))


def jumper(scheduler: Any) -> Callable[[int], object] | None:
    """Returns what brings a scheduler to a step straight away; None where its class computes each lr from the last."""
    inside = _inside(scheduler)
    if not type(scheduler).__module__.startswith("torch."):
        return None  # a class derived from torch's may have a formula of its own
    if inside and hasattr(scheduler, "_milestones"):
        jumps = [jump for each in inside if (jump := jumper(each)) is not None]
        return partial(_jump, scheduler._milestones, jumps) if len(jumps) == len(inside) else None
    direct = hasattr(scheduler, "_get_closed_form_lr") or type(scheduler).__name__ in _DIRECT
    return scheduler.step if direct and not inside else None


def _jump(milestones: list[int], jumps: list[Callable[[int], object]], step: int) -> None:
    """What SequentialLR.step() comes to: the scheduler of that phase, counted from its begin."""
    at = bisect_right(milestones, step)
    jumps[at](step - (milestones[at - 1] if at else 0))


def parts_of(scheduler: Any) -> Iterator[Any]:
    """Yields a scheduler that has none inside, or those inside it."""
    inside = _inside(scheduler)
    for each in inside:
        yield from parts_of(each)
    if not inside:
        yield scheduler


def _rises(scheduler: Any) -> bool:
    begin = getattr(scheduler, "start_factor", getattr(scheduler, "factor", 1.0))
    return bool(begin < getattr(scheduler, "end_factor", 1.0))


def _inside(scheduler: Any) -> list[Any]:
    return list(getattr(scheduler, "_schedulers", ()))


def _by_metric(scheduler: Any) -> bool:
    return type(scheduler).__name__ in _BY_METRIC


def _notes(scheduler: Any) -> tuple[str, ...]:
    name = type(scheduler).__name__
    return (f"{name} lowers the lr by a metric, which only the training knows",) if _by_metric(scheduler) else ()


def _parts(given: Any) -> Iterator[Mapping[str, Any]]:
    """The mapping of a schedule, and those inside it."""
    for each in given if isinstance(given, list) else [given]:
        if isinstance(each, Mapping):
            yield each
            yield from _parts(each.get("schedulers", []))


def _made(given: Any, optimizer: Optimizer, run: int | None, at: tuple[str | int, ...]) -> Any:
    if isinstance(given, list):
        given = _as_sequence(given, at)
    if not isinstance(given, Mapping) or not isinstance(given.get("type"), str):
        raise ScheduleError('a scheduler is a mapping with a "type"', "{type: CosineAnnealingLR, T_max: 100}", *at)
    name = given["type"].removeprefix("torch:")
    kind = _class(name, at)
    arguments = {key: value for key, value in given.items() if key != "type"}
    if "optimizer" in arguments:
        raise ScheduleError(f"{name} gets its optimizer from here", "remove it", *at, "optimizer")
    parts = arguments.pop("schedulers", None)
    if parts is not None:
        if not isinstance(parts, (list, tuple)):
            raise ScheduleError("`schedulers` is a list", None, *at, "schedulers")
        made = [_made(part, optimizer, None, (*at, "schedulers", index)) for index, part in enumerate(parts)]
        return _called(partial(kind, **_with_parts(kind, optimizer, made)), name, arguments, at)
    length = None if at else _LENGTHS.get(name)  # a part is not as long as the run
    if length is not None and arguments.get(length, 0) is None:
        del arguments[length]
    if length is not None and run is not None and not {length, "epochs"} & set(arguments):
        arguments[length] = run
    return _called(partial(kind, optimizer), name, arguments, at, length)


def _with_parts(kind: Any, optimizer: Optimizer, made: list[Any]) -> dict[str, Any]:
    takes = inspect.signature(kind).parameters
    return {"schedulers": made, **({"optimizer": optimizer} if "optimizer" in takes else {})}


def _as_sequence(given: list[Any], at: tuple[str | int, ...]) -> dict[str, Any]:
    """A list as the SequentialLR that it stands for."""
    turns = [each for each in given if isinstance(each, Mapping) and set(each) == {"milestones"}]
    schedulers = [each for each in given if each not in turns]
    if len(turns) != 1 and len(schedulers) > 1:
        hint = "- {milestones: [5]} as an entry of the list says when each begins"
        raise ScheduleError("a list of schedulers is a SequentialLR, and needs its milestones", hint, *at)
    return {"type": "SequentialLR", "schedulers": schedulers, "milestones": turns[0]["milestones"] if turns else []}


def _class(name: str, at: tuple[str | int, ...]) -> Any:
    import torch
    from torch.optim import lr_scheduler, swa_utils

    kinds = {
        key: value
        for module in (swa_utils, lr_scheduler)
        for key, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, lr_scheduler.LRScheduler)
    }
    known = [key for key in kinds if key not in ("LRScheduler", "_LRScheduler")]
    if name not in known:
        message = f"torch {torch.__version__.partition('+')[0]} has no scheduler {quoted(name)}"
        raise ScheduleError(message, _meant(name, known), *at)
    if name in _FUNCTIONS:
        raise ScheduleError(f"{name} takes a function, which no config holds", "name the code: file.py:attribute", *at)
    return kinds[name]


def _called(
    call: Callable[..., Any], name: str, arguments: dict[str, Any], at: tuple[str | int, ...], length: str | None = None
) -> Any:
    """What the class makes of its arguments; ``length`` is the one that ``--steps`` can give."""
    try:
        return call(**arguments)
    except ScheduleError:
        raise
    except Exception as error:
        known = inspect.signature(call.func if isinstance(call, partial) else call).parameters
        stray = next((key for key in arguments if key not in known), None)
        below = at if stray is None else (*at, stray)
        message = f"{name} would raise {format_exception(error)}"
        if stray is None and length is not None and length in str(error):
            missing = f"{name} has no {length}, and nothing says how long the run is"
            raise CannotFollow(missing, "--steps N says it", *below) from error
        raise ScheduleError(message, meant(stray, known) if stray is not None else None, *below) from error


def _meant(name: str, known: Iterable[str]) -> Hint:
    """What a class that torch does not have was probably meant to be."""
    if name.islower():
        return f"it may be another library's: timm:{name}, transformers:{name}"
    if name.startswith("Warmup"):
        return f"DeepSpeed's is deepspeed:{name}"
    return meant(name, known) or "its classes stand in torch.optim.lr_scheduler"
