from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from tests.checks.cases import HEAD, Case, examine, tree


def _stem(*, trainable: bool = True) -> nn.Module:
    model = tree({"stem": nn.Conv2d(1, 4, 3), "depthwise": nn.Conv2d(4, 4, 3, groups=4), "conv": nn.Conv2d(4, 4, 1)})
    model.get_submodule("stem").requires_grad_(trainable)
    return model


CASES = {
    "its weight and bias": Case(
        HEAD + "  dwconv_decay_mult: 0\n",
        (3, 3),
        "a convolution of one channel is taken for depthwise, which gives 2 tensors weight decay 0 instead of 0.1",
        "a custom key for it comes first",
        _stem,
    ),
    "its bias does not get what biases get": Case(
        HEAD + "  bias_decay_mult: 0\n",
        (3, 3),
        "gives 1 tensor weight decay 0.1 instead of 0: stem.bias",
        model=_stem,
    ),
    "both options are the same for the bias": Case(
        HEAD + "  bias_decay_mult: 0\n  dwconv_decay_mult: 0\n",
        (4, 3),
        "gives 1 tensor … : stem.weight",
        model=_stem,
    ),
    "a custom key": Case(HEAD + "  dwconv_decay_mult: 0\n  custom_keys: {stem: {}}\n", None, model=_stem),
    "no option that asks": Case(HEAD + "  norm_decay_mult: 0\n", None, model=_stem),
    "an option that changes nothing": Case(HEAD + "  dwconv_decay_mult: 1\n", None, model=_stem),
    "frozen": Case(HEAD + "  dwconv_decay_mult: 0\n", None, model=lambda: _stem(trainable=False)),
    "three channels": Case(HEAD + "  dwconv_decay_mult: 0\n", None, model=lambda: nn.Conv2d(3, 4, 3)),
    "one dimension": Case(HEAD + "  dwconv_decay_mult: 0\n", None, model=lambda: nn.Conv1d(1, 4, 3)),
    "under a policy": Case("solver: {weight_decay: [[0, bias], 1.0e-4]}\n", None, model=_stem),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg008(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG008", case)
