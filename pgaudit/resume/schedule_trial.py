"""The source's own schedulers, with what a checkpoint holds → whether they load it, and can make their next step.

Which keys a class asks for, in its state and in the optimizer's groups, it says itself: copies of it are tried on a
stand-in of its optimizer. ``OneCycleLR`` reads in each step the ``initial_lr`` and ``max_lr`` that it has written into
the groups, which ``Optimizer.load_state_dict`` replaces; ``LambdaLR`` raises KeyError without ``lr_lambdas`` (torch
2.15, torch/optim/lr_scheduler.py).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from pgaudit.core.built import BuiltGroup, BuiltOptimizer, SchedulerState
from pgaudit.resume.answer import Mismatch
from pgaudit.resume.schedulers import is_short, short, state_optimizer
from pgaudit.text import format_exception, quoted, visible

_WITHOUT_STATE = "Leave the scheduler's state out, and set its last_epoch."
_AFTER_LOADING = "Build the scheduler after the optimizer's load_state_dict()."


def scheduler_mismatches(
    states: Sequence[SchedulerState],
    sources: Sequence[BuiltOptimizer],
    loaded: Sequence[Sequence[BuiltGroup]],
    live: Sequence[Any],
) -> Iterator[Mismatch]:
    """Yields the schedulers that raise when their state is loaded, or at their next step.

    Args:
        states: the checkpoint's schedulers; where it has none, those of the source go on as they are.
        sources: the optimizers that training begins with.
        loaded: the groups of each, once the checkpoint is loaded.
        live: the source's own schedulers, if there are any.
    """
    if states and len(states) != len(live):
        return
    groups = dict(zip(map(id, sources), loaded, strict=True))
    for index, scheduler in enumerate(live):
        its = state_optimizer(sources, index, len(live))
        if its is not None and hasattr(scheduler, "optimizer"):
            found = _tried(scheduler, states[index] if states else None, its, groups[id(its)])
            yield from () if found is None else (found,)


def _tried(
    scheduler: Any, state: SchedulerState | None, source: BuiltOptimizer, groups: Sequence[BuiltGroup]
) -> Mismatch | None:
    """What a copy raises; nothing where one cannot be tried, as it raises on what the source itself begins with."""
    from pgaudit.schedules.follow import silent

    kind = visible(type(scheduler).__name__)
    try:
        with silent():
            _copied(scheduler, source, source.groups).step()
            copied = _copied(scheduler, source, groups)
    except Exception:
        return None
    if state is not None:
        try:
            with silent():
                copied.load_state_dict(copy.deepcopy(dict(state.values)))
        except Exception as error:
            key = _missing(error, [state.values])
            if key is None:
                return None
            name = visible(state.key or "the scheduler")
            message = f"load_state_dict of {kind} raises KeyError: {key!r}: another scheduler wrote {name}"
            return Mismatch(message, (), _WITHOUT_STATE, refused=True)
    try:
        with silent():
            copied.step()
    except Exception as error:
        if state is not None and isinstance(error, ValueError) and is_short(state, source):
            return Mismatch(f"{short(state, source)}: {kind} raises ValueError at its next step", (), _WITHOUT_STATE)
        if state is not None and isinstance(error, ValueError):  # as OneCycleLR's at its end
            message = f"{kind} raises {format_exception(error)} at its next step, once its state is loaded"
            return Mismatch(message, (), _WITHOUT_STATE)
        key = _missing(error, [group.values for group in groups])
        if key is not None:
            why = f"the checkpoint's groups, which take the place of the source's, have no {quoted(key)}"
            return Mismatch(f"{kind} raises KeyError: {key!r} at its next step: {why}", (), _AFTER_LOADING)
    return None


def _copied(scheduler: Any, source: BuiltOptimizer, groups: Sequence[BuiltGroup]) -> Any:
    from pgaudit.schedules.follow import stand_in_optimizer

    of = stand_in_optimizer([group.values for group in groups], source.defaults)
    return copy.deepcopy(scheduler, {id(scheduler.optimizer): of})


def _missing(error: Exception, where: Sequence[Any]) -> str | None:
    """The key that an exception asks for and nothing holds; None for another exception."""
    key = error.args[0] if isinstance(error, KeyError) and error.args else None
    return key if isinstance(key, str) and all(key not in each for each in where) else None
