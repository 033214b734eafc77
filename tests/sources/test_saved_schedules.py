"""A report that was saved with the lr over time, read again."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.schedule import Schedule, ScheduleRequest
from pgaudit.diff import compare
from pgaudit.render.report.table import render_table
from pgaudit.render.select import Selection
from pgaudit.render.terminal import TableOptions
from pgaudit.sources.products import with_products
from pgaudit.sources.saved_report import from_json
from pgaudit.sources.source import report_of
from tests.render.over_time import COSINE, ONE_CYCLE, POLICY, scheduled

STEPS = (0, 50, 101)
ADAMW = {**POLICY, "optimizer": {"type": "AdamW", "lr": 0.1, "weight_decay": 0.05}}


def _saved(scheduler: Any = COSINE, **asked: Any) -> Any:
    return json.loads(json.dumps(scheduled(scheduler, **asked).to_dict()))


@pytest.mark.parametrize("scheduler", [COSINE, ONE_CYCLE, None])
def test_what_is_saved_is_read(scheduler: Any) -> None:
    report = scheduled(scheduler, at=STEPS)
    again = from_json(json.loads(json.dumps(report.to_dict())))
    assert again.at == STEPS
    assert [again.lrs_at(row) for row in again] == [report.lrs_at(row) for row in report]
    assert again.to_dict()["params"] == report.to_dict()["params"]
    assert again.to_dict()["optimizers"] == report.to_dict()["optimizers"]
    assert not compare(report, again).differs


def test_it_looks_the_same() -> None:
    report = with_products(scheduled(at=STEPS, policy=ADAMW))
    again = with_products(from_json(json.loads(json.dumps(report.to_dict()))))

    def body(of: Any) -> list[str]:
        text = "".join(render_table(of, Selection(), TableOptions(fold=True, groups=True)))
        return [line for line in text.splitlines() if "Wrapper" not in line and "mmcv" not in line][:30]

    shown = [line for line in body(again) if not line.startswith("a model")]
    assert shown[1:] == [line for line in body(report) if not line.startswith("a model")][1:]


def test_the_keys_are_there_only_where_they_were_asked() -> None:
    plain = _saved(None)
    assert not {"lr_at", "decay_per_step", "decay_per_step_at"} & set(plain["params"][0])
    assert set(plain["optimizers"][0]) == {"type", "arguments"}
    assert plain["schema_version"] == 1
    data = with_products(scheduled(at=(5,), policy=ADAMW)).to_dict()
    assert {"lr_at", "decay_per_step", "decay_per_step_at"} <= set(data["params"][0])
    assert data["optimizers"][0]["decoupled"] is True
    assert data["optimizers"][0]["schedule"] == {
        "title": "CosineAnnealingLR T_max 100 eta_min 0.001",
        "unit": "step",
        "turning_points": [0, 100],
        "ends": 100,
        "run": None,
        "warms_up": None,
    }


def test_a_schedule_without_steps_is_known_by_its_title() -> None:
    again = from_json(_saved())
    assert again.at == ()
    schedule = again.schedule_of(0)
    assert schedule is not None
    assert (schedule.title, schedule.ends) == ("CosineAnnealingLR T_max 100 eta_min 0.001", 100)


def test_fewer_steps_may_be_asked_of_it_and_no_others() -> None:
    saved = from_json(_saved(at=STEPS), "a.json")
    assert report_of(saved, request=ScheduleRequest((50,))).at == (50,)
    with pytest.raises(UsageError, match=r"holds the lr at 0, 50, 101 alone, and not at 7"):
        report_of(saved, request=ScheduleRequest((7, 50)))
    for request in (ScheduleRequest(schedule=Schedule("torch", COSINE)), ScheduleRequest(run=5)):
        with pytest.raises(UsageError, match="no schedule that could be followed"):
            report_of(saved, request=request)
    with pytest.raises(UsageError, match="holds the lr of no step"):
        report_of(from_json(_saved(None), "a.json"), request=ScheduleRequest((7,)))


def _join(data: Any) -> None:
    """Puts the second parameter into the group of the first one, at other lrs."""
    data["params"][1]["group"] = data["params"][0]["group"]
    _set(data, 1, {"0": 0.5, "50": 0.5, "101": 0.5})


def _set(data: Any, index: int, value: Any) -> None:
    data["params"][index]["lr_at"] = value


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: _set(data, 1, {"0": 0.1}), "of other steps than"),
        (lambda data: data["params"][1].pop("lr_at"), "of other steps than"),
        (lambda data: _set(data, 0, {"-1": 0.1}), 'lr_at` is by step, and "-1" is none'),
        (lambda data: _set(data, 0, {"01": 0.1}), 'lr_at` is by step, and "01" is none'),
        (lambda data: _set(data, 0, {"²": 0.1}), "lr_at` is by step"),
        (lambda data: _set(data, 0, {"0": "much"}), "much"),
        (lambda data: _set(data, 0, [0.1]), "lr_at"),
        (lambda data: data["optimizers"][0].update(schedule={"title": 7}), "schedule"),
        (lambda data: data["optimizers"][0]["schedule"].update(unit="day"), "unit"),
        (lambda data: data["optimizers"][0]["schedule"].update(turning_points=[-1]), "turning_points"),
        (lambda data: _join(data), "its group"),
    ],
    ids=["steps", "none", "negative", "zero", "digit", "word", "list", "title", "unit", "point", "group"],
)
def test_damage_is_one_clear_message(damage: Any, message: str) -> None:
    data = copy.deepcopy(_saved(at=STEPS))
    damage(data)
    with pytest.raises(ConfigError) as caught:
        from_json(data, "a.json")
    assert message in str(caught.value)
