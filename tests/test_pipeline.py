"""The Python API on live models."""

from __future__ import annotations

import contextlib
import copy
import gc
import io
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit import ConfigError, UsageError
from pgaudit.pipeline import audit_many
from pgaudit.report import Report
from tests.render.reports import POLICY, Net, Wrapper

ADAMW: dict[str, Any] = {
    "optimizer": {"type": "AdamW", "lr": 1e-3},
    "paramwise_cfg": {"custom_keys": {"head": {"lr_mult": 2}}},
}


@pytest.mark.parametrize("config", [POLICY, ADAMW, {"optimizer": {"type": "RMSprop"}}, {"solver": {}}], ids=str)
def test_a_built_optimizer_holds_what_the_report_says_and_trains(config: Any) -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))
    model.add_module("head", nn.Linear(4, 2))
    report = pgaudit.audit(model, config)
    optimizer = pgaudit.build_optimizer(model, config)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    built = {names[id(p)]: (g["lr"], g["weight_decay"]) for g in optimizer.param_groups for p in g["params"]}
    assert built == {row.name: (row.lr, row.weight_decay) for row in report.params}
    assert len(optimizer.param_groups) == len(set(built.values()))  # equal settings are one group
    model(torch.ones(3, 4)).sum().backward()
    optimizer.step()


def test_settings_that_differ_in_something_else_are_not_merged() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 2))
    model[1].weight.requires_grad_(False)
    keys = {"0.": {"momentum": 0.5}, "2.": {"lr": 0.1}, "2.b": {"lr": 0.1}}
    config = {
        "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.1},
        "paramwise_cfg": {"custom_keys": keys},
        "constructor": "mmengine",
    }
    optimizer = pgaudit.build_optimizer(model, config)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = [(group["momentum"], [names[id(p)] for p in group["params"]]) for group in optimizer.param_groups]
    assert found == [(0.5, ["0.weight", "0.bias"]), (0.9, ["1.bias", "2.weight", "2.bias"])]


def test_siblings_of_an_unwrapped_module_are_in_no_group() -> None:
    model = Wrapper()
    optimizer = pgaudit.build_optimizer(model, POLICY)
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in model.module.parameters()}


@pytest.mark.parametrize("collecting", [True, False])
def test_the_garbage_collector_is_left_as_it_was(collecting: bool) -> None:
    try:
        gc.enable() if collecting else gc.disable()
        pgaudit.audit(Net(), POLICY)
        with pytest.raises(pgaudit.ModelError):
            pgaudit.audit(nn.ReLU(), POLICY)
        assert gc.isenabled() == collecting
    finally:
        gc.enable()


def test_an_audit_changes_nothing() -> None:
    model = Net().eval()
    before = copy.deepcopy(model.state_dict())
    flags = [parameter.requires_grad for parameter in model.parameters()]
    config = copy.deepcopy(POLICY)
    state = torch.get_rng_state()
    pgaudit.audit(model, config)
    assert torch.equal(torch.get_rng_state(), state)
    assert config == POLICY
    assert not model.training
    assert [parameter.requires_grad for parameter in model.parameters()] == flags
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_report_is_asked_by_name_or_alias() -> None:
    report = pgaudit.audit(Net(), POLICY)
    assert report["head_twin.weight"] is report["head.weight"]
    with pytest.raises(KeyError):
        report["nothing"]


def test_what_is_no_model() -> None:
    with pytest.raises(UsageError, match="not int"):
        pgaudit.audit(3, POLICY)  # type: ignore[call-overload]
    with pytest.raises(UsageError, match="no model is named"):
        pgaudit.audit(None, POLICY)


def test_ints_come_out_as_floats() -> None:
    config = {"optimizer": {"type": "SGD", "lr": 1, "weight_decay": 2}, "paramwise_cfg": {"bias_lr_mult": 3}}
    for param in pgaudit.audit(nn.Linear(2, 2), config).to_dict()["params"]:
        assert type(param["lr"]) is type(param["weight_decay"]) is float


def test_the_command_lines_model_does_not_get_the_configs_arguments() -> None:
    config = {**ADAMW, "model": "resnet18", "model_args": {"num_classes": 3}}
    assert pgaudit.audit(None, config)["fc.bias"].param.shape == (3,)
    assert pgaudit.audit("resnet18", config)["fc.bias"].param.shape == (3,)
    assert pgaudit.audit("resnet34", config)["fc.bias"].param.shape == (1000,)


def test_the_configs_model_is_looked_for_beside_it_and_its_errors_have_its_place(tmp_path: Any) -> None:
    (tmp_path / "beside_net.py").write_text("from torch import nn\ndef make():\n    return nn.Linear(2, 2)\n")
    path = tmp_path / "c.yaml"
    path.write_text("model: beside_net.py:make\noptimizer: {type: SGD, lr: 0.1}\n")
    assert pgaudit.audit(None, path).inventory.ref == "beside_net.py:make"
    path.write_text("optimizer: {type: SGD, lr: 0.1}\nmodel: beside_net.py:made\n")
    with pytest.raises(ConfigError, match=r'c.yaml:2:1: .* has no attribute "made" \(did you mean "make"'):
        pgaudit.audit(None, path)


