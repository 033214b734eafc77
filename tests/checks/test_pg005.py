from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from tests.checks.cases import HEAD, Case, examine, tree


def _model(*, frozen: bool = False) -> nn.Module:
    model = tree({"conv": nn.Conv2d(2, 2, 1, bias=False), "bn": nn.BatchNorm2d(2), "fc": nn.Linear(2, 2)})
    model.get_submodule("fc").requires_grad_(not frozen)
    return model


NO_DECAY = "optimizer: {type: SGD, lr: 0.1, weight_decay: 0}\nparamwise_cfg:\n"
CASES = {
    "no such parameters": Case(
        HEAD + "  dwconv_decay_mult: 0\n",
        (3, 3),
        "dwconv_decay_mult changes nothing here: the model has no such parameters",
        model=_model,
    ),
    "a key takes its only one": Case(
        HEAD + "  bias_lr_mult: 2\n  custom_keys: {fc: {lr_mult: 10}}\n",
        (3, 3),
        "bias_lr_mult changes nothing here: other rules take its only tensor",
        model=_model,
    ),
    "norms come first": Case(
        HEAD + "  bias_decay_mult: 0\n",
        (3, 3),
        "bias_decay_mult changes nothing here: other rules take its only tensor",
        model=lambda: tree({"bn": nn.BatchNorm2d(2)}),
    ),
    "a multiple of no decay": Case(
        NO_DECAY + "  norm_decay_mult: 0.5\n",
        (3, 3),
        "norm_decay_mult changes nothing here: the base weight decay is 0, and so is every multiple",
        model=_model,
    ),
    "an option that nobody asks for without a weight decay": Case(
        "constructor: mmengine\noptimizer: {type: Adam, lr: 0.1}\nparamwise_cfg: {flat_decay_mult: 0}\n",
        (3, 17),
        "flat_decay_mult changes nothing here: the base weight decay is 0, and so is every multiple",
        model=_model,
    ),
    "a key that multiplies no decay": Case(
        NO_DECAY + "  custom_keys: {bn: {decay_mult: 0}}\n", (3, 17), '"bn" … the base weight decay is 0', model=_model
    ),
    "once what holds anyway": Case(
        HEAD + "  custom_keys: {fc: {lr_mult: 1, decay_mult: 1.0}}\n",
        (3, 17),
        '"fc" changes nothing here: all of its 2 tensors would get the same without it',
        model=_model,
    ),
    "an empty key": Case(HEAD + "  custom_keys: {fc.bias: {}}\n", (3, 17), "its only tensor would get", model=_model),
    "what an option says as well": Case(
        HEAD + "  norm_decay_mult: 0\n  custom_keys: {bn1: {decay_mult: 0}}\n",
        (4, 17),
        '"bn1" changes nothing here: all of its 2 tensors would get the same',
        model=lambda: tree({"bn1": nn.BatchNorm2d(2), "bn2": nn.BatchNorm2d(2)}),
    ),
    "frozen parameters": Case(
        HEAD + "  rules: [{match: 'fc.*', lr_mult: 10}]\nconstructor: rules\n",
        (3, 11),
        '"fc.*" :3 changes nothing here: all of its 2 tensors are frozen',
        model=lambda: _model(frozen=True),
    ),
    "a frozen parameter": Case(
        HEAD + "  rules: [{match: 'fc.bias', lr_mult: 10}]\nconstructor: rules\n",
        (3, 11),
        "its only tensor is frozen",
        model=lambda: _model(frozen=True),
    ),
    "several rules about frozen parameters": Case(
        HEAD + "  mode: layered\n  rules: [{match: 'fc.*', lr_mult: 10}, {match: 'fc.bias', lr_mult: 2}]\n"
        "constructor: rules\n",
        (4, 11),
        '"fc.*" :4, "fc.bias" :4 change nothing here: all of their 2 tensors are frozen',
        model=lambda: _model(frozen=True),
    ),
    "frozen parameters that another finding is about": Case(
        HEAD + "  custom_keys: {fc: {lr_mult: 10}}\n", None, model=lambda: _model(frozen=True)
    ),
    "a rule of BaseCls": Case(
        "solver: {weight_decay: [[1.0e-4, bias], 1.0e-4]}\n", (1, 25), '"bias" changes nothing here', model=_model
    ),
    "a rule of types": Case(
        "solver: {weight_decay: [[-1, NORM_TYPES], 1.0e-4]}\n", (1, 25), '"NORM_TYPES" changes', model=_model
    ),
    "an option that works": Case(HEAD + "  norm_decay_mult: 0\n", None, model=_model),
    "a key that works": Case(HEAD + "  custom_keys: {fc: {lr_mult: 10}}\n", None, model=_model),
    "a key of nothing": Case(HEAD + "  custom_keys: {'': {}}\n", (3, 17), '"" changes nothing here', model=_model),
    "bypass_duplicate": Case(HEAD + "  bypass_duplicate: true\n", None, model=_model),
    "a dead key is another finding": Case(HEAD + "  custom_keys: {head: {lr_mult: 1}}\n", None, model=_model),
    "a shadowed key is another finding": Case(
        HEAD + "  custom_keys: {bn: {lr_mult: 2}, bn.: {lr_mult: 3}}\n", None, model=_model
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg005(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG005", case)
