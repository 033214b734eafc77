from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from tests.checks.cases import HEAD, Case, examine, tree


def _model() -> nn.Module:
    return tree({"backbone.conv": nn.Conv2d(2, 2, 1), "backbone.bn": nn.BatchNorm2d(2), "fc": nn.Linear(2, 2)})


CASES = {
    "norms": Case(
        HEAD + "  norm_decay_mult: 0\n  custom_keys:\n    backbone: {lr_mult: 0.1}\n",
        (5, 5),
        '"backbone" sets no decay_mult, so 2 tensors get weight decay 0.1 despite norm_decay_mult :3: BatchNorm2d',
        "longer keys with both multipliers for these, or decay_mult in this key for all",
        _model,
    ),
    "norms and biases": Case(
        HEAD + "  norm_decay_mult: 0\n  bias_decay_mult: 0.5\n  custom_keys: {backbone: {lr_mult: 0.1}}\n",
        (5, 17),
        "3 tensors get weight decay 0.1 despite bias_decay_mult :4, norm_decay_mult :3: Conv2d, BatchNorm2d",
        model=_model,
    ),
    "one bias": Case(
        HEAD + "  bias_decay_mult: 0\n  custom_keys: {fc.bias: {lr_mult: 2}}\n",
        (4, 17),
        '"fc.bias" sets no decay_mult, so 1 tensor gets weight decay 0.1 despite bias_decay_mult :3: Linear',
        "add decay_mult to the key",
        _model,
    ),
    "a shorter key": Case(
        HEAD + "  custom_keys: {backbone: {decay_mult: 0}, backbone.bn: {lr_mult: 2}}\n",
        (3, 44),
        '"backbone.bn" sets no decay_mult … despite "backbone" :3',
        model=_model,
    ),
    "an empty key": Case(
        HEAD + "  norm_decay_mult: 0\n  custom_keys: {bn: {}}\n", (4, 17), '"bn" sets no', model=_model
    ),
    "with a decay_mult, even of 1": Case(
        HEAD + "  norm_decay_mult: 0\n  custom_keys: {backbone: {lr_mult: 0.1, decay_mult: 1}}\n", None, model=_model
    ),
    "nothing was exempted": Case(HEAD + "  custom_keys: {backbone: {lr_mult: 0.1}}\n", None, model=_model),
    "none of the exempted is in the key": Case(
        HEAD + "  norm_decay_mult: 0\n  custom_keys: {fc: {lr_mult: 0.1}}\n", None, model=_model
    ),
    "a longer key exempts again": Case(
        HEAD + "  norm_decay_mult: 0\n  custom_keys: {backbone: {lr_mult: 0.1}, backbone.bn: {decay_mult: 0}}\n",
        None,
        model=_model,
    ),
    "more decay was meant": Case(
        HEAD + "  norm_decay_mult: 2\n  custom_keys: {backbone: {lr_mult: 0.1}}\n", None, model=_model
    ),
    "no weight decay at all": Case(
        "optimizer: {type: SGD, lr: 0.1, weight_decay: 0}\nparamwise_cfg:\n"
        "  norm_decay_mult: 0\n  custom_keys: {backbone: {lr_mult: 0.1}}\n",
        None,
        model=_model,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg004(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG004", case)
