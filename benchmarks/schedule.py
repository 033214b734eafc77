"""The lr over time: one step far away, and a thousand parameters beside three.

The rival is the schedule stepped there one by one, which is what there is without a closed form.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR

from benchmarks.figures import Figure, emit, interleaved
from pgaudit.core.assignment import Assignment, ModelInfo, OptimizerInfo, ParamAssignment, RecordedParameter
from pgaudit.core.schedule import Schedule, ScheduleRequest
from pgaudit.core.setting import Setting
from pgaudit.schedules.follow import StandIns, followed
from pgaudit.schedules.of_assignment import follow_schedule

YEAR = 10_000_000
"""Steps of a schedule that takes a year, at three steps a second."""
STEPPED = 20_000
"""Steps that are made one by one, of which the rest is so many times more."""
ROUNDS = 7


def figures() -> list[Figure]:
    """A step of a year-long schedule, and many parameters beside few; torch is imported, and nothing remembered."""
    far = statistics.median(_taken(_asked) for _ in range(ROUNDS))
    stepped = statistics.median(_taken(_stepped) for _ in range(3)) * YEAR / 2 / STEPPED
    how = (
        f"Medians of {ROUNDS} and 3 calls. The rival makes {STEPPED:,} steps of {YEAR // 2:,}, and is taken to go on "
        f"as fast. Ours took {far * 1000:.1f} ms: the aim is 100."
    )
    few, many = _assignment(3), _assignment(1000)
    took = interleaved({"ours": lambda: _taken(lambda: _of(many)), "rival": lambda: _taken(lambda: _of(few))}, ROUNDS)
    return [
        Figure("a step in the middle of 10⁷", far, stepped, "s", "stepping there", 0.001, how),
        Figure("1,000 tensors over 100 steps", took["ours"], took["rival"], "s", "3 tensors", 1.5, _HOW),
    ]


_HOW = f"Medians of {ROUNDS} calls each, in turn; of both, the settings are three."


def _assignment(tensors: int) -> Assignment:
    settings = [Setting.of(lr, 0.0, None, None) for lr in (0.1, 0.01, 0.001)]
    params = tuple(
        ParamAssignment(RecordedParameter(str(index), shape=(1,), numel=1), settings[index % 3], index)
        for index in range(tensors)
    )
    return Assignment("built", ModelInfo(None, None), (OptimizerInfo("SGD"),), params)


def _of(assignment: Assignment) -> object:
    schedule = Schedule("torch", {"type": "CosineAnnealingLR", "T_max": 100})
    return follow_schedule(assignment, 0, schedule, {}, ScheduleRequest((50,)))


def _taken(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def _asked() -> object:
    schedule = Schedule("torch", {"type": "CosineAnnealingLR", "T_max": YEAR, "eta_min": 1e-6})
    groups = ({"lr": 0.1}, {"lr": 0.01}, {"lr": 0.001})
    return followed(schedule, StandIns((0, 1, 2), groups, {}), ScheduleRequest((YEAR // 2,)))


def _stepped() -> None:
    groups = [{"params": [torch.zeros(1)], "lr": lr} for lr in (0.1, 0.01, 0.001)]
    scheduler = CosineAnnealingLR(torch.optim.SGD(groups, lr=0.1), YEAR, 1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the optimizer itself makes no step
        for _ in range(STEPPED):
            scheduler.step()


if __name__ == "__main__":
    emit(figures())
