from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from tests.checks.cases import HEAD, Case, examine, tree
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
        (0, 0),
        "2 frozen parameters are in the optimizer at the base values: stem.weight, stem.bias",
        "unfrozen later, they train without their rules",
        _model,
    ),
    "frozen, one group": Case(HEAD, (0, 0), "2 frozen parameters are in the optimizer: stem", "once unfrozen", _model),
    "frozen, under a policy": Case(
        "solver: {}\n", (0, 0), "2 frozen parameters are in the optimizer: stem", model=_model
    ),
    "frozen, left out": Case(
        HEAD + "  custom_keys: {stem: {lr_mult: 0.1}}\nconstructor: mmengine\n",
        (0, 0),
        "2 frozen parameters are left out of the optimizer, with a warning: stem.weight, stem.bias",
        "unfrozen later, they are never trained",
        _model,
    ),
    "frozen, one group of mmengine's": Case(
        HEAD + "constructor: mmengine\n", (0, 0), "2 frozen parameters are in the optimizer: stem", model=_model
    ),
    "beside `module`": Case(
        HEAD,
        (0, 0),
        "1 trainable parameter is in no group, and never optimized: head.weight",
        "mmcv takes the attribute `module` for the whole model: rename it",
        _beside,
    ),
    "left out by parameters()": Case(
        HEAD,
        (0, 0),
        "2 trainable parameters are in no group, and never optimized: backbone.weight, backbone.bias",
        "the model's own parameters() leaves them out",
        HeadOnly,
    ),
    "parameters() is not asked for groups of one": Case(HEAD + "  norm_decay_mult: 0\n", None, model=HeadOnly),
    "BaseCls begins outside of `module`": Case("solver: {}\n", None, model=_beside),
    "all are trained": Case(HEAD + "  norm_decay_mult: 0\n", None),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg010(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG010", case)
