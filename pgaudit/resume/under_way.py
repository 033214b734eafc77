"""The lrs of a checkpoint's groups that do not say where they began → whether a schedule has made them of the source's.

torch's ``LRScheduler`` writes ``initial_lr`` into the groups that it finds; ``ReduceLROnPlateau`` writes none, and a
group that was added later has none (2.15, torch/optim/lr_scheduler.py). The real classes say what a schedule makes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache as once
from typing import Any

from pgaudit.built.wrappers import wrapped
from pgaudit.core.built import BuiltOptimizer, SchedulerState
from pgaudit.core.schedule import ScheduleRequest

Reached = Callable[[int, int, float, float], bool]
"""Of a group of the source, one of the checkpoint and their lrs: whether a schedule has made the one of the other."""
_MOST_REDUCTIONS = 1_000
_MOST_STEPS = 100_000
"""Some classes have to be stepped one by one, which takes seconds for these."""


def reached(state: SchedulerState | None, source: BuiltOptimizer, schedulers: Sequence[Any], optimizer: Any) -> Reached:
    """Returns what tells whether the schedule whose state a checkpoint holds leads from one lr to another.

    Args:
        state: of the checkpoint's scheduler.
        source: the optimizer that training begins with.
        schedulers: the source's own, if there are any.
        optimizer: the live optimizer, or None.
    """
    if state is None:
        return lambda *_: False
    if "num_bad_epochs" in state.values:
        return lambda _, theirs, before, after: _reduced(state.values, theirs, before, after)
    lrs = once(lambda: _lrs(state, source, schedulers, optimizer))  # few runs ask for it
    return lambda ours, _, __, after: ours < len(lrs()) and lrs()[ours] == after


def _lrs(state: SchedulerState, source: BuiltOptimizer, schedulers: Sequence[Any], optimizer: Any) -> Sequence[Any]:
    """The lrs of the source's groups after as many steps as the checkpoint's scheduler has made."""
    step = state.values.get("last_epoch")
    if not schedulers or optimizer is None or type(step) is not int or not 0 <= step <= _MOST_STEPS:
        return ()
    from pgaudit.schedules.live import follow_live

    groups = [group.values for group in source.groups]
    found = follow_live(schedulers, wrapped(optimizer), groups, ScheduleRequest(at=(step,)))
    if found is None:
        return ()
    return [found.lrs[index][found.steps.index(step)] for index in range(len(groups))]


def _reduced(state: Mapping[str, Any], group: int, before: float, after: float) -> bool:
    """Whether ReduceLROnPlateau comes from the one lr to the other, if nothing gets better any more."""
    from torch.optim.lr_scheduler import ReduceLROnPlateau

    from pgaudit.schedules.follow import stand_in_optimizer

    least = state.get("min_lrs")
    optimizer = stand_in_optimizer([{"lr": before}], {})
    try:
        plateau = ReduceLROnPlateau(
            optimizer,
            factor=state["factor"],
            patience=0,
            min_lr=least[group] if isinstance(least, (list, tuple)) else 0.0,
            eps=state.get("eps", 1e-8),
        )
        plateau.step(0.0)
        for _ in range(_MOST_REDUCTIONS):
            lr = optimizer.param_groups[0]["lr"]
            if lr <= after:
                return bool(lr == after)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                plateau.step(0.0)
            if optimizer.param_groups[0]["lr"] == lr:
                return False
    except Exception:  # a state that no ReduceLROnPlateau has
        return False
    return False
