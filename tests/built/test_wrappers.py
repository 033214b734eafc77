"""Optimizers inside optimizers, by the libraries that wrap them: the groups are the real ones."""

from __future__ import annotations

import pytest
import torch
from torch import nn, optim

import pgaudit
from pgaudit.built.wrappers import wrapped
from tests.built.cases import agreed
from tests.parity.client import Oracle

CASES = {
    "accelerate_prepare": "AcceleratedOptimizer around AdamW",
    "zero_redundancy": "ZeroRedundancyOptimizer around AdamW",
    "timm_lookahead": "Lookahead around AdamW",
    "grad_scaler": None,
}


@pytest.mark.parametrize(("name", "note"), CASES.items())
def test_a_wrapper_has_the_groups_of_what_it_wraps(library: Oracle, name: str, note: str | None) -> None:
    found = library.ask(scenario=name)
    agreed(found, found["truth"])
    assert found["types"] == ["AdamW"]
    assert [each for each in found["notes"] if "around" in each] == (
        [f"{note}: what the groups of {note.partition(' ')[0]} hold"] if note else []
    )
    assert len(found["groups"]) == 3


def test_mmengines_group_for_its_logs_is_none_of_the_optimizer(mmengine: Oracle) -> None:
    found = mmengine.ask(scenario="mmengine_wrapper")
    agreed(found, found["truth"])
    assert len(found["groups"]) == 3
    assert all(row["type"] for row in found["rows"].values())


def test_several_wrappers_keep_their_names(mmengine: Oracle) -> None:
    found = mmengine.ask(scenario="mmengine_wrappers")
    agreed(found, found["truth"])
    assert found["keys"] == ["g", "d"]


class Sharpness(optim.Optimizer):
    """As SAM is published: an optimizer that steps another one, and has its groups."""

    def __init__(self, base: optim.Optimizer) -> None:
        super().__init__(base.param_groups, dict(base.defaults))
        self.base_optimizer = base
        self.param_groups = base.param_groups


def test_wrappers_in_wrappers_end(  # one that holds itself, too
) -> None:
    model = nn.Linear(2, 2)
    inner = optim.SGD(model.parameters(), lr=0.1)
    outer = Sharpness(inner)
    inner.optimizer = outer  # type: ignore[attr-defined]
    assert wrapped(outer) == [outer, inner]
    report = pgaudit.audit(model, outer)
    assert report.optimizer.type == "SGD"
    assert report["weight"].lr == 0.1


def test_an_lr_scheduler_is_no_wrapper() -> None:
    model = nn.Linear(2, 2)
    inner = optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(inner, 1)
    report = pgaudit.audit(model, inner, scheduler=schedule)
    assert report.notes == ()
    assert report.as_built is not None
    assert report.as_built.schedulers == (schedule,)
