from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from tests.checks.cases import HEAD, Case, examine, tree


def _model() -> nn.Module:
    return tree({"net.norm": nn.LayerNorm(2), "net.fc": nn.Linear(2, 2, bias=False)})


def _tied() -> nn.Module:
    model = tree({"enc": nn.Linear(2, 2, bias=False), "dec": nn.Linear(2, 2, bias=False)})
    model.get_submodule("dec").weight = model.get_submodule("enc").weight
    return model


def _frozen() -> nn.Module:
    model = _model()
    model.get_submodule("net.norm").requires_grad_(False)
    return model


CASES = {
    "a longer key": Case(
        HEAD + "  custom_keys:\n    norm: {decay_mult: 0}\n    net.norm: {lr_mult: 2}\n",
        (4, 5),
        '"norm" does not decide any of its 2 tensors: "net.norm" :5 takes all (the longer key wins)',
        model=_model,
    ),
    "two longer keys": Case(
        HEAD + "  custom_keys: {norm: {}, norm.w: {}, norm.bias: {}}\n",
        (3, 17),
        '"norm" does not decide any of its 2 tensors: "norm.w" :3 takes 1, "norm.bias" :3 takes 1 (the longer key',
        model=_model,
    ),
    "a key as long": Case(
        HEAD + "  custom_keys: {weight: {}, net.fc: {}, net.no: {}}\n",
        (3, 17),
        '"weight" … "net.no" :3 takes 1, "net.fc" :3 takes 1 (of equally long keys the first in the alphabet wins)',
        model=_model,
    ),
    "an earlier pattern": Case(
        "solver: {weight_decay: [[0, norm], [1.0e-5, norm.w], 1.0e-4]}\n",
        (1, 36),
        '"norm.w" does not decide its only tensor: "norm" :1 takes it (the first rule that matches wins)',
        model=_model,
    ),
    "earlier types": Case(
        "solver: {weight_decay: [[0, NORM_TYPES], [1.0e-5, norm], 1.0e-4]}\n",
        (1, 42),
        '"norm" … NORM_TYPES',
        model=_model,
    ),
    "a pattern twice": Case(
        "solver: {weight_decay: [[0, fc], [0, fc], 1.0e-4]}\n", (1, 34), '"fc" … "fc"', model=_model
    ),
    "the second name of a tied parameter": Case(
        HEAD + "  bypass_duplicate: true\n  custom_keys: {dec: {lr_mult: 2}}\n",
        (4, 17),
        '"dec" does not decide its only tensor: the first name of a tied parameter decides it',
        model=_tied,
    ),
    "the first name": Case(HEAD + "  bypass_duplicate: true\n  custom_keys: {enc: {lr_mult: 2}}\n", None, model=_tied),
    "one parameter is left": Case(
        HEAD + "  custom_keys: {norm: {decay_mult: 0}, norm.bias: {lr_mult: 2}}\n", None, model=_model
    ),
    "frozen ones are another finding": Case(HEAD + "  custom_keys: {norm: {lr_mult: 2}}\n", None, model=_frozen),
    "a dead key is another finding": Case(HEAD + "  custom_keys: {head: {lr_mult: 2}}\n", None, model=_model),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg002(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG002", case)
