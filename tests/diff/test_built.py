"""Code against policy: the same is no difference, and every kind of drift shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit.built import audit_objects
from pgaudit.diff import Diff, compare


def _model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def _optimizer(model: nn.Sequential, kind: str, arguments: dict[str, Any]) -> torch.optim.Optimizer:
    """The groups of the policy, by hand, in another order and with a note in each."""
    norms = {id(each) for each in model[1].parameters()}
    groups = [
        {"params": [each for each in model.parameters() if id(each) in norms], "weight_decay": 0.0, "name": "norms"},
        {"params": [each for each in model.parameters() if id(each) not in norms], "name": "others"},
    ]
    found: torch.optim.Optimizer = getattr(torch.optim, kind)(groups, **arguments)
    return found


def _policy(kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"optimizer": {"type": kind, **arguments}, "paramwise_cfg": {"norm_decay_mult": 0.0}}


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1, "weight_decay": 1e-4}),
    ("SGD", {"lr": 0.1, "weight_decay": 1e-4, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.1, "weight_decay": 1e-4, "momentum": 0}),
    ("AdamW", {"lr": 1e-3, "weight_decay": 0.05}),
    ("AdamW", {"lr": 1e-3, "weight_decay": 0.05, "betas": (0.9, 0.999), "eps": 1e-8}),
    ("Adam", {"lr": 1e-3, "weight_decay": 0.05, "betas": (0.9, 0.95), "amsgrad": True}),
]


@pytest.mark.parametrize(("kind", "arguments"), CALLS)
def test_code_that_is_its_policy_is_no_difference(kind: str, arguments: dict[str, Any]) -> None:
    model = _model()
    policy, built = (
        pgaudit.audit(model, _policy(kind, arguments)),
        audit_objects(model, _optimizer(model, kind, arguments)),
    )
    for found in (compare(policy, built), compare(built, policy)):
        assert not found.differs
        assert not found.changes
        assert found.unchanged == 6


def _lr(optimizer: torch.optim.Optimizer, model: nn.Sequential) -> None:
    optimizer.param_groups[0]["lr"] *= 2


def _decay(optimizer: torch.optim.Optimizer, model: nn.Sequential) -> None:
    optimizer.param_groups[0]["weight_decay"] = 0.05


def _betas(optimizer: torch.optim.Optimizer, model: nn.Sequential) -> None:
    optimizer.param_groups[0]["betas"] = (0.8, 0.9)


def _all_betas(optimizer: torch.optim.Optimizer, model: nn.Sequential) -> None:
    optimizer.defaults["betas"] = (0.8, 0.9)
    for group in optimizer.param_groups:
        group["betas"] = (0.8, 0.9)


def _missing(optimizer: torch.optim.Optimizer, model: nn.Sequential) -> None:
    optimizer.param_groups[0]["params"].pop()


def _twice(optimizer: torch.optim.Optimizer, model: nn.Sequential) -> None:
    optimizer.param_groups[1]["params"].append(model[1].bias)


def _more(optimizer: torch.optim.Optimizer, model: nn.Sequential) -> None:
    optimizer.param_groups[1]["params"].append(nn.Parameter(torch.ones(2)))


def _note(optimizer: torch.optim.Optimizer, model: nn.Sequential) -> None:
    optimizer.param_groups[1]["comment"] = "nobody reads it"


Edit = Callable[[torch.optim.Optimizer, nn.Sequential], None]
NORMS = {"1.weight", "1.bias"}
DRIFT: dict[str, tuple[Edit, set[str], set[str]]] = {
    "lr": (_lr, NORMS, set()),
    "weight decay": (_decay, NORMS, set()),
    "betas of a group": (_betas, NORMS, set()),
    "betas of all": (_all_betas, set(), {"betas"}),
    "missing": (_missing, {"1.bias"}, set()),
    "in two groups": (_twice, {"1.bias"}, set()),
    "of no module": (_more, {"group 1 [4]"}, set()),
    "a note": (_note, set(), set()),
}


def _drifted(edit: Edit) -> Diff:
    model = _model()
    optimizer = _optimizer(model, "AdamW", {"lr": 1e-3, "weight_decay": 0.05})
    edit(optimizer, model)
    return compare(
        pgaudit.audit(model, _policy("AdamW", {"lr": 1e-3, "weight_decay": 0.05})), audit_objects(model, optimizer)
    )


@pytest.mark.parametrize(("edit", "names", "setup"), DRIFT.values(), ids=DRIFT)
def test_each_kind_of_drift_shows(edit: Edit, names: set[str], setup: set[str]) -> None:
    found = _drifted(edit)
    assert {change.param.name for change in found.effective} == names
    assert {change.name for change in found.setup} == setup


def test_a_parameter_that_is_frozen_in_code() -> None:
    model = _model()
    policy = pgaudit.audit(model, _policy("SGD", {"lr": 0.1, "weight_decay": 0.1}))
    model[2].weight.requires_grad_(False)
    built = audit_objects(model, _optimizer(model, "SGD", {"lr": 0.1, "weight_decay": 0.1}))
    assert [change.param.name for change in compare(policy, built).effective] == ["2.weight"]


def test_another_class_is_one_line() -> None:
    model = _model()
    policy = pgaudit.audit(model, _policy("AdamW", {"lr": 0.1, "weight_decay": 0.05, "betas": [0.9, 0.95]}))
    built = audit_objects(model, _optimizer(model, "SGD", {"lr": 0.1, "weight_decay": 0.05, "momentum": 0.9}))
    assert {change.name: (change.before, change.after) for change in compare(policy, built).setup} == {
        "optimizer": ("AdamW", "SGD"),
        "betas": ([0.9, 0.95], None),
        "momentum": (None, 0.9),
    }
