"""A checkpoint's schedulers → from where they go on, and with which lrs.

``LRScheduler.load_state_dict`` takes over all of its state (torch 2.15, torch/optim/lr_scheduler.py). ``base_lrs`` are
what it computes lrs from, and its next ``step()`` raises ValueError where there are more or fewer than groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pgaudit.built.values import same
from pgaudit.core.built import BuiltOptimizer, SchedulerState
from pgaudit.resume.answer import Mismatch
from pgaudit.text import counted, visible

_FEW = 4


def scheduler_notes(
    states: Sequence[SchedulerState], sources: Sequence[BuiltOptimizer], attached: int, named: str
) -> Iterator[str]:
    """Yields what each scheduler goes on from.

    Args:
        states: the checkpoint's schedulers.
        sources: the optimizers that training begins with.
        attached: how many schedulers the source has; 0 where it does not say.
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
        ours = _lrs(_its(sources, index, len(states)))
        begins += f" with base_lrs {_listed(lrs)}"
        if len(ours) == len(lrs) and not all(map(same, ours, lrs)):
            begins += f"; those of {visible(named)} would be {_listed(ours)}"
        yield begins
    if attached and attached != len(states):
        has = f"{visible(named)} has {counted(attached, 'scheduler')}"
        yield f"{has}, and the checkpoint the state of {len(states) or 'none'}"


def scheduler_mismatches(states: Sequence[SchedulerState], sources: Sequence[BuiltOptimizer]) -> Iterator[Mismatch]:
    """Yields the schedulers whose lrs are not for as many groups as there are."""
    for index, state in enumerate(states):
        its = _its(sources, index, len(states))
        lrs = _base_lrs(state)
        if its is not None and lrs and len(lrs) != len(its.groups):
            yield Mismatch(
                f"{visible(state.key or 'the scheduler')} has base_lrs for {counted(len(lrs), 'group')}, of "
                f"{len(its.groups):,}: a schedule that computes lrs from them raises ValueError at its next step",
                (),
                "Leave the scheduler's state out, and set its last_epoch.",
            )


def _its(sources: Sequence[BuiltOptimizer], index: int, count: int) -> BuiltOptimizer | None:
    """The optimizer that a scheduler belongs to; None where nothing tells."""
    if len(sources) == 1 and count == 1:
        return sources[0]
    return sources[index] if len(sources) == count else None


def _base_lrs(state: SchedulerState) -> list[Any]:
    found = state.values.get("base_lrs")
    return list(found) if isinstance(found, (list, tuple)) and all(map(_is_number, found)) else []


def _lrs(optimizer: BuiltOptimizer | None) -> list[Any]:
    groups = optimizer.groups if optimizer is not None else ()
    return [group.values.get("initial_lr", group.values.get("lr")) for group in groups]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _listed(lrs: Sequence[Any]) -> str:
    different = list(dict.fromkeys(lrs))
    if len(different) == 1:
        return repr(different[0])
    more = f" and {len(lrs) - _FEW} more" if len(lrs) > _FEW else ""
    return f"{', '.join(map(repr, lrs[:_FEW]))}{more}"
