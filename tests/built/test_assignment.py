"""Groups of live optimizers → what each parameter trains with."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from timm.models import create_model
from timm.optim.muon import Muon
from torch import nn, optim

import pgaudit
from tests.built.cases import Net, agreed, claims_of, grouped, told


def test_several_optimizers_and_a_parameter_in_two() -> None:
    model = Net()
    pair = grouped(model), optim.SGD([model.fc.weight, model.conv.weight], lr=0.3)
    report = pgaudit.audit(model, pair)
    agreed(told(report), claims_of(model, [*pair]))
    entry = next(each for each in report.to_dict()["params"] if each["name"] == "fc.weight")
    assert (entry["optimizer"], entry["group"], entry["lr"]) == (0, 2, 0.5)
    assert entry["also_in"] == [{"optimizer": 1, "group": 0}]
    assert [each["type"] for each in report.to_dict()["optimizers"]] == ["AdamW", "SGD"]
    assert report.assignment.group_counts == tuple(len(each.param_groups) for each in pair)


@pytest.mark.filterwarnings("ignore:optimizer contains a parameter group with duplicate parameters")
def test_twice_in_one_group() -> None:
    model = nn.Linear(2, 2)
    report = pgaudit.audit(model, optim.SGD([model.weight, model.weight, model.bias], lr=0.1))
    assert report["weight"].also_in == ((0, 0),)
    assert report["bias"].also_in == ()


def test_tensors_of_no_module_come_last() -> None:
    model = Net()
    temperature = nn.Parameter(torch.zeros(()))
    groups: list[dict[str, Any]] = [{"params": [temperature]}, {"params": model.parameters()}]
    optimizer = optim.SGD(groups, lr=0.1)
    *of_model, last = pgaudit.audit(model, optimizer).to_dict()["params"]
    assert [each["name"] for each in of_model] == [name for name, _ in model.named_parameters()]
    assert (last["name"], last["shape"], last["module_type"], last["group"]) == ("group 0 [0]", [], None, 0)


def test_without_a_model_names_are_the_optimizers_own() -> None:
    model = Net()
    named = pgaudit.audit(None, optim.SGD(model.named_parameters(), lr=0.1))
    assert [row.name for row in named] == [name for name, _ in model.named_parameters()]
    bare = pgaudit.audit(None, grouped(model))
    assert [row.name for row in bare][:3] == ["group 0 [0]", "group 0 [1]", "group 1 [0]"]
    assert {row.param.trainable for row in bare} == {None}  # the model's own value, and there is none


def test_empty_groups_are_counted() -> None:
    model = nn.Linear(2, 2)
    groups: list[dict[str, Any]] = [{"params": []}, {"params": model.parameters(), "lr": 1.0}, {"params": []}]
    optimizer = optim.SGD(groups, lr=0.1)
    report = pgaudit.audit(model, optimizer)
    assert [(each.index, each.lr, each.parameters) for each in report.groups] == [(0, 0.1, 0), (1, 1.0, 2), (2, 0.1, 0)]
    assert report.assignment.group_counts == (len(optimizer.param_groups),)
    assert report["weight"].group == 1


def test_an_initial_lr_is_told_where_no_scheduler_explains_it() -> None:
    model = nn.Linear(2, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    schedule = optim.lr_scheduler.ConstantLR(optimizer, 0.5, 3)
    assert pgaudit.audit(model, optimizer)["weight"].setting.extra == {"initial_lr": 0.1}
    assert pgaudit.audit(model, optimizer, scheduler=schedule)["weight"].setting.extra == {}
    assert pgaudit.audit(model, optimizer)["weight"].lr == 0.05


@pytest.mark.parametrize("lr", [torch.tensor(0.25), torch.tensor([0.25])])
def test_an_lr_that_is_a_tensor(lr: torch.Tensor) -> None:
    model = nn.Linear(2, 2)
    report = pgaudit.audit(model, optim.AdamW(model.parameters(), lr=lr, capturable=True))
    assert report["weight"].lr == 0.25
    assert type(report["weight"].lr) is float


def test_a_class_without_weight_decay_has_none() -> None:
    model = nn.Linear(2, 2)
    report = pgaudit.audit(model, optim.LBFGS(model.parameters(), lr=0.5))
    assert (report["weight"].lr, report["weight"].weight_decay) == (0.5, 0.0)


def test_extra_holds_what_differs_from_the_optimizers_own() -> None:
    model = Net()
    groups: list[dict[str, Any]] = [
        {"params": [model.fc.weight], "momentum": 0.5, "lr_scale": 0.1},
        {"params": [model.fc.bias]},
    ]
    report = pgaudit.audit(model, optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True))
    assert report["fc.weight"].setting.extra == {"momentum": 0.5, "lr_scale": 0.1}
    assert report["fc.bias"].setting.extra == {}
    assert report.to_dict()["optimizers"][0]["arguments"] == {
        "lr": 0.1,
        "momentum": 0.9,
        "weight_decay": 0.0,
        "nesterov": True,
    }


def test_torchs_muon_beside_adamw() -> None:
    model = Net()
    matrices = [tensor for tensor in model.parameters() if tensor.ndim == 2]
    others = [tensor for tensor in model.parameters() if tensor.ndim != 2]
    pair = optim.Muon(matrices, lr=0.02), optim.AdamW(others, lr=3e-4)
    report = pgaudit.audit(model, pair)
    agreed(told(report), claims_of(model, [*pair]))
    assert report.optimizer_of(report["fc.weight"]).type == "Muon"
    assert all("use_muon" not in row.setting.extra for row in report)  # it has no choice


def _chosen_by_the_library(model: nn.Module, optimizer: Muon) -> dict[str, Any]:
    """What timm's Muon notes of each tensor at its first step."""
    for tensor in model.parameters():
        tensor.grad = torch.zeros_like(tensor)
    optimizer.step()
    return {name: optimizer.state[tensor]["use_muon"] for name, tensor in model.named_parameters()}


@pytest.mark.parametrize("given", [{}, {"use_fallback": True}, {"use_muon": True}, {"use_muon": False}])
def test_timms_muon_chooses_by_tensor(given: dict[str, bool]) -> None:
    torch.manual_seed(0)
    model: Any = create_model("test_vit")
    head = {id(tensor) for tensor in model.head.parameters()}
    groups: list[dict[str, Any]] = [
        {"params": [tensor for tensor in model.parameters() if id(tensor) not in head]},
        {"params": [model.head.weight], **given},
        {"params": [model.head.bias]},
    ]
    optimizer = Muon(groups, lr=0.02)
    before = pgaudit.audit(model, optimizer)
    told_before = {row.name: row.setting.extra["use_muon"] for row in before}
    assert set(told_before.values()) == {True, False}
    assert not optimizer.state  # nothing was changed by looking
    assert told_before == _chosen_by_the_library(model, optimizer)
    after = pgaudit.audit(model, optimizer)
    assert {row.name: row.setting.extra["use_muon"] for row in after} == told_before
    assert "use_muon" not in before.to_dict()["groups"][0]["extra"]  # a group of both kinds
    assert before.to_dict()["groups"][2]["extra"] == {"use_muon": False}
