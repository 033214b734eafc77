"""print(report): a few lines of plain text, whatever was audited."""

from __future__ import annotations

import pytest
import timm
from hypothesis import given
from hypothesis import strategies as st
from torch import nn, optim

import pgaudit
from tests.built.cases import Net, grouped
from tests.render.reports import POLICY
from tests.render.reports import Net as Hostile


def test_what_a_script_prints() -> None:
    model = Net()
    model.bn.weight.requires_grad_(False)
    said = str(pgaudit.audit(model, [grouped(model), optim.SGD([model.fc.bias], lr=3.0, momentum=0.5)]))
    table, *_ = said.partition("\n\nPG")  # what is found stands below
    assert table.split("\n") == [
        "Net · 7 tensors · 50 parameters",
        "AdamW lr 0.01 · weight_decay 0.1",
        "SGD lr 3 · weight_decay 0",
        "",
        "parameter    ×  lr    decay  group",
        "conv.weight  1  0.01  0.1    optimizer 0, group 0",
        "conv.bias    1  0.01  0      optimizer 0, group 1",
        "bn.weight    1  0.01  0      optimizer 0, group 1 · frozen",
        "bn.bias      1  0.01  0      optimizer 0, group 1",
        "one.weight   1  0.01  0.1    optimizer 0, group 0",
        "fc.weight    1  0.5   0.1    optimizer 0, group 2",
        "fc.bias      1  0.5   0.1    optimizer 0, group 2 and optimizer 1, group 0",
    ]


def test_a_policy_says_its_rules_and_what_was_found() -> None:
    policy = {
        "optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4},
        "paramwise_cfg": {"custom_keys": {"fc": {"lr_mult": 10}, "gone": {"lr_mult": 2}}},
    }
    said = str(pgaudit.audit(Net(), policy))
    assert "custom_keys.fc" in said
    assert "PG001 " in said
    assert said.splitlines()[-1].startswith("1 error")


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "resnet50"])
def test_it_stays_short(name: str) -> None:
    model = timm.create_model(name)
    optimizers = [optim.SGD([tensor], lr=0.1 * at) for at, tensor in enumerate(model.parameters(), 1)]
    for given_as in (optimizers[0], optimizers):
        said = str(pgaudit.audit(model, given_as))
        assert len(said.splitlines()) <= 20
    assert "more" in said


def test_a_strangers_text_stays_text() -> None:
    said = str(pgaudit.audit(Hostile(), POLICY))
    assert said.replace("\n", "").isprintable()
    assert len(said.splitlines()) <= 20


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="."), min_size=1), unique=True))
def test_it_never_raises(names: list[str]) -> None:
    model = nn.Module()
    taken = {*dir(model)}
    for name in names:
        if name not in taken:
            model.register_parameter(name, nn.Parameter(nn.Linear(1, 1).weight.detach()))
    if not [*model.parameters()]:
        return
    report = pgaudit.audit(model, optim.SGD(model.parameters(), lr=float("inf")))
    assert len(str(report).split("\n")) <= 20
    assert str(report).replace("\n", "").isprintable()


def test_the_lrs_over_time_have_columns() -> None:
    policy = {"optimizer": {"type": "SGD", "lr": 0.1}, "scheduler": {"type": "CosineAnnealingLR", "T_max": 10}}
    report = pgaudit.audit(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), policy, at=(10, 0))
    assert report.lrs_at(report["0.weight"]) == {0: 0.1, 10: 0.0}
    assert str(report).splitlines()[3:5] == [
        "parameter            ×  lr   lr@0  lr@10  decay  decided by",
        "{0,1}.{weight,bias}  4  0.1  0.1   0      0      default",
    ]
    with pytest.raises(pgaudit.PgauditError, match="at= takes whole numbers"):
        pgaudit.audit(nn.Linear(2, 2), policy, at=(-1,))
