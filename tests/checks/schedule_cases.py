"""The smallest cases of findings about schedules: three tensors in groups of their own, and what schedules make of
their lrs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

import pgaudit
from pgaudit import pipeline
from pgaudit.built.audit import audit_objects
from pgaudit.core.findings import Finding
from pgaudit.core.schedule import Schedule, ScheduleRequest
from pgaudit.schedules.libraries import library_of

CODES = frozenset({"PG025", "PG026", "PG027", "PG028", "PG044", "PG045"})
"""The findings about schedules."""
NAMES = ("a", "b", "c")


def three() -> nn.Module:
    """A model of three tensors."""
    return nn.ParameterDict({name: nn.Parameter(torch.ones(2, 2)) for name in NAMES})


def policy(*mults: float, lr: float = 0.1, **more: Any) -> dict[str, Any]:
    """A config under which the tensors have such multiples of the lr."""
    keys = {name: {"lr_mult": mult} for name, mult in zip(NAMES, mults, strict=False)}
    return {
        "constructor": "mmcv",
        "optimizer": {"type": "SGD", "lr": lr, "momentum": 0.9},
        "paramwise_cfg": {"custom_keys": keys},
        **more,
    }


def of_policy(scheduler: Any, *mults: float, lr: float = 0.1, run: int | None = None) -> list[Finding]:
    """What is found of a config with a schedule."""
    config = policy(*mults, lr=lr, scheduler=scheduler)
    return about_schedules(pipeline.audit(three(), config, request=ScheduleRequest(run=run)))


def optimizer_of(lrs: Sequence[float], held: Sequence[Mapping[str, Any]] = ({}, {}, {})) -> torch.optim.Optimizer:
    """SGD over a model of three tensors, each with an lr of its own, and with what else its group holds."""
    groups = [
        {"params": [(name, nn.Parameter(torch.ones(2, 2)))], "lr": lr, **more}
        for name, lr, more in zip(NAMES, lrs, held, strict=True)
    ]
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9)


def of_live(optimizer: torch.optim.Optimizer, scheduler: Any, run: int | None = None) -> list[Finding]:
    """What is found of a live scheduler."""
    return about_schedules(audit_objects(None, optimizer, scheduler, request=ScheduleRequest(run=run)))


def asked(optimizer: torch.optim.Optimizer, scheduler: Any, run: int | None = None) -> list[Finding]:
    """What is found of an optimizer under a schedule that is asked about."""
    library, own = library_of(scheduler["type"], "torch")
    schedule = Schedule(library, {**scheduler, "type": own})
    return about_schedules(audit_objects(None, optimizer, request=ScheduleRequest(schedule=schedule, run=run)))


def about_schedules(report: pgaudit.Report) -> list[Finding]:
    """The findings of a report that are about schedules."""
    return [finding for finding in report.findings if finding.code in CODES]
