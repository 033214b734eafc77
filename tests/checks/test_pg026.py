"""What is scaled twice: real optimizers under timm's real schedulers. Random ones stand in test_pg025.py."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose
from typing import Any

import pytest
import torch
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch.optim import lr_scheduler

from tests.checks.schedule_cases import of_live, optimizer_of

_SCALES = (0.25, 0.5, 1.0)


def _groups(lrs: Sequence[float], key: str = "lr_scale") -> torch.optim.Optimizer:
    return optimizer_of(lrs, [{key: scale} for scale in _SCALES])


def _cosine(optimizer: torch.optim.Optimizer) -> Any:
    return CosineLRScheduler(optimizer, 100, warmup_t=10, warmup_lr_init=1e-6)


def test_simmim_of_swin_under_a_newer_timm() -> None:
    """Swin Transformer's ``optimizer.py`` multiplies the lr, and its groups hold the ``lr_scale`` that a newer timm
    multiplies by.
    """
    optimizer = _groups([0.1 * scale for scale in _SCALES])
    (finding,) = of_live(optimizer, _cosine(optimizer))
    assert (finding.code, finding.key, finding.params) == ("PG026", "lr_scale", ("a", "b"))
    assert finding.message == (
        "CosineLRScheduler t_initial 100 warmup_t 10 multiplies by lr_scale, "
        "which is in the lrs already: 2 tensors train at its square "
        "(lr 0.025 is 0.1 × 0.25, and comes to 0.00625): a, b"
    )
    assert finding.hint == "leave the lr of the groups unscaled, or lr_scale out of them"
    scheduler = _cosine(optimizer)
    scheduler.step(10)  # the end of the warm-up
    assert isclose(optimizer.param_groups[0]["lr"] / optimizer.param_groups[2]["lr"], 0.25**2, rel_tol=0.1)


SILENT = {
    "as timm means it": lambda: _with_timm([0.1] * 3),
    "lrs that have nothing to do with the scales": lambda: _with_timm([0.1, 0.1, 1.0]),
    "a schedule that does not look at it": lambda: _with_torch([0.1 * scale for scale in _SCALES]),
    "a key that timm does not look at": lambda: _with_timm([0.1 * scale for scale in _SCALES], "lr_mult"),
}


def _with_timm(lrs: Sequence[float], key: str = "lr_scale") -> Any:
    optimizer = _groups(lrs, key)
    return optimizer, _cosine(optimizer)


def _with_torch(lrs: Sequence[float]) -> Any:
    optimizer = _groups(lrs)
    return optimizer, lr_scheduler.CosineAnnealingLR(optimizer, 100)


@pytest.mark.parametrize("make", SILENT.values(), ids=SILENT)
def test_nothing_is_scaled_twice(make: Any) -> None:
    assert of_live(*make()) == []
