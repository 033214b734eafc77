from __future__ import annotations

from pathlib import Path

import pytest
import torch
from timm.optim.adafactor import Adafactor
from torch import nn
from torch.nn.utils import parameters_to_vector

import pgaudit
from tests.checks.built_cases import BuiltCase, Made, check_cases, saved, sgd, stem_and_head
from tests.checks.cases import HEAD, Case, examine, tree


def _model(*, frozen: bool = False) -> nn.Module:
    model = tree({"backbone.conv": nn.Conv2d(2, 2, 1), "fc": nn.Linear(2, 2)})
    model.get_submodule("backbone").requires_grad_(not frozen)
    return model


CASES = {
    "a key": Case(
        HEAD + "  custom_keys: {backbone: {lr_mult: 0}}\n",
        (3, 17),
        '2 tensors (50 % of the model) are trainable at lr 0 by "backbone": backbone.conv.weight',
        "freeze them instead",
        _model,
    ),
    "an option": Case(
        HEAD + "  bias_lr_mult: 0\n", (3, 3), "2 tensors … are trainable at lr 0 by bias_lr_mult: ", model=_model
    ),
    "the base": Case(
        "optimizer: {type: SGD, lr: 0}\n",
        (1, 24),
        "4 tensors (100 % of the model) … by the base lr, such as",
        model=_model,
    ),
    "a solver's": Case("solver: {basic_lr: 0}\n", (1, 10), "4 tensors … by the base lr", model=_model),
    "one": Case(
        HEAD + "  custom_keys: {fc.bias: {lr_mult: 0}}\n",
        (3, 17),
        "1 tensor (17 % of the model) is trainable",
        model=_model,
    ),
    "frozen": Case(HEAD + "  custom_keys: {backbone: {lr_mult: 0}}\n", None, model=lambda: _model(frozen=True)),
    "a small lr": Case(HEAD + "  custom_keys: {backbone: {lr_mult: 1.0e-9}}\n", None, model=_model),
    "no lr": Case("optimizer: {type: Adam}\n", None, model=_model),
    "a key that loses": Case(
        HEAD + "  custom_keys: {backbone: {lr_mult: 0}, backbone.conv: {lr_mult: 1}}\n", None, model=_model
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg013(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG013", case)


def _stem_at(lr: float, *, frozen: bool = False, known: bool = True) -> Made:
    model = stem_and_head(frozen=frozen)
    groups = {"params": list(model["stem"].parameters()), "lr": lr}, {"params": list(model["head"].parameters())}
    return model if known else None, sgd(*groups)


def _warmed_up(peak: float) -> Made:
    """A schedule that begins at 0, as transformers' do."""
    model, optimizer = _stem_at(peak)
    return model, optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(step / 10, 1))


def _relative() -> Made:
    """Adafactor with the schedule of transformers, which sets an lr of 0 that is never read: the weights move."""
    model = stem_and_head()
    optimizer = Adafactor(model.parameters())
    optimizer.param_groups[0].update(lr=0.0, initial_lr=0.0)
    before = parameters_to_vector(model.parameters()).detach().clone()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    assert not torch.equal(before, parameters_to_vector(model.parameters()))
    optimizer.param_groups[0].update(lr=0.0)
    return model, optimizer


def _ended(*, stem_alone: bool) -> pgaudit.Report:
    """The last checkpoint of a loop that sets the lr itself, down to 0."""
    _, optimizer = _stem_at(0.0)
    for group in optimizer.param_groups[: 1 if stem_alone else 2]:
        group["lr"] = 0.0
    return saved(optimizer)


BUILT = {
    "a group": BuiltCase(
        lambda: _stem_at(0.0),
        ("2 tensors (36 % of the model) are trainable at lr 0 in group 0: stem.weight, stem.bias",),
        "freeze them instead",
        ("stem.weight", "stem.bias"),
    ),
    "without the model": BuiltCase(
        lambda: _stem_at(0.0, known=False), ("2 tensors are trainable at lr 0 in group 0: group 0 [0], group 0 [1]",)
    ),
    "under a schedule": BuiltCase(lambda: _warmed_up(0.0), ("are trainable at lr 0 in group 0: stem.weight",)),
    "in a checkpoint": BuiltCase(lambda: _ended(stem_alone=True), ("2 tensors are trainable at lr 0",)),
    "at the end of a run": BuiltCase(lambda: _ended(stem_alone=False)),
    "the first step of a schedule": BuiltCase(lambda: _warmed_up(0.1)),
    "frozen": BuiltCase(lambda: _stem_at(0.0, frozen=True)),
    "a small lr": BuiltCase(lambda: _stem_at(1e-9)),
    "an lr that is worked out": BuiltCase(_relative),
}
test_built = check_cases("PG013", BUILT)
