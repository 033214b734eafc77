from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.checks.built_cases import BuiltCase, Made, check_cases, sgd, stem_and_head
from tests.checks.cases import HEAD, Case, audit, examine, tree
from tests.parity.modules import HeadOnly


def _model() -> nn.Module:
    model = tree({"stem": nn.Linear(2, 2), "head": nn.Linear(2, 2)})
    model.get_submodule("stem").requires_grad_(False)
    return model


def _beside() -> nn.Module:
    return tree({"module.fc": nn.Linear(2, 2), "head": nn.Linear(2, 2, bias=False)})


CASES = {
    "frozen, past the rules": Case(
        HEAD + "  custom_keys: {stem: {lr_mult: 0.1}}\n",
        (3, 17),
        "2 frozen tensors are in the optimizer at the base values: stem.weight, stem.bias; "
        'so "stem" :3 changes nothing',
        "unfrozen later, they train without their rules",
        _model,
    ),
    "frozen, one group": Case(HEAD, (0, 0), "2 frozen tensors are in the optimizer: stem", "once unfrozen", _model),
    "frozen, under a policy": Case("solver: {}\n", (0, 0), "2 frozen tensors are in the optimizer: stem", model=_model),
    "frozen, left out": Case(
        HEAD + "  custom_keys: {stem: {lr_mult: 0.1}, stem.bias: {lr_mult: 2}}\nconstructor: mmengine\n",
        (3, 17),
        "2 frozen tensors are left out of the optimizer, with a warning: stem.weight, stem.bias; "
        'so "stem" :3, "stem.bias" :3 change nothing',
        "unfrozen later, they are never trained",
        _model,
    ),
    "frozen, one group of mmengine's": Case(
        HEAD + "constructor: mmengine\n", (0, 0), "2 frozen tensors are in the optimizer: stem", model=_model
    ),
    "beside `module`": Case(
        HEAD,
        (0, 0),
        "1 trainable tensor is in no group, and never optimized: head.weight",
        "the constructor `mmcv` takes the attribute `module` for the whole model: rename it",
        _beside,
    ),
    "left out by parameters()": Case(
        HEAD,
        (0, 0),
        "2 trainable tensors are in no group, and never optimized: backbone.weight, backbone.bias",
        "the model's own parameters() leaves them out",
        HeadOnly,
    ),
    "parameters() is not asked for groups of one": Case(HEAD + "  norm_decay_mult: 0\n", None, model=HeadOnly),
    "BaseCls begins outside of `module`": Case("solver: {}\n", None, model=_beside),
    "all are trained": Case(HEAD + "  norm_decay_mult: 0\n", None),
}


@pytest.mark.parametrize("constructor", ["mmcv", "mmengine", "mmseg_force_default"])
def test_a_frozen_backbone_is_one_finding(tmp_path: Path, constructor: str) -> None:
    model = tree({"stem.0": nn.Conv2d(3, 2, 1), "stem.1": nn.BatchNorm2d(2), "head": nn.Linear(2, 2)})
    model.get_submodule("stem").requires_grad_(False)
    keys = "  norm_decay_mult: 0\n  custom_keys: {stem: {lr_mult: 0.1}, stem.0: {decay_mult: 0}}\n"
    report = audit(tmp_path, HEAD + keys + f"constructor: {constructor}\n", model)
    about = [finding for finding in report.findings if any(param.startswith("stem") for param in finding.params)]
    assert [finding.code for finding in about] == ["PG010"]
    assert {*about[0].keys} == {"stem", "stem.0", "norm_decay_mult"}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg010(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG010", case)


def _head_alone(*, frozen: bool = False) -> Made:
    model = stem_and_head(frozen=frozen)
    return model, sgd(model["head"])


def _head_replaced(*, like: bool) -> Made:
    """The head is replaced after the optimizer was built, as for fine-tuning."""
    model = stem_and_head()
    optimizer = torch.optim.SGD(model.named_parameters(), lr=0.1)
    model["head"] = nn.Linear(3, 4 if like else 7)
    return model, optimizer


def _loss_weights() -> Made:
    """A parameter of no module, such as a loss has, beside the model's."""
    model = stem_and_head()
    return model, sgd(model, {"params": [nn.Parameter(torch.zeros(3))]})


BUILT = {
    "left out": BuiltCase(
        _head_alone,
        ("2 trainable tensors are in no group, and never optimized: stem.weight, stem.bias",),
        "left out, or added too late: hand them over, or freeze them",
        ("stem.weight", "stem.bias"),
    ),
    "replaced": BuiltCase(
        lambda: _head_replaced(like=True),
        ("2 trainable tensors are in no group … head.weight, head.bias",),
        "tensors of their shapes are in a group and in no module: they were replaced",
    ),
    "replaced by others": BuiltCase(
        lambda: _head_replaced(like=False),
        ("2 trainable tensors … head.weight, head.bias",),
        "left out, or added too late",
    ),
    "frozen": BuiltCase(lambda: _head_alone(frozen=True)),
    "a tensor of no module": BuiltCase(_loss_weights),
    "one of several optimizers": BuiltCase(lambda: ((made := _head_alone())[0], [made[1], sgd(nn.Linear(1, 1))])),
}
test_built = check_cases("PG010", BUILT)
