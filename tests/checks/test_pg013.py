from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

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
