"""What a diff says of the lr over time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch import nn, optim

import pgaudit
from pgaudit.core.schedule import ScheduleRequest
from pgaudit.diff import ChangeKind, Diff, compare
from pgaudit.diff.over_time import LrChange
from pgaudit.render.diff.data import render_diff_json, render_diff_markdown
from pgaudit.render.diff.github import render_diff_github
from pgaudit.render.diff.table import render_diff_table
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.sources.over_time import with_steps_of
from pgaudit.sources.pair import audit_pair
from pgaudit.sources.saved_report import from_json
from pgaudit.sources.source import open_side
from tests.budget import examples
from tests.render.over_time import COSINE, POLICY, scheduled

LONGER = {**COSINE, "T_max": 200}
NETS = "from torch import nn, optim\ndef tiny():\n    return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))\n"
BUILT = """
def alone():
    model = tiny()
    return model, optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
def made():
    model, optimizer = alone()
    return model, optimizer, optim.lr_scheduler.CosineAnnealingLR(optimizer, 100, eta_min=1e-3)
"""


def _pair(a: Mapping[str, Any] | None, b: Mapping[str, Any] | None, at: tuple[int, ...] = ()) -> tuple[Report, Report]:
    one, other = scheduled(a, at=at), scheduled(b, at=at)
    request = ScheduleRequest(at)
    return with_steps_of(one, other, request), with_steps_of(other, one, request)


def _diff(a: Mapping[str, Any] | None, b: Mapping[str, Any] | None, at: tuple[int, ...] = ()) -> Diff:
    return compare(*_pair(a, b, at))


def _table(diff: Diff, width: int | None = None) -> list[str]:
    return render_diff_table(diff, TableOptions(fold=True, width=width)).splitlines()


def test_both_are_compared_where_either_turns() -> None:
    diff = _diff(COSINE, LONGER)
    assert diff.differs
    assert diff.steps == (100, 200)
    change = next(each for each in diff.changes if each.param.name == "head.weight")
    at_0, at_100, at_200 = change.lrs
    assert at_0 == LrChange(0, 1.0, 1.0)
    assert (at_100.before, at_100.after) == pytest.approx((1e-3, 0.5005))
    assert (at_200.before, at_200.after) == pytest.approx((None, 1e-3))  # the side before has ended


def test_the_setup_says_which_schedule_it_was() -> None:
    (change,) = _diff(COSINE, LONGER).setup
    assert (change.name, change.before) == ("schedule", "CosineAnnealingLR T_max 100 eta_min 0.001")
    (came,) = _diff(None, COSINE).setup
    assert (came.before, came.after) == (None, "CosineAnnealingLR T_max 100 eta_min 0.001")


def test_epochs_and_steps_are_not_compared_and_a_note_says_so() -> None:
    by_epoch = {"type": "timm:cosine", "num_epochs": 10}
    for one, other in ((COSINE, by_epoch), (by_epoch, COSINE)):
        diff = _diff(one, other)
        assert diff.steps == ()
        assert diff.notes == ("the lrs over time are not compared: the schedules count epochs and steps",)
        assert diff.inverted() == compare(diff.b, diff.a)
    assert _diff(COSINE, LONGER).notes == ()


@pytest.mark.filterwarnings("ignore:Detected call of:UserWarning")
def test_each_optimizer_is_compared_with_its_own_like() -> None:
    def made(t_initial: int, gamma: float) -> Report:
        model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        pair = [optim.SGD(each.parameters(), lr=0.1) for each in model]
        by_epoch = CosineLRScheduler(pair[0], t_initial=t_initial)
        return pgaudit.audit(model, pair, scheduler=[by_epoch, optim.lr_scheduler.StepLR(pair[1], 5, gamma)], at=(8,))

    assert {each.param.name for each in compare(made(10, 0.1), made(20, 0.1)).changes} == {"0.weight", "0.bias"}
    diff = compare(made(10, 0.1), made(10, 0.2))
    assert {each.param.name for each in diff.changes} == {"1.weight", "1.bias"}
    assert diff.notes == ()


def test_the_same_schedule_is_no_difference() -> None:
    diff = _diff(COSINE, COSINE, (0, 3, 70))
    assert not diff.differs
    assert diff.steps == ()
    assert _table(diff)[-1].startswith("no difference")


def test_a_schedule_that_came_is_compared_with_the_lr_as_it_was() -> None:
    diff = _diff(None, {"type": "CosineAnnealingLR", "T_max": 10}, (5,))
    assert diff.steps == (5, 10)
    assert {change.kind for change in diff.changes} == {ChangeKind.CHANGED}
    lrs = next(each for each in diff.changes if each.param.name == "token").lrs
    assert [(each.step, each.before) for each in lrs] == [(0, 0.1), (5, 0.1), (10, 0.1)]


def test_a_multiple_of_the_same_course_is_told_once() -> None:
    cosine = {"type": "CosineAnnealingLR", "T_max": 10}
    doubled = {**POLICY, "optimizer": {**POLICY["optimizer"], "lr": 0.2}}
    one, other = scheduled(cosine), scheduled(cosine, policy=doubled)
    diff = compare(one, other)
    assert diff.differs
    assert diff.steps == ()
    # A floor is the same for both, so that the course is another one.
    assert compare(scheduled(COSINE), scheduled(COSINE, policy=doubled)).steps == (0,)
    asked = compare(scheduled(cosine, at=(5,)), scheduled(cosine, policy=doubled, at=(5,)))
    assert asked.steps == (5,)


@pytest.mark.parametrize("width", [50, 80, 120, None])
def test_the_table_has_a_column_a_step(width: int | None) -> None:
    lines = _table(_diff(COSINE, LONGER), width)
    text = "\n".join(lines)
    assert width is None or max(map(len, lines)) <= width
    if width is None or width >= 80:
        assert "lr@100" in text
        head = next(line for line in lines if line.startswith("~ head."))
        assert "▲ 0.001 → 0.5" in head
        assert "✕" not in text
    if width is None:
        assert "– → 0.001" in text
    else:
        assert "lr@200" in text or width > 80


def test_rows_that_differ_at_a_step_alone_are_not_joined() -> None:
    policy = {**POLICY, "paramwise_cfg": {}}
    floor = {"type": "CosineAnnealingLR", "T_max": 100, "eta_min": 0.05}
    one, other = scheduled(COSINE, policy=policy), scheduled(floor, policy=policy)
    lines = _table(compare(one, other))
    assert any(line.startswith("~ blocks.{0..2}.dwconv.{weight,bias}") for line in lines)


def test_the_other_formats() -> None:
    diff = _diff(COSINE, LONGER, (50,))
    data = json.loads(render_diff_json(diff))
    entry = next(each for each in data["changes"] if each["name"] == "head.weight")
    assert set(entry["before"]["lr_at"]) == {"0", "50", "100", "200"}
    assert entry["before"]["lr_at"]["200"] is None
    assert data["setup"][0]["name"] == "schedule"
    text = render_diff_markdown(diff)
    assert "| lr@50 | lr@100 | lr@200 | weight decay |" in text
    assert "lr@100 0.001 → 0.5" in render_diff_github(diff)
    plain = json.loads(render_diff_json(_diff(None, None)))
    assert "lr_at" not in json.dumps(plain)


def test_units_that_differ_are_not_compared() -> None:
    from dataclasses import replace

    one, other = _pair(COSINE, LONGER)
    assert other.over_time is not None
    (schedule,) = other.over_time.optimizers
    assert schedule is not None
    epochs = replace(other, over_time=replace(other.over_time, optimizers=(replace(schedule, unit="epoch"),)))
    diff = compare(one, epochs)
    assert diff.steps == ()
    assert [each.name for each in diff.setup] == ["schedule"]


@settings(max_examples=examples(60))
@given(
    a=st.sampled_from([None, COSINE, LONGER, {"type": "StepLR", "step_size": 30}]),
    b=st.sampled_from([None, COSINE, LONGER, {"type": "ExponentialLR", "gamma": 0.9}]),
    at=st.sets(st.integers(0, 250), max_size=3).map(lambda steps: tuple(sorted(steps))),
)
def test_random_diffs_go_both_ways_and_through_files(
    a: Mapping[str, Any] | None, b: Mapping[str, Any] | None, at: tuple[int, ...]
) -> None:
    one, other = _pair(a, b, at)
    diff = compare(one, other)
    back = compare(other, one)
    assert diff.inverted().changes == back.changes
    assert diff.steps == back.steps
    assert not compare(one, one).differs
    saved = [from_json(json.loads(json.dumps(side.to_dict()))) for side in (one, other)]
    steps = {step for step in at if any(_lr(one, step, row.name) != _lr(other, step, row.name) for row in one)}
    assert set(compare(*saved).steps) == steps
    assert steps <= set(diff.steps)


def _lr(report: Report, step: int, name: str) -> float | None:
    return report.lrs_at(report[name])[step]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NETS + BUILT)
    for name, scheduler in {"a": COSINE, "b": LONGER, "none": None}.items():
        config = {"model": "nets.py:tiny", "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9}}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(config | ({"scheduler": scheduler} if scheduler else {})))
    return tmp_path


def _sides(one: str, other: str, *at: int) -> Diff:
    request = ScheduleRequest(at)
    pair = audit_pair(open_side(one), open_side(other), requests=(request, request))
    return compare(pair.a, pair.b)


@pytest.mark.usefixtures("folder")
def test_two_files_know_each_others_turns() -> None:
    assert _sides("a.yaml", "b.yaml").steps == (100, 200)
    assert _sides("b.yaml", "a.yaml", 50).steps == (50, 100, 200)
    assert _sides("none.yaml", "a.yaml").steps == (100,)


@pytest.mark.usefixtures("folder")
def test_code_with_a_scheduler_and_a_config_agree() -> None:
    diff = _sides("nets.py:made", "a.yaml", 50)
    assert not diff.differs
    assert _sides("nets.py:made", "b.yaml").steps == (100, 200)


@pytest.mark.usefixtures("folder")
def test_code_without_a_scheduler_says_nothing_of_it() -> None:
    diff = _sides("nets.py:alone", "a.yaml")
    assert not diff.differs
    # If a step is asked, it is the lr itself.
    assert _sides("nets.py:alone", "a.yaml", 100).steps == (100,)
