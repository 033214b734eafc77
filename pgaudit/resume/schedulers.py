"""A checkpoint's schedulers → from where they go on, and with which lrs.

``LRScheduler.load_state_dict`` takes over all of its state (torch 2.15, torch/optim/lr_scheduler.py). ``base_lrs`` are
what it computes lrs from, and its next ``step()`` raises ValueError where there are more or fewer than groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pgaudit.core.built import BuiltOptimizer, SchedulerState
from pgaudit.core.plain import agree, plain
from pgaudit.text import counted, visible

_FEW = 4


def scheduler_notes(
    states: Sequence[SchedulerState], sources: Sequence[BuiltOptimizer], live: Sequence[Any], named: str
) -> Iterator[str]:
    """Yields what each scheduler goes on from.

    Args:
        states: the checkpoint's schedulers.
        sources: the optimizers that training begins with.
        live: the source's own schedulers; none where it does not say.
        named: what the user calls the source.
    """
    for index, state in enumerate(states):
        name = visible(state.key or "the scheduler")
        epoch = state.values.get("last_epoch")
        begins = f"{name} goes on from last_epoch {epoch!r}" if _is_number(epoch) else f"{name} goes on"
        lrs = _base_lrs(state)
        if not lrs:
            yield begins
            continue
        ours = _lrs(state_optimizer(sources, index, len(states)))
        begins += f" with base_lrs {_listed(lrs)}"
        if len(ours) == len(lrs) and agree(ours, lrs) is False:
            begins += f"; those of {visible(named)} would be {_listed(ours)}"
        yield begins
    if live and len(live) != len(states):
        has = f"{visible(named)} has {counted(len(live), 'scheduler')}"
        yield f"{has}, and the checkpoint the state of {len(states) or 'none'}"


def short_notes(states: Sequence[SchedulerState], sources: Sequence[BuiltOptimizer]) -> Iterator[str]:
    """Yields the schedulers whose lrs are not for as many groups as there are, where no live one can be asked.

    Args:
        states: the checkpoint's schedulers.
        sources: the optimizers that training begins with.
    """
    for index, state in enumerate(states):
        its = state_optimizer(sources, index, len(states))
        if its is not None and is_short(state, its):
            yield f"{short(state, its)}: a schedule that computes lrs from them raises ValueError at its next step"


def is_short(state: SchedulerState, its: BuiltOptimizer | None) -> bool:
    """Whether a scheduler's lrs are not for as many groups as there are."""
    lrs = _base_lrs(state)
    return its is not None and bool(lrs) and len(lrs) != len(its.groups)


def short(state: SchedulerState, its: BuiltOptimizer) -> str:
    """Returns for how many groups they are."""
    groups = counted(len(_base_lrs(state)), "group")
    return f"{visible(state.key or 'the scheduler')} has base_lrs for {groups}, of {len(its.groups):,}"


def state_optimizer(sources: Sequence[BuiltOptimizer], index: int, count: int) -> BuiltOptimizer | None:
    """Returns the optimizer that one of so many schedulers belongs to; None where nothing tells."""
    if len(sources) == 1 and count == 1:
        return sources[0]
    return sources[index] if len(sources) == count else None


def state_of(states: Sequence[SchedulerState], index: int, count: int) -> SchedulerState | None:
    """Returns the state of the scheduler of one of so many optimizers; None where nothing tells."""
    return states[index] if len(states) == count else None


def _base_lrs(state: SchedulerState) -> list[Any]:
    found = state.values.get("base_lrs")
    return list(found) if isinstance(found, (list, tuple)) and all(map(_is_number, found)) else []


def _lrs(optimizer: BuiltOptimizer | None) -> list[Any]:
    groups = optimizer.groups if optimizer is not None else ()
    return [plain(group.values.get("initial_lr", group.values.get("lr"))) for group in groups]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _listed(lrs: Sequence[Any]) -> str:
    different = list(dict.fromkeys(lrs))
    if len(different) == 1:
        return repr(different[0])
    more = f" and {len(lrs) - _FEW} more" if len(lrs) > _FEW else ""
    return f"{', '.join(map(repr, lrs[:_FEW]))}{more}"
