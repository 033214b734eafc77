from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from math import isclose
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.scheduler.cosine_lr import CosineLRScheduler
from timm.scheduler.step_lr import StepLRScheduler
from torch import nn
from torch.optim import lr_scheduler

import pgaudit
from pgaudit.core.schedule import SCALES
from tests.budget import examples
from tests.checks.cases import Case, examine, only
from tests.checks.schedule_cases import of_live, optimizer_of


class _Layered(nn.Sequential):
    """Two layers and a head, for timm, mmpretrain and the names of OpenMMLab's Vision Transformers."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        return {"stem": "^0", "blocks": r"^(\d+)"}

    def get_layer_depth(self, name: str, prefix: str = "") -> tuple[int, int]:
        return int(name[len(prefix)]), 3


TIMM = "constructor: timm\noptimizer: {type: sgd, lr: 0.1}\nparamwise_cfg: {layer_decay: 0.5}\n"
MMPRETRAIN = (
    "constructor: mmpretrain_layer_decay\noptimizer: {type: SGD, lr: 0.1, weight_decay: 0.05}\n"
    "paramwise_cfg: {layer_decay_rate: 0.5}\n"
)
COSINE = "scheduler: {type: CosineAnnealingLR, T_max: 100}\n"
CASES = {
    # timm PR 2532, mae issue 216
    "timm's layers under torch's cosine": Case(
        TIMM + COSINE,
        (4, 1),
        "CosineAnnealingLR T_max 100 does not look at lr_scale: 4 tensors (67 % of the model) train at the whole lr, "
        "not at 0.25 and 0.5 of it, such as 0.weight",
        "timm's schedulers do (type: timm:cosine); or multiply the lr in the groups by it",
    ),
    "timm's layers under two of torch's": Case(
        TIMM + "scheduler:\n- {type: LinearLR, total_iters: 5}\n- {type: StepLR, step_size: 9}\n- {milestones: [5]}\n",
        (4, 1),
        "LinearLR total_iters 5 then StepLR step_size 9 does not look at lr_scale",
    ),
    "timm without layers": Case(TIMM.replace("{layer_decay: 0.5}", "{}") + COSINE, None),
    "timm's layers without a schedule": Case(TIMM, None),
    # there the lr is the scaled one, and lr_scale a note
    "mmpretrain's layers under torch's cosine": Case(MMPRETRAIN + COSINE, None),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg025(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG025", Case(case.text, case.place, case.message, case.hint, _Layered))


def test_it_is_about_the_scaled_parameters_alone(tmp_path: Path) -> None:
    config = tmp_path / "f.yaml"
    config.write_text(TIMM + COSINE)
    finding = only(pgaudit.audit(_Layered(), config), "PG025")
    assert (finding.key, finding.params) == ("lr_scale", ("0.weight", "0.bias", "1.weight", "1.bias"))


def test_of_one_scale_for_all_the_base_lr_tells() -> None:
    for lr, codes in ((0.1, ["PG025"]), (0.05, [])):
        optimizer = optimizer_of([lr] * 3, [{"lr_scale": 0.5}] * 3)
        assert [each.code for each in of_live(optimizer, lr_scheduler.StepLR(optimizer, 9))] == codes


def test_a_head_at_another_lr_does_not_hide_it() -> None:
    """The scale is in the lrs of the layers, and the head has an lr of its own; or it is not."""
    held: list[dict[str, Any]] = [{"lr_scale": 0.25}, {"lr_scale": 0.5}, {}]
    for lrs, codes in (([0.025, 0.05, 1.0], []), ([0.1, 0.1, 1.0], ["PG025"])):
        optimizer = optimizer_of(lrs, held)
        assert [each.code for each in of_live(optimizer, lr_scheduler.StepLR(optimizer, 9))] == codes


def test_a_function_may_know_the_scales_by_itself() -> None:
    """It multiplies by them without a look at the groups."""
    held: list[dict[str, Any]] = [{"lr_mult": 0.25}, {"lr_mult": 0.5}, {}]
    optimizer = optimizer_of([0.1] * 3, held)
    functions: list[Callable[[int], float]] = [partial(_warm_up, scale) for scale in (0.25, 0.5, 1.0)]
    assert of_live(optimizer, lr_scheduler.LambdaLR(optimizer, functions)) == []


def _warm_up(scale: float, step: int) -> float:
    return scale * min(step / 5, 1.0)


_SCHEDULERS: dict[str, Callable[[torch.optim.Optimizer], Any]] = {
    "timm's cosine": lambda optimizer: CosineLRScheduler(optimizer, 20, warmup_t=5, warmup_lr_init=0.0),
    "timm's steps": lambda optimizer: StepLRScheduler(optimizer, 10.0),
    "torch's cosine": lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 20),
    "torch's function": lambda optimizer: lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step)),
}


@settings(max_examples=examples(300))
@given(
    st.sampled_from(sorted(_SCHEDULERS)),
    st.lists(st.sampled_from([0.1, 0.25, 0.5, 1.0]), min_size=3, max_size=3),
    st.booleans(),
    st.sampled_from(SCALES),
)
def test_random_scales_are_found_just_where_the_real_lrs_do_not_differ_by_them(
    name: str, scales: list[float], scaled: bool, key: str
) -> None:
    lrs = [0.1 * scale if scaled else 0.1 for scale in scales]
    held = [{} if scale == 1 else {key: scale} for scale in scales]
    real = _lrs_after(optimizer_of(lrs, held), name, 12)
    powers = [power for power in (0, 1, 2) if _is_power(real, scales, power)]
    optimizer = optimizer_of(lrs, held)
    found = [each.code for each in of_live(optimizer, _SCHEDULERS[name](optimizer))]
    if len(set(scales)) == 1:  # their ratios say nothing
        powers = [
            power
            for power in powers
            if isclose(real[0], _lrs_after(optimizer_of([0.1] * 3), name, 12)[0] * scales[0] ** power)
        ]
    if set(scales) == {1.0}:
        assert found == []
    else:
        assert (found, powers) in ((["PG025"], [0]), ([], [1]), (["PG026"], [2]))


def _lrs_after(optimizer: torch.optim.Optimizer, name: str, steps: int) -> list[float]:
    """What the real scheduler sets."""
    scheduler = _SCHEDULERS[name](optimizer)
    for step in range(1, steps + 1):
        optimizer.step()
        scheduler.step(step) if name.startswith("timm") else scheduler.step()
    return [group["lr"] for group in optimizer.param_groups]


def _is_power(lrs: list[float], scales: list[float], power: int) -> bool:
    plain = [lr / scale**power for lr, scale in zip(lrs, scales, strict=True)]
    return all(isclose(one, other) for one, other in pairwise(plain))
