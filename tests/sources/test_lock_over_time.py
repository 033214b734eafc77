"""A lock holds the lrs over time to the last bit, and a damaged one says so."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import pgaudit
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.schedule import ScheduleRequest
from pgaudit.report import Report
from pgaudit.sources.lock import written
from pgaudit.sources.lock_reading import read_lock
from pgaudit.sources.source import report_of
from tests.budget import examples
from tests.random_schedules import STEPS, schedules

MULTIPLIERS = st.dictionaries(st.sampled_from(["0", "1", "2"]), st.floats(0.1, 4).map(lambda m: {"lr_mult": m}))


def _net() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))


def _read(text: str) -> Report:
    return read_lock("x.lock", text.encode())


def _bits(lrs: dict[int, float | None]) -> dict[int, str]:
    return {step: "unknown" if lr is None else lr.hex() for step, lr in lrs.items()}


def _holds(report: Report) -> None:
    again = _read(written(report))
    assert again.at == report.at
    assert [each and each.title for each in again.over_time.optimizers] == [  # type: ignore[union-attr]
        each and each.title
        for each in report.over_time.optimizers  # type: ignore[union-attr]
    ]
    assert report.over_time is not None
    assert again.over_time is not None
    assert again.over_time.unit == report.over_time.unit
    for each in report:
        assert _bits(again.lrs_at(each.name)) == _bits(report.lrs_at(each)), each.name


@settings(max_examples=examples(300))
@given(data=st.data())
def test_random_schedules_are_locked_to_the_last_bit(data: st.DataObject) -> None:
    """Each parameter is a group of its own here, so that a schedule may have a value for each."""
    policy = {
        "optimizer": {"type": "SGD", "lr": data.draw(st.floats(1e-6, 10)), "momentum": 0.9},
        "paramwise_cfg": {"custom_keys": data.draw(MULTIPLIERS)},
    }
    _holds(pgaudit.audit(_net(), policy, scheduler=data.draw(schedules(groups=6)), at=data.draw(STEPS)))


@settings(max_examples=examples(100))
@given(factors=st.lists(st.sampled_from([1.0, 0.5, 0.1]), min_size=4, max_size=4), steps=STEPS)
def test_random_live_schedulers_tell_groups_of_equal_lr_apart(factors: list[float], steps: list[int]) -> None:
    model = _net()
    groups = [{"params": [each]} for each in [*model.parameters()][:4]]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    functions: list[Callable[[int], float]] = [partial(pow, factor) for factor in factors]
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, functions)
    _holds(pgaudit.audit(model, optimizer, scheduler=scheduler, at=steps))


def test_what_only_one_of_two_optimizers_has() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    pair = [torch.optim.SGD(each.parameters(), lr=0.1) for each in model]
    report = pgaudit.audit(model, pair, scheduler=torch.optim.lr_scheduler.ExponentialLR(pair[1], 0.5), at=(0, 2))
    text = written(report)
    assert "schedule: null\n" in text
    assert "0.1  0.0  at 0 0.1, 2 0.1  -: 0.{weight,bias}\n" in text
    assert "0.1  0.0  at 0 0.1, 2 0.025  optimizer 1  -: 1.{weight,bias}\n" in text
    _holds(report)


def test_a_lr_that_overflows_is_held() -> None:
    report = pgaudit.audit(
        _net(), {"optimizer": {"type": "SGD", "lr": 0.1}}, scheduler={"type": "ExponentialLR", "gamma": 1e9}, at=[0, 60]
    )
    assert math.isinf(report.lrs_at("0.bias")[60] or 0.0)
    _holds(report)


POLICY: dict[str, Any] = {"optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4}, "paramwise_cfg": {}}
SCHEDULE = {"type": "OneCycleLR", "max_lr": 1.0}


@pytest.fixture(scope="module")
def text() -> str:
    frozen = _net()
    frozen.get_parameter("0.weight").requires_grad = False
    return written(pgaudit.audit(frozen, POLICY, scheduler=SCHEDULE, steps=10, at=(0, 9, 90)))


def test_it_is_written_in_lines_that_are_easy_to_review(text: str) -> None:
    lines = text.splitlines()
    assert lines[0] == "pgaudit lock, format 4"
    assert lines[6:10] == [
        'schedule: "OneCycleLR max_lr 1"',
        "at: 0, 9, 90 steps",
        'scheduler: {"type": "torch:OneCycleLR", "max_lr": 1.0}',
        "steps: 10",
    ]
    assert "0.1  0.0001  at 0 0.040000000000000036, 9 4e-06, 90 -  default: 1.{weight,bias}" in lines


def test_the_options_on_which_the_lrs_depend_are_read_back(text: str) -> None:
    over_time = _read(text).over_time
    assert over_time is not None
    said = over_time.request
    assert (said.at, said.run, said.epoch_steps) == ((0, 9, 90), 10, None)
    assert said.schedule is not None
    assert (said.schedule.library, said.schedule.given) == ("torch", SCHEDULE)


@pytest.mark.parametrize("asked", [(), (0,), (9, 90)])
def test_a_saved_report_answers_its_own_steps(text: str, asked: tuple[int, ...]) -> None:
    report = report_of(_read(text), request=ScheduleRequest(asked))
    assert report.at == (asked or (0, 9, 90))
    assert set(report.lrs_at("1.bias")) == set(report.at)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (ScheduleRequest((0, 7, 8)), '"x.lock" holds the lr at 0, 9, 90 alone, and not at 7, 8'),
        (ScheduleRequest((0,), run=11), "holds lrs, and no schedule that could be followed"),
        (ScheduleRequest(epoch_steps=3), "holds lrs, and no schedule that could be followed"),
    ],
)
def test_a_saved_report_refuses_what_it_does_not_hold(text: str, asked: ScheduleRequest, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        report_of(_read(text), request=asked)


def test_a_report_without_steps_refuses_them_too() -> None:
    with pytest.raises(UsageError, match=r"holds the lr of no step, and not at 5 \(write it with --at 5\)"):
        report_of(_read(written(pgaudit.audit(_net(), POLICY))), request=ScheduleRequest((5,)))


DAMAGED: dict[str, tuple[Callable[[str], str], int | None, str]] = {
    "no steps": (lambda t: t.replace("at: 0, 9, 90 steps\n", ""), 1, "head is not whole"),
    "no schedule": (lambda t: t.replace('schedule: "OneCycleLR max_lr 1"\n', ""), 1, "head is not whole"),
    "another unit": (lambda t: t.replace("90 steps", "90 hours"), None, "at: 0, 9, 90 hours"),
    "steps that go down": (lambda t: t.replace("at: 0, 9, 90", "at: 9, 0, 90"), None, "do not ascend"),
    "a schedule that is a number": (lambda t: t.replace('"OneCycleLR max_lr 1"', "3"), None, "has no name"),
    "two schedules": (lambda t: t.replace("at: 0", "schedule: null\nat: 0"), None, "a schedule for each optimizer"),
    "no length": (lambda t: t.replace("steps: 10", "steps: 0"), None, "no number of steps: 0"),
    "no scheduler": (lambda t: t.replace("scheduler: {", "scheduler: [{").replace("1.0}\n", "1.0}, 3\n"), None, "head"),
    "other steps in a line": (lambda t: t.replace("  at 0 0.04", "  at 1 0.04"), 13, "not the steps of the head"),
    "a line without": (
        lambda t: re.sub(r"  at 0 0\.04.*? -", "", t, count=1),
        13,
        "in every line of an optimizer's parameters",
    ),
    "no number": (lambda t: t.replace("9 4e-06", "9 fast"), 13, "could not convert"),
    "an older format": (lambda t: t.replace("format 4", "format 3"), 7, "no setting: schedule"),
    "without a schedule, another lr": (lambda t: t.replace('"OneCycleLR max_lr 1"', "null"), 13, "no schedule, and"),
}


@pytest.mark.parametrize(("damage", "line", "message"), DAMAGED.values(), ids=DAMAGED)
def test_what_is_wrong_and_where(text: str, damage: Callable[[str], str], line: int | None, message: str) -> None:
    changed = damage(text)
    assert changed != text
    with pytest.raises(ConfigError, match=message) as caught:
        _read(changed)
    (finding,) = caught.value.findings
    assert finding.location is not None
    assert (finding.location.path, finding.location.line) == ("x.lock", line)
