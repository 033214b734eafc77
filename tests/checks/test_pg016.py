from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.checks.cases import HEAD, Case, examine, tree


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.relative_position_bias_table = nn.Parameter(torch.empty(2, 2))
        self.q_bias = nn.Parameter(torch.empty(2))


def _model() -> nn.Module:
    return tree({"attn": _Attention(), "fc": nn.Linear(2, 2)})


def _policy(pattern: str) -> str:
    return f"solver:\n  weight_decay: [[0, {pattern}], 1.0e-4]\n"


CASES = {
    "beside those that are meant": Case(
        _policy("bias"),
        (2, 18),
        '"bias" also hits the middle of a word; 1 tensor (33 % of the model): attn.relative_position_bias_table',
        '"bias$" hits the other 2 alone',
        _model,
    ),
    "nothing else": Case(
        _policy("position"), (2, 18), '"position" hits only the middle of a word; 1 tensor', model=_model
    ),
    "where the end is no anchor": Case(
        _policy("nor"),
        (2, 18),
        '"nor" also hits the middle',
        '"(^|[._])nor" hits the other 2 alone',
        lambda: tree({"norm1": nn.LayerNorm(2), "anorm": nn.LayerNorm(2)}),
    ),
    "at the end": Case(_policy("bias$"), None, model=_model),
    "at the end of a word": Case(_policy("table"), None, model=_model),
    "at the beginning of a word": Case(_policy("relative"), None, model=_model),
    "whole": Case(_policy("relative_position_bias_table"), None, model=_model),
    "types": Case(_policy("NORM_TYPES"), None, model=lambda: nn.LayerNorm(2)),
    "an empty pattern": Case(_policy("''"), None, model=_model),
    "an earlier rule takes it": Case(
        "solver: {weight_decay: [[1.0e-5, table], [0, bias], 1.0e-4]}\n", None, model=_model
    ),
    "a custom key is another finding": Case(HEAD + "  custom_keys: {bias: {decay_mult: 0}}\n", None, model=_model),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg016(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG016", case)
