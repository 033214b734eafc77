"""DeepSpeed cannot be installed here: values are those of its documentation, computed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, isclose, log, pi
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit.core.schedule import Schedule
from pgaudit.schedules.base import ScheduleError
from pgaudit.schedules.deepspeed import is_by_group, start
from tests.checks.cases import has_words

LRS = (0.2, 0.4)
LINEAR = {"warmup_num_steps": 10, "warmup_type": "linear"}


def _optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([{"params": [nn.Parameter(torch.ones(1))], "lr": lr} for lr in LRS])


def _lrs(given: dict[str, Any], steps: Sequence[int], run: int | None = None) -> list[Any]:
    return start(Schedule("deepspeed", given, run), _optimizer()).stepper.lrs(steps)


CASES: dict[str, tuple[dict[str, Any], dict[int, tuple[float, float]]]] = {
    # "from min lr to max lr over warmup_num_steps steps, and then fix at max lr"; the first step is that of batch 0
    "one lr for all": (
        {"type": "WarmupLR", "warmup_max_lr": 0.1, **LINEAR},
        {0: (0.0, 0.0), 1: (0.0, 0.0), 2: (0.01, 0.01), 6: (0.05, 0.05), 11: (0.1, 0.1), 999: (0.1, 0.1)},
    ),
    "one for each": (
        {"type": "WarmupLR", "warmup_min_lr": [0.0, 0.2], "warmup_max_lr": [0.1, 0.3], **LINEAR},
        {0: (0.0, 0.2), 6: (0.05, 0.25), 11: (0.1, 0.3)},
    ),
    "each group's own": ({"type": "WarmupLR", **LINEAR}, {0: (0.0, 0.0), 6: (0.1, 0.2), 11: LRS, 99: LRS}),
    "by the logarithm, unless it is told": (
        {"type": "WarmupLR", "params": {"warmup_max_lr": 1.0, "warmup_num_steps": 100}},
        {1: (0.0, 0.0), 10: (0.5, 0.5), 50: (log(50) / log(100),) * 2, 100: (1.0, 1.0), 101: (1.0, 1.0)},
    ),
    "at 1e-3, and down to 0": (
        {"type": "WarmupDecayLR", "total_num_steps": 110, **LINEAR},
        {6: (5e-4, 5e-4), 11: (1e-3, 1e-3), 61: (5e-4, 5e-4), 111: (0.0, 0.0), 999: (0.0, 0.0)},
    ),
    "ratios": (
        {"type": "WarmupCosineLR", "total_num_steps": 110, "warmup_min_ratio": 0.5, "cos_min_ratio": 0.1, **LINEAR},
        {
            0: (0.0, 0.0),
            1: (0.1, 0.2),
            6: (0.15, 0.3),
            11: tuple(lr * (0.1 + 0.9 * (1 + cos(pi / 100)) / 2) for lr in LRS),  # type: ignore[dict-item]
            60: (0.2 * 0.55, 0.4 * 0.55),
            110: (0.02, 0.04),
            999: (0.02, 0.04),
        },
    ),
}


@pytest.mark.parametrize(("given", "lrs"), CASES.values(), ids=CASES)
def test_what_is_documented(given: dict[str, Any], lrs: dict[int, tuple[float, float]]) -> None:
    for (step, expected), found in zip(lrs.items(), _lrs(given, list(lrs)), strict=True):
        assert all(isclose(one, other, abs_tol=1e-12) for one, other in zip(found, expected, strict=True)), step


def test_what_is_said_of_it() -> None:
    started = start(Schedule("deepspeed", {"type": "WarmupDecayLR", **LINEAR}, run=110), _optimizer())
    assert (started.turning_points, started.ends, started.warms_up) == ((0, 11, 110), 110, 10)
    assert started.title == "WarmupDecayLR warmup_num_steps 10 warmup_type linear"
    assert started.notes == ("by the rule that DeepSpeed documents: its own classes are not asked",)
    assert not is_by_group(Schedule("deepspeed", {"type": "WarmupLR", "warmup_max_lr": 0.1}))
    assert is_by_group(Schedule("deepspeed", {"type": "WarmupLR", "params": {"warmup_max_lr": [0.1]}}))


REFUSED: dict[str, tuple[Any, str, str | None, tuple[str, ...]]] = {
    "a list": ([{"type": "WarmupLR"}], "one schedule, not a list", None, ()),
    "another class": ({"type": "OneCycle"}, '"OneCycle" is not known here', "known: WarmupLR", ("type",)),
    "a typo": ({"type": "WarmupLR", "warmup_maxlr": 1}, "no argument", "warmup_max_lr", ("warmup_maxlr",)),
    "below params": ({"type": "WarmupLR", "params": {"lr": 1}}, "no argument", None, ("params", "lr")),
    "auto": ({"type": "WarmupLR", "warmup_max_lr": "auto"}, '"auto" is no value', "write the", ("warmup_max_lr",)),
    "no number": ({"type": "WarmupLR", "warmup_max_lr": "1"}, "cannot take", None, ("warmup_max_lr",)),
    "no steps": ({"type": "WarmupLR", "warmup_num_steps": 0}, "cannot take", None, ("warmup_num_steps",)),
    "true": ({"type": "WarmupLR", "warmup_num_steps": True}, "cannot take", None, ("warmup_num_steps",)),
    "another rise": ({"type": "WarmupLR", "warmup_type": "cos"}, "cannot take", None, ("warmup_type",)),
    "a list of another length": (
        {"type": "WarmupLR", "warmup_max_lr": [0.1]}, "1 value for 2 groups", "a list", ("warmup_max_lr",),
    ),
    "no length": ({"type": "WarmupDecayLR"}, "needs its total_num_steps", "--steps N", ()),
}  # fmt: skip


@pytest.mark.parametrize(("given", "message", "hint", "below"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(given: Any, message: str, hint: str | None, below: tuple[str, ...]) -> None:
    with pytest.raises(ScheduleError) as raised:
        _lrs(given, [0])
    (finding,) = raised.value.findings
    assert has_words(finding.message, message), finding.message
    assert has_words(finding.hint, hint or ""), finding.hint
    assert raised.value.below == below


def test_it_is_refused_at_its_place(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    text = "optimizer: {type: SGD, lr: 0.1}\nscheduler: {type: deepspeed:WarmupLR, params: {lr: 1}}\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(pgaudit.ConfigError, match=r"f\.yaml:2:\d+: WarmupLR has no argument"):
        pgaudit.audit(nn.Linear(2, 2), path)
