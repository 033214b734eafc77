"""What the findings about schedules have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from torch import nn
from torch.optim import lr_scheduler

from pgaudit import pipeline
from pgaudit.built.audit import audit_objects
from pgaudit.config.schedules import own_schedule
from pgaudit.core.errors import ConfigError
from pgaudit.core.schedule import ScheduleRequest
from tests.checks.cases import audit, places
from tests.checks.schedule_cases import NAMES, about_schedules, of_live, optimizer_of, policy, three

ONE_CYCLE = {"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 20}
FLAT = (
    "optimizer: {type: SGD, lr: 0.1}\nconstructor: mmcv\nparamwise_cfg: {custom_keys: {a: {lr_mult: 0.1}}}\n"
    "scheduler: {type: OneCycleLR, max_lr: 0.1, total_steps: 20}\nfindings: {ignore: {PG027: %s}}\n"
)
IGNORED = {
    "a reason": ("meant", True),
    "the schedule": ("{reason: meant, key: OneCycleLR}", True),
    "its parameters": ("{reason: meant, param: a, count: 1}", True),
    "another schedule": ("{reason: meant, key: CyclicLR}", False),
    "another parameter": ("{reason: meant, param: b}", False),
}


@pytest.mark.parametrize(("entry", "ignored"), IGNORED.values(), ids=IGNORED)
def test_they_are_ignored_as_others_are(tmp_path: Path, entry: str, ignored: bool) -> None:
    report = audit(tmp_path, FLAT % entry, three())
    assert [each.code for each in report.ignored] == (["PG027"] if ignored else [])
    assert [code for code, *_ in places(report) if code in ("PG019", "PG027")] == (
        [] if ignored else ["PG027", "PG019"]
    )


def test_a_request_without_need_is_stale(tmp_path: Path) -> None:
    report = audit(tmp_path, (FLAT % "meant").replace("lr_mult: 0.1", "lr_mult: 1.0"), three())
    assert places(report, "PG019") == [("PG019", 5, 21)]


def test_a_schedule_that_is_asked_about_stands_nowhere_in_the_config(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(FLAT.replace("findings: {ignore: {PG027: %s}}\n", ""), encoding="utf-8")
    request = ScheduleRequest(schedule=own_schedule(ONE_CYCLE, "mmcv"))
    (finding,) = about_schedules(pipeline.audit(three(), path, request=request))
    assert (finding.location and finding.location.path, finding.location and finding.location.line) == (str(path), None)


def test_each_of_two_optimizers_has_its_own() -> None:
    first, second = optimizer_of([0.01, 0.1, 0.1]), optimizer_of([0.1] * 3)
    model = nn.ModuleList([three(), three()])
    for optimizer, part in zip((first, second), model, strict=True):
        for group, name in zip(optimizer.param_groups, NAMES, strict=True):
            group["params"] = [part.get_parameter(name)]
    schedulers = [
        lr_scheduler.CosineAnnealingLR(first, 9, eta_min=0.05),
        lr_scheduler.CosineAnnealingLR(second, 9, eta_min=0.05),
    ]
    (finding,) = about_schedules(audit_objects(model, [first, second], schedulers))
    assert (finding.code, finding.params) == ("PG028", ("0.a",))


def test_a_function_that_knows_few_steps_is_asked_for_no_others() -> None:
    optimizer = optimizer_of([0.1] * 3)
    table = [1.0, 0.5]
    scheduler = lr_scheduler.LambdaLR(optimizer, lambda step: table[step])
    assert of_live(optimizer, scheduler) == []
    report = audit_objects(None, optimizer, scheduler, request=ScheduleRequest(at=(1,)))
    assert report.lrs_at(report["a"]) == {1: 0.05}


def test_a_scheduler_that_raises_where_it_is_asked_is_a_note() -> None:
    optimizer = optimizer_of([0.1] * 3)
    scheduler = lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (5 - step))
    report = audit_objects(None, optimizer, scheduler, request=ScheduleRequest(at=(9,)))
    assert any("LambdaLR would raise ZeroDivisionError" in note for note in report.notes)


def test_one_that_raises_in_a_config_is_an_error() -> None:
    config = policy(1.0, scheduler={"type": "ConstantLR", "factor": 0.0, "total_iters": 3})
    with pytest.raises(ConfigError, match="ConstantLR factor 0 total_iters 3 would raise ZeroDivisionError"):
        pipeline.audit(three(), config)


def test_frozen_parameters_and_empty_groups_are_left_alone() -> None:
    optimizer = optimizer_of([0.01, 0.1, 1e-6])
    optimizer.param_groups[0]["params"][0].requires_grad_(False)
    optimizer.param_groups[2]["params"] = []
    assert of_live(optimizer, lr_scheduler.CosineAnnealingLR(optimizer, 9, eta_min=0.05)) == []


def test_nothing_is_said_without_a_schedule() -> None:
    assert about_schedules(pipeline.audit(three(), policy(0.1))) == []
    asked: Any = ScheduleRequest(at=(0, 10))
    assert about_schedules(pipeline.audit(three(), policy(0.1), request=asked)) == []
