"""A real scheduler on a real optimizer, stepped as a training loop does."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from pgaudit.core.schedule import OptimizerSchedule, Schedule, ScheduleRequest
from pgaudit.schedules.follow import StandIns, followed

Groups = Sequence[Mapping[str, Any]]
"""What each group holds, beside its parameters."""


def real_optimizer(groups: Groups) -> torch.optim.Optimizer:
    """AdamW, with several real tensors in each group."""
    filled = [
        {"params": [torch.zeros(2, requires_grad=True) for _ in range(1 + index % 3)], **group}
        for index, group in enumerate(groups)
    ]
    return torch.optim.AdamW(filled, lr=1e-3)


def stepped(
    optimizer: torch.optim.Optimizer, step: Callable[[], Any], steps: Sequence[int]
) -> list[list[float] | None]:
    """The lrs of all groups after each of so many steps, which ascend; None from where a step raises."""
    found: list[list[float] | None] = []
    made = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the optimizer itself makes no step
        for wanted in steps:
            try:
                while made < wanted:
                    step()
                    made += 1
            except ValueError:
                return found + [None] * (len(steps) - len(found))
            found.append([float(group["lr"]) for group in optimizer.param_groups])
    return found


def followed_lrs(schedule: Schedule, groups: Groups, steps: Sequence[int]) -> tuple[list[Any], OptimizerSchedule]:
    """What is said of the lrs of all groups after each of so many steps, and all else that is said."""
    defaults = torch.optim.AdamW([torch.zeros(1)], lr=1e-3).defaults
    keys = tuple(range(len(groups)))
    found = followed(schedule, StandIns(keys, tuple(groups), defaults), ScheduleRequest(tuple(steps)))
    at = [found.steps.index(step) for step in steps]
    columns = [[found.lrs[key][index] for key in keys] for index in at]
    return [None if None in column else column for column in columns], found
