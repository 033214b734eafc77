"""Reports with a schedule, to render."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pgaudit
from pgaudit.core.schedule import ScheduleRequest
from pgaudit.pipeline import audit
from tests.render.reports import Net

POLICY: Mapping[str, Any] = {
    "constructor": "mmcv",
    "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4},
    "paramwise_cfg": {"norm_decay_mult": 0.0, "custom_keys": {"head": {"lr_mult": 10}}},
}
COSINE = {"type": "CosineAnnealingLR", "T_max": 100, "eta_min": 1e-3}
ONE_CYCLE = {"type": "OneCycleLR", "max_lr": 1.0, "total_steps": 100}


def scheduled(
    scheduler: Mapping[str, Any] | None = COSINE, *, policy: Mapping[str, Any] = POLICY, **asked: Any
) -> pgaudit.Report:
    """Returns a report of a small model under a policy with a schedule; ``asked`` are fields of ScheduleRequest."""
    config = {**policy, **({} if scheduler is None else {"scheduler": scheduler})}
    return audit(Net(), config, request=ScheduleRequest(**asked))
