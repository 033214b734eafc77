"""The source's own schedulers and the states that are loaded into them → the values of a schedule that they replace.

``LRScheduler.load_state_dict`` takes over all that was saved, ``T_max``, ``step_size`` and ``gamma`` as well as the
count of steps (torch 2.15, torch/optim/lr_scheduler.py): whoever makes a run longer goes on with the old length.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgaudit.core.built import BuiltOptimizer, SchedulerState, names_in_groups
from pgaudit.core.plain import agree, plain
from pgaudit.resume.answer import Override
from pgaudit.resume.schedulers import state_optimizer

_PROGRESS = frozenset(
    # torch's; base_lrs are told beside the lr
    "last_epoch base_lrs best num_bad_epochs cooldown_counter T_cur T_i "
    # timm's and mmengine's
    "base_values metric last_step".split()
)
"""What a scheduler itself writes, beside what begins with an underscore."""
_MILESTONES = "_milestones"
"""SequentialLR's, which its user gives."""


def replaced_by_schedules(
    states: Sequence[SchedulerState], sources: Sequence[BuiltOptimizer], live: Sequence[Any]
) -> Iterator[Override]:
    """Yields each value of a schedule that is another one after loading, for each parameter that it is about.

    Args:
        states: the checkpoint's schedulers.
        sources: the optimizers that training begins with.
        live: the source's own schedulers.
    """
    if len(states) != len(live):
        return
    for index, (state, scheduler) in enumerate(zip(states, live, strict=True)):
        its = state_optimizer(sources, index, len(live))
        found = list(_different(scheduler, state.values)) if its is not None else []
        if its is None or not found:
            continue
        (groups,) = names_in_groups([its])
        for key, before, after in found:
            yield from (Override(name, key, before, after) for names in groups for name in names)


def _different(scheduler: Any, theirs: Mapping[Any, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yields the class and its key, and both values; what is not read is no difference."""
    own: Mapping[str, Any] = {}
    with contextlib.suppress(Exception):  # a class of the user's own
        own = scheduler.state_dict()
    kind = type(scheduler).__name__
    for key, value in own.items():
        is_given = key == _MILESTONES or not (key.startswith("_") or key in _PROGRESS)
        if is_given and key in theirs and agree(before := plain(value), theirs[key]) is False:
            yield f"{kind}.{key.lstrip('_')}", before, theirs[key]
    inner, inside = getattr(scheduler, "_schedulers", ()), theirs.get("_schedulers")
    if isinstance(inside, (list, tuple)) and len(inside) == len(inner):
        for each, held in zip(inner, inside, strict=True):
            if isinstance(held, Mapping):
                yield from _different(each, held)
