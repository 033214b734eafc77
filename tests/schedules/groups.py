"""Random groups of an optimizer, and what a real scheduler makes of their lrs when it is stepped for real."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from hypothesis import strategies as st

from pgaudit.core.schedule import OptimizerSchedule, Schedule, ScheduleRequest
from pgaudit.schedules.follow import StandIns, followed

LRS = st.sampled_from([1e-6, 3e-4, 0.001, 0.1, 1.0]) | st.floats(1e-7, 2.0)
SCALES = st.sampled_from([0.1, 0.65, 1.0]) | st.floats(0.01, 3.0)
GROUPS = st.lists(
    st.fixed_dictionaries(
        {"lr": LRS},
        optional={
            "lr_scale": SCALES,
            "lr_mult": SCALES,
            "momentum": st.floats(0.0, 0.99),
            "weight_decay": st.floats(0.0, 0.1),
            "name": st.sampled_from(["a", "b"]),
        },
    ),
    min_size=1,
    max_size=4,
)
STEPS = st.lists(st.integers(0, 150), min_size=1, max_size=8, unique=True).map(sorted)
"""Ascending, as a request has them."""


def optimizer_of(groups: Sequence[dict[str, Any]], lr: float = 0.01) -> torch.optim.Optimizer:
    """A real optimizer of these groups; its own lr is nobody's."""
    return torch.optim.SGD(
        [{"params": [torch.nn.Parameter(torch.zeros(2))], **group} for group in groups], lr=lr, momentum=0.5
    )


def lrs_of(optimizer: torch.optim.Optimizer) -> list[float]:
    """The lrs in the groups."""
    return [float(group["lr"]) for group in optimizer.param_groups]


def stepped(
    optimizer: torch.optim.Optimizer, step: Callable[[int], object], wanted: Sequence[int]
) -> dict[int, list[float] | None]:
    """What the lrs are after each of so many steps, made one after the other; None from the step that raises."""
    found: dict[int, list[float] | None] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for made in range(wanted[-1] + 1):
            try:
                if made:
                    step(made)
                now = lrs_of(optimizer)
            except Exception:
                return {**found, **{each: None for each in wanted if each >= made}}
            if made in wanted:
                found[made] = now
    return found


def asked(
    schedule: Schedule, groups: Sequence[dict[str, Any]], at: Sequence[int] = (), lr: float = 0.01
) -> OptimizerSchedule:
    """What pgaudit says of them."""
    stand_ins = StandIns(tuple(range(len(groups))), tuple(groups), {"lr": lr, "momentum": 0.5, "weight_decay": 0})
    return followed(schedule, stand_ins, ScheduleRequest(tuple(at)))


def lrs_at(found: OptimizerSchedule, step: int) -> list[float | None]:
    """The lrs of all groups at a step."""
    place = found.steps.index(step)
    return [lrs[place] for lrs in found.lrs.values()]
