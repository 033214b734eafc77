"""The comparison with a real library: proofs where it is installed, and nothing that differs goes unseen."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit.cli import main
from pgaudit.config import load_config
from pgaudit.core.errors import UsageError
from pgaudit.verify.base import Real
from pgaudit.verify.libraries import REAL
from pgaudit.verify.run import Difference, Verification, verify
from tests.command_lines import ROOT, Answer, answers

CONFIG = {
    "optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 0.5},
    "paramwise_cfg": {"bias_lr_mult": 2.0, "norm_decay_mult": 0.0},
}


def _model() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))


def _groups(model: nn.Module) -> list[dict[str, Any]]:
    """What mmcv makes of CONFIG."""
    values = [(0.1, 0.5), (0.2, 0.5), (0.1, 0.0), (0.1, 0.0)]
    return [
        {"params": [p], "lr": lr, "weight_decay": decay}
        for p, (lr, decay) in zip(model.parameters(), values, strict=True)
    ]


Edit = Callable[[list[dict[str, Any]], nn.Module], object]


def _verified(monkeypatch: pytest.MonkeyPatch, edit: Edit, config: Any = CONFIG) -> Verification:
    """Against a library that builds the right thing, and then errs in one point."""

    def build(model: nn.Module, config: Any, kind: Any) -> torch.optim.Optimizer:
        groups = _groups(model)
        edit(groups, model)
        return torch.optim.SGD(groups, lr=0.1, weight_decay=0.5)

    monkeypatch.setitem(REAL, "mmcv", Real(("torch",), "torch", lambda: build))
    return verify(_model(), load_config(config))


def _set(index: int, **values: object) -> Edit:
    return lambda groups, model: groups[index].update(values)


def _moved(groups: list[dict[str, Any]], model: nn.Module) -> None:
    groups[2]["params"] += groups.pop(3)["params"]


NEXT = math.nextafter(0.1, 1)
ERRORS: dict[str, tuple[Edit, list[Difference]]] = {
    "nothing": (lambda groups, model: None, []),
    "the last bit of an lr": (_set(0, lr=NEXT), [Difference("0.weight", "lr", 0.1, NEXT)]),
    "a weight decay": (_set(3, weight_decay=0.5), [Difference("1.bias", "weight_decay", 0.0, 0.5)]),
    "the sign of a zero": (_set(3, weight_decay=-0.0), [Difference("1.bias", "weight_decay", 0.0, -0.0)]),
    "another argument": (_set(1, momentum=0.9), [Difference("0.bias", "momentum", 0, 0.9)]),
    "an argument of no use": (_set(1, lr_scale=0.5), [Difference("0.bias", "lr_scale", None, 0.5)]),
    "a group": (_moved, [Difference("1.bias", "group", 3, 2)]),
    "a parameter left out": (lambda groups, model: groups.pop(), [Difference("1.bias", "group", 3, None)]),
    "a parameter of another model": (
        lambda groups, model: groups.append({"params": [nn.Parameter(torch.ones(1))]}),
        [Difference("(not of the model)", "tensors", 0, 1)],
    ),
}


@pytest.mark.parametrize(("edit", "expected"), ERRORS.values(), ids=ERRORS)
def test_every_difference_is_seen(monkeypatch: pytest.MonkeyPatch, edit: Edit, expected: list[Difference]) -> None:
    found = _verified(monkeypatch, edit)
    assert list(found.differences) == expected
    assert found.agrees == (not expected)


def _raise(groups: list[dict[str, Any]], model: nn.Module) -> None:
    raise ValueError("no")


REFUSED = {
    **CONFIG,
    "paramwise_cfg": {"custom_keys": {"0": {"lr_mult": 1e308}}},
    "optimizer": {"type": "SGD", "lr": 99},
}


def test_to_refuse_the_same_is_to_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _verified(monkeypatch, _raise, REFUSED)
    assert found.agrees
    assert found.theirs_refused == "ValueError: no"
    assert "too large" in str(found.ours_refused)


@pytest.mark.parametrize(("config", "edit"), [(CONFIG, _raise), (REFUSED, lambda groups, model: None)])
def test_if_only_one_refuses_they_differ(monkeypatch: pytest.MonkeyPatch, config: Any, edit: Edit) -> None:
    found = _verified(monkeypatch, edit, config)
    assert not found.agrees
    assert not found.differences


class _Grouping(nn.Linear):
    """torch takes groups from ``parameters()``; pgaudit takes tensors."""

    def parameters(self, recurse: bool = True) -> Any:
        return [{"params": list(super().parameters(recurse)), "lr": 0.5}]


class _Mapping(nn.Linear):
    """Neither torch nor pgaudit can list it."""

    def named_parameters(self, *args: Any, **kwargs: Any) -> Any:
        return dict(super().named_parameters(*args, **kwargs))


def test_torch_is_asked_where_pgaudit_refuses() -> None:
    config = load_config({"constructor": "torch", "optimizer": {"type": "SGD", "lr": 0.1}})
    verification = verify(_Grouping(2, 2), config)
    assert verification.ours_refused
    assert "yields a dict" in verification.ours_refused
    assert verification.theirs_refused is None
    assert not verification.agrees
    both = verify(_Mapping(2, 2), config)
    assert both.agrees
    assert both.theirs_refused == "ValueError: too many values to unpack (expected 2)"
    muon = verify(nn.Linear(2, 2), load_config({"optimizer": {"type": "Muon", "lr": 0.1}}))
    assert muon.agrees
    assert "Muon only supports 2D parameters" in str(muon.theirs_refused)


class _Beside(nn.Linear):
    """Its ``parameters()`` has a tensor that no module owns."""

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.extra = [nn.Parameter(torch.zeros(3))]

    def parameters(self, recurse: bool = True) -> Any:
        return [*super().parameters(recurse), *self.extra]


@pytest.mark.parametrize("constructor", ["torch", "timm"])
def test_a_tensor_that_no_module_owns_is_trained_by_those_who_ask_for_parameters(constructor: str) -> None:
    config = load_config({"constructor": constructor, "optimizer": {"type": "SGD", "lr": 0.1}})
    model = _Beside()
    assert verify(model, config).agrees
    rows = {row.name: row.group for row in pgaudit.audit(model, config).params}
    assert set(rows) == {"weight", "bias", "parameters()[2]"}
    assert (rows["parameters()[2]"] is None) == (constructor == "timm")


def _importing(name: str) -> Callable[[], Any]:
    def load() -> Any:
        raise ImportError(f"no {name}")

    return load


def test_a_library_that_is_not_installed() -> None:
    with pytest.raises(UsageError, match=r"nowhere is not installed \(pip install 'nowhere==1'\)"):
        Real(("nowhere",), "nowhere==1", _importing("nowhere")).builder()


def test_another_version_that_lacks_what_is_needed() -> None:
    with pytest.raises(UsageError, match=r"pytest \S+ is installed, and cannot be used: ImportError: no nowhere"):
        Real(("pytest",), "pytest<1", _importing("nowhere")).builder()


def test_a_library_that_fails_while_it_is_imported() -> None:
    def load() -> Any:
        raise RuntimeError("half installed")

    with pytest.raises(UsageError, match="cannot be imported: RuntimeError: half installed"):
        Real(("pytest",), "pytest", load).builder()


def test_there_is_nothing_to_ask_behind_basecls() -> None:
    with pytest.raises(UsageError, match="BaseCls runs on MegEngine"):
        verify(_model(), load_config({"solver": {}}))


INSTALLED = {
    "mmcv": ("mmcv1", "resnet18", "configs/resnet50_mmcv.yaml"),
    "mmengine": ("mmengine", "convnext_atto", "configs/convnext_mmengine.yaml"),
    "torch": (None, "resnet18", "configs/resnet50_torch.yaml"),
    "timm": (None, "vit_tiny_patch16_224", "configs/vit_timm.yaml"),
    "transformers": ("transformers", "swin_tiny_patch4_window7_224", "configs/swin_transformers.yaml"),
}
LAYERED = {
    "mmpretrain": "vit_mmpretrain_layer_decay",
    "mmdet": "convnext_mmdet_layer_decay",
    "mmseg": "convnext_mmseg_layer_decay",
    "mmseg, deprecated": "beit_mmseg_old_layer_decay",
    "mmpose": "vit_mmpose_layer_decay",
    "mmseg, forcing": "vit_mmseg_force_default",
}
DEFORMABLE = "configs/dcn_mmcv.yaml"
SCOPED = "resnet18 scoped.yaml"
OF_EACH: dict[str | None, list[str]] = {
    **{oracle: [f"{model} {config} --format json"] for oracle, model, config in INSTALLED.values()},
    None: [f"{model} {config} --format json" for oracle, model, config in INSTALLED.values() if oracle is None],
    "mmpretrain": [f"configs/{name}.yaml --format json" for key, name in LAYERED.items() if key != "mmseg, deprecated"],
}
"""What is asked in one process with each library installed. mmseg's deprecated constructor has the name of mmdet's, and
so it has a process of its own.
"""
OF_EACH["mmcv1"].append(DEFORMABLE)
OF_EACH["mmengine"].append(SCOPED)

Proofs = Callable[[str | None, str], Answer]


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> Proofs:
    """Returns what `pgaudit verify` answers where a library is installed."""
    folder = tmp_path_factory.mktemp("proofs")
    (folder / "configs").symlink_to(ROOT / "configs")
    scope = {"_scope_": "mmengine"}
    wrapper = {**scope, "optimizer": {"type": "SGD", "lr": 0.1, **scope}, "paramwise_cfg": {"bias_lr_mult": 2.0}}
    (folder / "scoped.yaml").write_text(json.dumps({"optim_wrapper": wrapper}), encoding="utf-8")

    @cache
    def together(oracle: str | None, *calls: str) -> dict[str, Answer]:
        found = answers([["verify", *call.split()] for call in calls], folder=folder, oracle=oracle)
        return dict(zip(calls, found, strict=True))

    def proof(oracle: str | None, call: str) -> Answer:
        calls = OF_EACH[oracle]
        return together(oracle, *(calls if call in calls else [call]))[call]

    return proof


def test_the_scope_of_an_inherited_section_is_no_argument_of_the_optimizer(proofs: Proofs) -> None:
    ran = proofs("mmengine", SCOPED)
    assert (ran.code, ran.err) == (0, "")
    assert "bit for bit" in ran.out


@pytest.mark.parametrize(("oracle", "model", "config"), INSTALLED.values(), ids=INSTALLED)
def test_the_proof_through_the_real_library(proofs: Proofs, oracle: str | None, model: str, config: str) -> None:
    done = proofs(oracle, f"{model} {config} --format json")
    assert done.code == 0, done.err
    data = json.loads(done.out)
    assert data["agrees"]
    assert data["differences"] == []
    assert f"{data['library']['name']} {data['library']['version']}" == data["library"]["reproduced"]
    assert data["model"]["parameters"] == len(list(_timm(model).parameters()))


@pytest.mark.parametrize("name", LAYERED.values(), ids=LAYERED)
def test_the_proof_of_layer_decay_on_an_examples_model(proofs: Proofs, name: str) -> None:
    done = proofs("mmpretrain", f"configs/{name}.yaml --format json")
    assert done.code == 0, done.err
    data = json.loads(done.out)
    assert (data["agrees"], data["differences"]) == (True, [])
    assert f"{data['library']['name']} {data['library']['version']}" == data["library"]["reproduced"]
    assert "paramwise_options" not in done.err


MISREAD = """
import sys
from dataclasses import replace
from torch import nn
from pgaudit.config import load_config
from pgaudit.verify.run import verify

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