class Scaling(torch.optim.SGD):
    """Changes its groups, as some optimizers do."""

    def __init__(self, params: Any, **arguments: Any) -> None:
        super().__init__(params, **arguments)
        for group in self.param_groups:
            group["lr"] *= 10


class Reading(torch.optim.SGD):
    """Reads values, which meta tensors do not have."""

    def __init__(self, params: Any, **arguments: Any) -> None:
        super().__init__(params, **arguments)
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.norm().item()


class Unequal(torch.optim.SGD):
    """Treats its first group unlike the others."""

    def __init__(self, params: Any, **arguments: Any) -> None:
        super().__init__(params, **arguments)
        self.param_groups[0]["lr"] *= 10


@pytest.mark.parametrize("kind", [Scaling, Reading])
@pytest.mark.parametrize("rules", [None, {"bias_lr_mult": 2}])
def test_what_a_class_makes_of_its_groups_is_what_is_reported(kind: type, rules: Any) -> None:
    config = {"optimizer": {"type": kind, "lr": 0.1}, "paramwise_cfg": rules}
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    report = pgaudit.audit(model, config)
    optimizer = pgaudit.build_optimizer(model, config)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    built = {names[id(p)]: g["lr"] for g in optimizer.param_groups for p in g["params"]}
    assert built == {row.name: row.lr for row in report.params}


def test_a_class_that_treats_equal_groups_unequally_is_refused() -> None:
    config = {"optimizer": {"type": Unequal, "lr": 0.1}, "paramwise_cfg": {"custom_keys": {}}}
    with pytest.raises(ConfigError, match="changes groups of equal settings unequally"):
        pgaudit.audit(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), config)


def test_a_tensor_that_was_computed_is_refused_as_torch_does() -> None:
    model = nn.Linear(2, 2)
    model._parameters["weight"] = model.weight * 1  # type: ignore[assignment]
    with pytest.raises(ConfigError, match="can't optimize a non-leaf Tensor"):
        pgaudit.audit(model, {"optimizer": {"type": "SGD", "lr": 0.1}})


def test_an_optimizer_is_built_for_a_model_only() -> None:
    with pytest.raises(UsageError, match="a model is an nn.Module"):
        pgaudit.build_optimizer("resnet18", POLICY)  # type: ignore[arg-type]


def test_a_report_holds_no_path_of_this_machine(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "portable_net.py").write_text("from torch import nn\ndef make():\n    return nn.Linear(2, 2)\n")
    path = tmp_path / "c.yaml"
    path.write_text("optimizer: {type: SGD, lr: 1e-1, eps: .inf}\n".replace(", eps: .inf", ""))
    for folder, config in ((tmp_path, "c.yaml"), (tmp_path.parent, f"{tmp_path.name}/c.yaml"), ("/", None)):
        monkeypatch.chdir(folder)
        data = pgaudit.audit(f"{tmp_path}/portable_net.py:make", path).to_dict()
        assert data["config"]["path"] == data["findings"][0]["path"]
        assert not data["model"]["ref"].startswith("/")
        if config:
            assert data["config"]["path"] == config


def test_numbers_that_json_has_no_word_for() -> None:
    report = pgaudit.audit(nn.Linear(2, 2), {"optimizer": {"type": "Adam", "lr": 0.1, "eps": float("inf")}})
    assert report.to_dict()["config"]["optimizer"]["eps"] == "inf"


def test_a_file_that_defines_the_optimizer_is_run_once(tmp_path: Any) -> None:
    count = tmp_path / "count"
    (tmp_path / "own_optimizer.py").write_text(
        f"import torch\nopen({str(count)!r}, 'a').write('x')\nclass Mine(torch.optim.SGD): pass\n"
    )
    config = {"optimizer": {"type": f"{tmp_path}/own_optimizer.py:Mine", "lr": 0.1}}
    pgaudit.build_optimizer(nn.Linear(2, 2), config)
    assert count.read_text() == "x"


def test_one_model_under_many_configs_is_built_once_and_audited_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", list(sys.path))
    (tmp_path / "net.py").write_text(
        "from torch import nn\nbuilt = []\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, width=2):\n"
        "        super().__init__()\n"
        "        print('built')\n"
        "        self.module = nn.Linear(width, width)\n"
        "        self.beside = nn.Linear(2, 2)\n"
    )
    named = {**POLICY, "model": "net.py:Net", "model_args": {"width": 3}}
    frozen = {"optimizer": {"type": "SGD", "lr": 0.1, "lr_": 1}}
    sources: list[Any] = [
        POLICY,
        {**POLICY, "constructor": "timm", "paramwise_cfg": None},
        frozen,
        named,
        ADAMW,
        POLICY,
    ]
    configs = [pgaudit.load_config(source) for source in sources]
    alone: list[object] = []
    for config in configs:
        try:
            alone.append(pgaudit.audit("net.py:Net", config).to_dict())
        except pgaudit.PgauditError as error:
            alone.append(error.findings)
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        found = list(audit_many("net.py:Net", configs))
    assert [one.to_dict() if isinstance(one, Report) else getattr(one, "findings", one) for one in found] == alone
    assert err.getvalue().count("built") < len(configs)
