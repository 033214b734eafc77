"""Which lrs are others after some steps: by the schedule, and not by the last bits of a cosine."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit.diff.over_time import LrChange
from pgaudit.gate.lr_moves import moved_over_time
from pgaudit.report import Report

POLICY: dict[str, Any] = {"optimizer": {"type": "SGD", "lr": 0.1}}


def _audited(**schedule: Any) -> Report:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    return pgaudit.audit(model, POLICY, scheduler={"type": "CosineAnnealingLR", "T_max": 10, **schedule}, at=(0, 5, 10))


def test_each_parameter_is_told_with_its_moves() -> None:
    found = [*moved_over_time(_audited(), _audited(eta_min=1e-3), (10, 0))]
    assert [(before.name, after.name) for before, after, _ in found] == [
        (name, name) for name in ("0.weight", "0.bias", "1.weight", "1.bias")
    ]
    assert {moves for _, _, moves in found} == {(LrChange(10, 0.0, 1e-3),)}


@pytest.mark.parametrize("steps", [(7,), (0, 11)])
def test_a_step_that_nobody_asked_for_is_no_answer(steps: tuple[int, ...]) -> None:
    with pytest.raises(KeyError):
        list(moved_over_time(_audited(), _audited(), steps))


def _with(report: Report, lrs: tuple[float | None, ...]) -> Report:
    """The report with other lrs at its steps."""
    assert report.over_time is not None
    (schedule,) = report.over_time.optimizers
    assert schedule is not None
    other = replace(schedule, steps=(0, 5, 10), lrs=dict.fromkeys(schedule.lrs, lrs))
    return replace(report, over_time=replace(report.over_time, optimizers=(other,)))


CLOSE = {
    "the last bits": ((0.1, 0.05, 0.0), (0.1, 0.05 * (1 + 1e-15), 0.0), 0),
    "what is left of the first lr": ((0.1, 0.05, 0.0), (0.1, 0.05, 1e-16), 0),
    "a small floor": ((0.1, 0.05, 0.0), (0.1, 0.05, 1e-10), 1),
    "a few more than the last bits": ((0.1, 0.05, 0.0), (0.1, 0.05 * (1 + 1e-7), 0.0), 1),
    "unknown now": ((0.1, 0.05, 0.0), (0.1, 0.05, None), 1),
    "unknown on both sides": ((0.1, 0.05, None), (0.1, 0.05, None), 0),
    "no number on both sides": ((0.1, 0.05, math.nan), (0.1, 0.05, math.nan), 0),
    "overflown on both sides": ((0.1, 0.05, math.inf), (0.1, 0.05, math.inf), 0),
    "overflown": ((0.1, 0.05, 0.0), (0.1, 0.05, math.inf), 1),
}


@pytest.mark.parametrize(("before", "after", "moves"), CLOSE.values(), ids=CLOSE)
def test_what_counts_as_equal(before: tuple[float | None, ...], after: tuple[float | None, ...], moves: int) -> None:
    report = _audited()
    for one, other in ((before, after), (after, before)):
        found = [*moved_over_time(_with(report, one), _with(report, other), (0, 5, 10))]
        assert len(found) == 4 * moves
        assert all(len(each) == 1 for _, _, each in found)


def test_what_is_in_no_optimizer_on_a_side_moves_nowhere() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    one = torch.optim.SGD(model.parameters(), lr=0.1)
    other = torch.optim.SGD(model[0].parameters(), lr=0.2)
    a, b = (pgaudit.audit(model, each, at=(3,)) for each in (one, other))
    assert [after.name for _, after, _ in moved_over_time(a, b, (3,))] == ["0.weight", "0.bias"]
