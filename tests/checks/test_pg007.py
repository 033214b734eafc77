from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.checks.built_cases import BuiltCase, Made, check_cases, sgd
from tests.checks.cases import HEAD, Case, examine, tree


class _Tokens(nn.Module):
    """Of everything that recipes leave out, one."""

    def __init__(self) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.empty(1, 1, 2))
        self.gamma = nn.Parameter(torch.empty(2))
        self.fc = nn.Linear(2, 2)
        self.norm = nn.LayerNorm(2)
        self.words = nn.Embedding(3, 2)


class _Asking(nn.Module):
    """Asks for two of its parameters, one of them by a pattern."""

    def __init__(self, *, frozen: bool = False) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.empty(2, 2))
        self.rel = tree({"0.mlp": nn.Linear(2, 2, bias=False), "1.mlp": nn.Linear(2, 2, bias=False)})
        self.mlp = nn.Linear(2, 2, bias=False)
        self.requires_grad_(not frozen)

    def no_weight_decay(self) -> set[str]:
        return {"table", "rel.*", "absent"}


class _AskingLess(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pos = nn.Parameter(torch.zeros(2, 2))
        self.fc = nn.Linear(2, 2)

    def no_weight_decay(self) -> set[str]:
        return {"pos"}


def _weights() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 2, bias=False), nn.Conv2d(2, 2, 1, bias=False))


ALL = "  norm_decay_mult: 0\n  bias_decay_mult: 0\n"
CASES = {
    "one of each": Case(
        HEAD,
        (1, 33),
        "weight decay goes to 2 tokens or embeddings, 1 other vector, 1 bias and 2 norm tensors, such as cls_token",
        model=_Tokens,
    ),
    "what options leave": Case(
        HEAD + ALL + "  custom_keys: {words: {decay_mult: 0}}\n",
        (1, 33),
        "weight decay goes to 1 token or embedding and 1 other vector: cls_token, gamma",
        model=_Tokens,
    ),
    "under a policy": Case("solver:\n  weight_decay: 1.0e-4\n", (2, 3), "weight decay goes to 2 tokens", model=_Tokens),
    "what the model asks for": Case(
        HEAD,
        (1, 33),
        "weight decay goes to 3 other tensors, such as table; the model's own no_weight_decay() names all of them",
        'name them: "table", "rel."',
        _Asking,
    ),
    "what the model asks for, and only one of it is decayed": Case(
        HEAD + "  custom_keys: {rel: {decay_mult: 0}}\n",
        (1, 33),
        "weight decay goes to 1 other tensor: table; the model's own no_weight_decay() names it: table",
        'name them: "table"',
        _Asking,
    ),
    "what the model asks for, under a key with an lr that another key would take away": Case(
        HEAD + "  custom_keys: {rel: {lr_mult: 2}}\n",
        (1, 33),
        "no_weight_decay() names all of them",
        'name them: "table", "rel."; without lr_mult they get the base lr',
        _Asking,
    ),
    "what the model asks for, under a key that wins over a short one": Case(
        HEAD + "  custom_keys: {mlp.weight: {decay_mult: 2}}\n",
        (1, 33),
        "no_weight_decay() names all of them",
        'name them: "table", "rel.0.mlp.weight", "rel.1.mlp.weight"',
        _Asking,
    ),
    "what the model asks for, and what recipes leave out": Case(
        HEAD,
        (1, 33),
        "weight decay goes to 1 other tensor and 1 bias: pos, fc.bias; "
        "the model's own no_weight_decay() names 1 of them: pos",
        'name them: "pos"',
        _AskingLess,
    ),
    "what the model asks for, and gets": Case(
        HEAD + "  custom_keys: {table: {decay_mult: 0}, rel.: {decay_mult: 0}}\n", None, model=_Asking
    ),
    "a weight whose shape is not known yet": Case(HEAD, None, model=lambda: nn.LazyLinear(2, bias=False)),
    "weights": Case(HEAD, None, model=_weights),
    "no weight decay": Case("optimizer: {type: SGD, lr: 0.1}\n", None, model=_Tokens),
    "weight decay 0": Case("optimizer: {type: SGD, lr: 0.1, weight_decay: 0}\n", None, model=_Tokens),
    "all left out": Case(
        HEAD + ALL + "  custom_keys: {token: {decay_mult: 0}, gamma: {decay_mult: 0}, words: {decay_mult: 0}}\n",
        None,
        model=_Tokens,
    ),
    "frozen": Case(HEAD, None, model=lambda: _Asking(frozen=True)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg007(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG007", case)


def _decayed(model: nn.Module, *, known: bool = True, vectors: bool = True) -> Made:
    taken = [each for each in model.parameters() if vectors or each.ndim > 1]
    rest = [each for each in model.parameters() if not vectors and each.ndim < 2]
    return model if known else None, sgd({"params": taken}, {"params": rest, "weight_decay": 0}, weight_decay=0.1)


BUILT = {
    "one of each": BuiltCase(
        lambda: _decayed(_Tokens()),
        ("weight decay goes to 2 tokens or embeddings, 1 other vector, 1 bias and 2 norm tensors, such as cls_token",),
    ),
    "what the model asks for": BuiltCase(
        lambda: _decayed(_AskingLess()),
        ("1 other tensor and 1 bias: pos, fc.bias; the model's own no_weight_decay() names 1 of them: pos",),
        params=("pos", "fc.bias"),
    ),
    "vectors left out": BuiltCase(
        lambda: _decayed(_Tokens(), vectors=False), ("goes to 2 tokens or embeddings: cls_token, words.weight",)
    ),
    "without the model": BuiltCase(
        lambda: _decayed(_Tokens(), known=False), ("weight decay goes to 4 other vectors, such as group 0 [1]",)
    ),
    "named, without the model": BuiltCase(
        lambda: (None, torch.optim.AdamW(_Tokens().named_parameters())),
        ("weight decay goes to 1 token or embedding, 2 other vectors and 2 biases, such as cls_token",),
    ),
    "weights": BuiltCase(lambda: _decayed(_weights())),
    "no weight decay": BuiltCase(lambda: ((model := _Tokens()), sgd(model))),
    "frozen": BuiltCase(lambda: _decayed(_Asking(frozen=True))),
}
test_built = check_cases("PG007", BUILT)
