from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from tests.checks.cases import HEAD, Case, examine, tree
from tests.parity.modules import DeformConv2dPack


def _model(*, bias: bool = True) -> nn.Module:
    deformable = DeformConv2dPack(2, 1, True)
    deformable.add_module("conv_offset", nn.Conv2d(2, 4, 1, bias=bias))
    return tree({"dcn": deformable, "fc": nn.Linear(2, 2)})


BOTH = HEAD + "  bias_lr_mult: 2\n  dcn_offset_lr_mult: 0.1\n"
CASES = {
    "both": Case(
        BOTH,
        (4, 3),
        "dcn_offset_lr_mult overrides bias_lr_mult on biases of offset layers: dcn.conv_offset.bias",
        model=_model,
    ),
    "one": Case(HEAD + "  dcn_offset_lr_mult: 0.1\n", None, model=_model),
    "the other": Case(HEAD + "  bias_lr_mult: 2\n", None, model=_model),
    "a custom key for the bias": Case(BOTH + "  custom_keys: {conv_offset.bias: {}}\n", None, model=_model),
    "no bias": Case(BOTH, None, model=lambda: _model(bias=False)),
    "no deformable convolution": Case(BOTH, None),
    "under a policy": Case("solver: {}\n", None, model=_model),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg015(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG015", case)
