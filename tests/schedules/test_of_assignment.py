"""An assignment's lrs over time, through a whole audit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from pgaudit.built.audit import audit_objects
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.schedule import Schedule, ScheduleRequest
from pgaudit.pipeline import audit
from pgaudit.report import Report
from tests.schedules.stepped import stepped

COSINE = {"type": "CosineAnnealingLR", "T_max": 20, "eta_min": 1e-4}
POLICY: dict[str, Any] = {
    "optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4},
    "paramwise_cfg": {"norm_decay_mult": 0.0, "custom_keys": {"2": {"lr_mult": 0.1}}},
}
ASKED = ScheduleRequest((0, 7, 20))


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def real_lrs(lr: float, steps: tuple[int, ...] = ASKED.at) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20, 1e-4)
    return [lrs[0] for lrs in stepped(optimizer, scheduler.step, steps) if lrs]


def lrs_of(report: Report, name: str) -> list[float | None]:
    return list(report.lrs_at(report[name]).values())


def test_a_config_gives_each_parameter_its_lr_at_each_step() -> None:
    report = audit(model(), {**POLICY, "scheduler": COSINE}, request=ASKED)
    assert lrs_of(report, "0.weight") == real_lrs(0.1)
    assert lrs_of(report, "2.bias") == real_lrs(0.1 * 0.1)
    entry = next(each for each in report.to_dict()["params"] if each["name"] == "2.bias")
    assert entry["lr_at"] == dict(zip(("0", "7", "20"), real_lrs(0.1 * 0.1), strict=True))
    assert report.over_time is not None
    assert report.over_time.optimizers[0] is not None
    assert len(report.over_time.optimizers[0].lrs) == 2  # of six parameters, in two settings


def test_a_frozen_parameter_has_no_lr_at_any_step() -> None:
    frozen = model()
    frozen.get_submodule("1").weight.requires_grad_(False)
    policy = {"constructor": "timm", "optimizer": {"type": "sgd", "lr": 0.1}, "scheduler": COSINE}
    report = audit(frozen, policy, request=ASKED)
    assert report["1.weight"].lr is None
    assert lrs_of(report, "1.weight") == [None] * 3


def test_without_a_schedule_the_lr_stays_and_that_is_said() -> None:
    report = audit(model(), POLICY, request=ASKED)
    assert lrs_of(report, "0.weight") == [0.1] * 3
    assert report.notes == (
        "there is no schedule (a config's `scheduler` has a `type`), so the lr at every step is the lr itself",
    )
    assert audit(model(), POLICY).over_time is None


def test_a_schedule_that_is_asked_about_takes_the_place_of_the_configs_own() -> None:
    request = ScheduleRequest(ASKED.at, Schedule("torch", COSINE))
    other = {"type": "ExponentialLR", "gamma": 0.5}
    assert lrs_of(audit(model(), {**POLICY, "scheduler": other}, request=request), "0.weight") == real_lrs(0.1)


def test_what_is_wrong_stands_at_its_place() -> None:
    with pytest.raises(ConfigError, match="unexpected keyword argument"):
        audit(model(), {**POLICY, "scheduler": {"type": "StepLR", "step_sise": 3}})
    with pytest.raises(UsageError, match="--scheduler: torch .* has no scheduler"):
        audit(model(), POLICY, request=ScheduleRequest((1,), Schedule("torch", {"type": "StapLR"})))
    with pytest.raises(ConfigError, match="would raise TypeError.* at step 1"):
        audit(model(), {**POLICY, "scheduler": {"type": "CosineAnnealingLR", "T_max": "long"}})


def test_past_the_end_there_is_no_lr() -> None:
    one_cycle = {"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 10}
    report = audit(model(), {**POLICY, "scheduler": one_cycle}, request=ScheduleRequest((3, 99)))
    assert lrs_of(report, "0.weight")[1] is None
    assert "is past its end at 99, and has no lr there: it raises ValueError: Tried to step" in report.notes[0]


@pytest.mark.parametrize("given", ["cosine", {"name": "cosine", "T_max": 3}, None, [], [3], {"type": 4}])
def test_a_scheduler_of_another_kind_is_none_of_ours(given: Any) -> None:
    assert audit(model(), {**POLICY, "scheduler": given}).over_time is None


def test_live_schedulers_are_followed_and_left_alone() -> None:
    live = model()
    first, norm, _ = live.children()
    groups: list[dict[str, Any]] = [{"params": first.parameters(), "lr": 0.01}, {"params": norm.parameters()}]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20, 1e-4)
    before = repr((scheduler.state_dict(), [group["lr"] for group in optimizer.param_groups]))
    report = audit_objects(live, optimizer, scheduler, ASKED)
    assert lrs_of(report, "0.weight") == real_lrs(0.01)
    assert lrs_of(report, "1.weight") == real_lrs(0.1)
    assert lrs_of(report, "2.weight") == [None] * 3  # in no group
    assert repr((scheduler.state_dict(), [group["lr"] for group in optimizer.param_groups])) == before
