from __future__ import annotations

from math import inf, isclose
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch import nn
from torch.optim import lr_scheduler

from pgaudit.checks.pg028 import KEPT
from pgaudit.core.schedule import Schedule, ScheduleRequest
from pgaudit.pipeline import audit
from tests.budget import examples
from tests.checks.cases import Case, examine
from tests.checks.schedule_cases import of_live, of_policy, optimizer_of, three

HEAD = "optimizer: {type: SGD, lr: 0.1}\nconstructor: mmcv\nparamwise_cfg: {custom_keys: {a: {lr_mult: 0.1}}}\n"
COSINE = HEAD + "scheduler: {type: CosineAnnealingLR, T_max: 20, eta_min: %s}\n"
CASES = {
    "above the lr": Case(
        COSINE % 0.05,
        (4, 1),
        "CosineAnnealingLR T_max 20 eta_min 0.05 lifts 1 tensor (33 % of the model) above the lr that they start from, "
        "after 20 steps (0.01 becomes 0.05): a",
        "the floor is absolute: make it small beside 0.01, or relative to each group's own lr",
    ),
    "half of the lr": Case(
        COSINE % 0.005,
        (4, 1),
        "keeps 1 tensor (33 % of the model) at 0.25 of the lr that they start from, or more, after 20 steps "
        "(0.005 of 0.01), while others come down to 0.05 of theirs: a",
    ),
    "a fifth of the lr": Case(COSINE % 0.002, None),
    "half of every lr": Case((COSINE % 0.05).replace("lr_mult: 0.1", "lr_mult: 1"), None),
    "above every lr": Case(
        (COSINE % 0.5).replace("lr_mult: 0.1", "lr_mult: 1"), (4, 1), "lifts 3 tensors … (0.1 becomes 0.5), such as a"
    ),
    "what is at lr 0": Case(
        (COSINE % 1.0e-6).replace("lr_mult: 0.1", "lr_mult: 0"),
        (4, 1),
        "lifts 1 tensor … after 20 steps (0 becomes 1e-6): a",
        "an absolute floor moves what is at lr 0: freeze it in the model",
    ),
    "before a restart": Case(
        HEAD + "scheduler: {type: CosineAnnealingWarmRestarts, T_0: 20, eta_min: 0.05}\n", (4, 1), "after 19 steps"
    ),
    # mmengine issue 1612: up to 100 times the lr for 8 epochs, and down to the lr
    "a cosine that goes up": Case(
        HEAD
        + "scheduler:\n- {type: CosineAnnealingLR, T_max: 8, eta_min: 10}\n"
        + "- {type: CosineAnnealingLR, T_max: 12, eta_min: 0.1}\n- {milestones: [8]}\n",
        (4, 1),
        "lifts 1 tensor",
    ),
    "averaging": Case(HEAD + "scheduler: {type: SWALR, swa_lr: 0.05}\n", (4, 1), "after 10 steps (0.01 becomes 0.05)"),
    "one lr for all, which is PG027": Case(
        HEAD + "scheduler: {type: OneCycleLR, max_lr: 0.1, total_steps: 20}\n", None
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg028(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG028", Case(case.text, case.place, case.message, case.hint, three))


USUAL: dict[str, Any] = {
    "cosine": {"type": "CosineAnnealingLR", "T_max": 100},
    "cosine down to 1e-6": {"type": "CosineAnnealingLR", "T_max": 100, "eta_min": 1e-6},
    "restarts down to 1e-6": {"type": "CosineAnnealingWarmRestarts", "T_0": 10, "T_mult": 2, "eta_min": 1e-6},
    "steps": {"type": "MultiStepLR", "milestones": [60, 80]},
    "exponential": {"type": "ExponentialLR", "gamma": 0.9},
    "polynomial": {"type": "PolynomialLR", "total_iters": 100, "power": 0.9},
    "by a metric": {"type": "ReduceLROnPlateau", "min_lr": 1e-5},
    "warm-up and cosine": [
        {"type": "LinearLR", "start_factor": 1e-3, "total_iters": 5},
        {"type": "CosineAnnealingLR", "T_max": 95, "eta_min": 1e-6},
        {"milestones": [5]},
    ],
    "a cycle for each group": {"type": "OneCycleLR", "max_lr": [1e-4, 1e-3, 1e-3], "total_steps": 100},
    "a constant warm-up": {"type": "ConstantLR", "factor": 0.1, "total_iters": 5},
    "DeepSpeed's": {"type": "deepspeed:WarmupCosineLR", "total_num_steps": 100, "warmup_num_steps": 10},
}


@pytest.mark.parametrize("scheduler", USUAL.values(), ids=USUAL)
def test_usual_schedules_have_no_finding(scheduler: Any) -> None:
    """Of any code: at 1e-3 and 1e-4, in a run of their own length."""
    assert of_policy(scheduler, 0.1, lr=1e-3, run=100) == []


def test_live() -> None:
    optimizer = optimizer_of([0.01, 0.1, 0.1])
    (finding,) = of_live(optimizer, lr_scheduler.CosineAnnealingLR(optimizer, 20, eta_min=0.05))
    assert (finding.code, finding.params, finding.key) == ("PG028", ("a",), "CosineAnnealingLR")


def test_differences_between_groups_may_be_meant() -> None:
    """A function for each group: what stays up is no floor."""
    optimizer = optimizer_of([0.01, 0.1, 0.1])
    functions = [lambda step: 1.0, *[lambda step: 0.5**step] * 2]
    assert of_live(optimizer, lr_scheduler.LambdaLR(optimizer, functions)) == []


def test_a_scale_that_the_schedule_reads_is_taken_out() -> None:
    """timm multiplies its floor by ``lr_scale``, too."""
    optimizer = optimizer_of([0.1] * 3, [{"lr_scale": scale} for scale in (0.01, 0.1, 1.0)])
    assert of_live(optimizer, CosineLRScheduler(optimizer, 20, lr_min=0.001)) == []


@settings(max_examples=examples(300))
@given(
    st.lists(st.sampled_from([1e-5, 1e-4, 1e-3, 3e-3, 0.01]), min_size=3, max_size=3),
    st.sampled_from([0.0, 1e-6, 3e-6, 1e-5, 1e-4, 5e-4, 1e-3, 0.1]),
)
def test_random_floors_are_found_just_where_they_are_near_or_above_the_lr(lrs: list[float], floor: float) -> None:
    """Torch's real cosine, stepped to its end."""
    optimizer = optimizer_of(lrs)
    scheduler = lr_scheduler.CosineAnnealingLR(optimizer, 9, eta_min=floor)
    for _ in range(9):
        optimizer.step()
        scheduler.step()
    ends = [group["lr"] for group in optimizer.param_groups]
    assert all(isclose(end, floor, abs_tol=1e-12) for end in ends)
    kept = [end / lr for end, lr in zip(ends, lrs, strict=True)]
    lifted = max(kept) > 1 + 1e-9 and (max(kept) >= 2 * min(kept) or len(set(lrs)) == 1)
    kept_up = max(kept) >= KEPT and max(kept) >= 2 * min(kept)
    live = optimizer_of(lrs)
    found = [each.code for each in of_live(live, lr_scheduler.CosineAnnealingLR(live, 9, eta_min=floor))]
    assert found == (["PG028"] if lifted or kept_up else [])
    given_schedule = {"type": "CosineAnnealingLR", "T_max": 9, "eta_min": floor}
    assert [each.code for each in of_policy(given_schedule, *(lr / 0.1 for lr in lrs))] == found


def test_an_lr_that_overflows_is_no_floor() -> None:
    policy = {"optimizer": {"type": "SGD", "lr": 0.1}, "paramwise_cfg": {"custom_keys": {"0": {"lr_mult": 0.1}}}}
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    request = ScheduleRequest((2000,), Schedule("torch", {"type": "ExponentialLR", "gamma": 2}))
    report = audit(model, policy, request=request)
    assert report.lrs_at("1.weight") == {2000: inf}
    assert "PG028" not in [finding.code for finding in report.findings]