read = load_config(sys.argv[1])
assert read.paramwise_cfg is None and [stray.option for stray in read.misplaced] == ["paramwise_cfg"]
misread = replace(read, paramwise_cfg={"custom_keys": {"fc": {"lr_mult": 10.0}}})
for config in (read, misread):
    found = verify(Net(), config)
    print(found.agrees, [(each.name, each.what, each.ours, each.theirs) for each in found.differences])
"""
UNREAD = {
    "mmengine": "default_scope: mmpretrain\noptim_wrapper: {type: AmpOptimWrapper, optimizer: {type: SGD, lr: 0.1}}\n",
    "mmcv1": "runner: {type: EpochBasedRunner}\noptimizer: {type: SGD, lr: 0.1}\n",
}


@pytest.mark.parametrize(("oracle", "text"), UNREAD.items())
def test_the_library_gets_what_training_hands_to_it_so_that_a_wrong_reading_is_seen(
    tmp_path: Path, oracle: str, text: str
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text + "paramwise_cfg: {custom_keys: {fc: {lr_mult: 10.0}}}\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / ".oracles" / oracle)])}
    command = [sys.executable, "-c", MISREAD, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    right, wrong = done.stdout.splitlines()
    assert right == "True []"
    assert wrong.startswith("False [('fc.weight', 'lr', 1.0, 0.1), ")


def _timm(name: str) -> nn.Module:
    import timm

    with torch.device("meta"):
        model: nn.Module = timm.create_model(name)
        return model


def test_without_its_ops_mmcv_cannot_say_anything_about_deformable_convolutions(proofs: Proofs) -> None:
    done = proofs("mmcv1", DEFORMABLE)
    assert done.code == 2
    assert "is a deformable convolution, and this mmcv has no compiled ops" in done.err


def test_what_a_person_reads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(json.dumps(CONFIG))

    def build(model: nn.Module, config: Any, kind: Any) -> torch.optim.Optimizer:
        return torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.5)

    monkeypatch.setitem(REAL, "mmcv", Real(("torch",), "torch", lambda: build))
    assert main(["verify", "resnet18", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "resnet18 · c.yaml · mmcv"
    assert lines[1].endswith("pgaudit reproduces mmcv 1.7.2")
    assert lines[3] == "✕ 61 of 62 tensors differ"  # the first is in group 0 on both sides
    assert any(line.split() == ["fc.bias", "lr", "0.2", "0.1"] for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resnet18"], "CONFIG is missing"),
        (["resnet18", "nowhere.yaml"], "no such config file"),
        (["resnte18", "configs/resnet50_mmcv.yaml"], "mmcv is not installed"),
        (["resnet18", "configs/resnet50_basecls.yaml"], "BaseCls runs on MegEngine"),
        (["resnet18", "configs/resnet50_mmcv.yaml", "--constructor", "mmvc"], 'did you mean "mmcv"'),
    ],
)
def test_mistakes_get_one_message(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(["verify", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert "Traceback" not in captured.err
