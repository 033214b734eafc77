"""Whose tensors an optimizer holds is told by the tensors themselves, where model and optimizer have one source."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn, optim

import pgaudit
from pgaudit import cli
from tests.built.cases import claims_of

CLASSES = (optim.SGD, optim.AdamW, optim.Adagrad)


@given(
    st.lists(st.integers(1, 3), min_size=2, max_size=6),
    st.lists(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=6, unique=True), min_size=1, max_size=3),
    st.booleans(),
    st.sampled_from(CLASSES),
)
def test_random_optimizers_of_a_model_and_of_its_copy_are_told_apart(
    sizes: list[int], members: list[list[tuple[bool, int]]], named: bool, kind: Any
) -> None:
    """Names, order and shapes of a copy are those of the model, and prove nothing."""
    model = nn.Sequential(*(nn.Linear(one, one) for one in sizes))
    average = copy.deepcopy(model)
    tensors = {own: list((model if own else average).named_parameters()) for own in (True, False)}
    optimizers = []
    for each in members:
        held = [tensors[own][index] for own, index in each if index < len(tensors[own])]
        held = list(dict(held).items())  # torch refuses two of one name
        optimizers.append(kind([{"params": held if named else [tensor for _, tensor in held]}], lr=0.1))
    truth = claims_of(model, optimizers)
    report = pgaudit.audit(model, optimizers)
    for name, claims in truth.items():
        row = report[name]
        found = [] if row.group is None else [(row.optimizer, row.group), *row.also_in]
        assert found == [(at, group) for at, group, _, _ in claims], name
    trains_nothing = not any(truth.values())
    assert trains_nothing == any("and none of them ever trains" in each.message for each in report.findings)


class MasterWeights:
    """As the optimizers of DeepSpeed, apex and Megatron: it is none of torch's, and steps one of copies."""

    def __init__(self, model: nn.Module) -> None:
        masters = [nn.Parameter(tensor.detach().float().clone()) for tensor in model.parameters()]
        self.optimizer = optim.AdamW(masters, lr=0.1)

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return self.optimizer.param_groups

    def step(self) -> None: ...

    def zero_grad(self) -> None: ...


def test_what_may_train_copies_is_not_judged() -> None:
    model = nn.Linear(2, 3).half()
    report = pgaudit.audit(model, MasterWeights(model))
    (found,) = [each for each in report.findings if each.severity != "info"]
    assert (found.code, found.severity) == ("PG043", "warning")
    assert "may train copies" in found.message
    assert [row.name for row in report] == ["group 0 [0]", "group 0 [1]"]
    with pytest.raises(AssertionError, match="no tensor of Linear is in a group"):
        pgaudit.assert_covered(model, MasterWeights(model))


CODE = """
import copy
import torch
from torch import nn

def model():
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4))

def make():
    trained = model()
    optimizer = torch.optim.AdamW(trained.parameters())
    return copy.deepcopy(trained), optimizer

MODEL, OPTIMIZER = make()
"""
FAIL, NAMED = 1, 0
SOURCES = {
    "a function": (["train.py:make"], FAIL),
    "objects of one file": (["train.py:OPTIMIZER", "--model", "train.py:MODEL"], FAIL),
    "a model that is built apart": (["train.py:OPTIMIZER", "--model", "train.py:model"], NAMED),
}


@pytest.mark.parametrize(("words", "code"), SOURCES.values(), ids=SOURCES)
def test_a_copy_fails_the_check(
    words: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["check", *words]) == code
    assert ("PG034 optimizer-coverage [error]  no tensor of " in capsys.readouterr().out) == (code == FAIL)


def test_a_model_that_is_frozen_trains_nothing_by_intent() -> None:
    model = nn.Linear(2, 3).requires_grad_(False)
    prompt = nn.Parameter(torch.zeros(3))
    report = pgaudit.audit(model, optim.SGD([prompt], lr=0.1))
    assert [each.code for each in report.findings if each.severity != "info"] == []
