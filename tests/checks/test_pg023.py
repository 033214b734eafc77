from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
from timm.optim._optim_factory import create_optimizer_v2
from torch import nn

import pgaudit
from pgaudit.optimizers.muon import suits
from tests.checks.built_cases import BuiltCase, Made, check_cases
from tests.checks.cases import only


def _text_model(*, tied: bool = False) -> nn.ModuleDict:
    """An embedding, a hidden layer and a head."""
    model = nn.ModuleDict({"embed": nn.Embedding(8, 6), "fc1": nn.Linear(6, 6), "lm_head": nn.Linear(6, 8, bias=False)})
    if tied:
        model["lm_head"].weight = model["embed"].weight
    return model


def _split(model: nn.Module, choose: Callable[[str], bool] = lambda _: True) -> Made:
    """torch's Muon for the matrices that are chosen, AdamW for all else."""
    named = dict(model.named_parameters())
    muon = [p for name, p in named.items() if p.ndim == 2 and choose(name)]
    rest = [p for name, p in named.items() if p.ndim != 2 or not choose(name)]
    return model, [torch.optim.Muon(muon, lr=0.02), torch.optim.AdamW(rest, lr=1e-3)]


class MuonWithAuxAdam(torch.optim.SGD):
    """Reads ``use_muon`` of its groups, as KellerJordan/Muon's does (857d1ad)."""


class Muon(torch.optim.SGD):
    """Notes its choice in each tensor's state, as Moonlight's does (c2ad5b2, ``examples/toy_train.py``)."""


def _flagged(*, fixed: bool) -> Made:
    model = _text_model()
    hidden = [model["fc1"].weight, *([] if fixed else [model["lm_head"].weight])]
    others = [each for each in model.parameters() if all(each is not one for one in hidden)]
    return model, MuonWithAuxAdam(
        [{"params": hidden, "use_muon": True}, {"params": others, "use_muon": False}], lr=0.02
    )


def _noted() -> Made:
    model = _text_model()
    optimizer = Muon(model.parameters(), lr=0.02)
    for name, each in model.named_parameters():
        optimizer.state[each]["use_muon"] = each.ndim == 2 and "embed" not in name
    return model, optimizer


def _lora() -> Made:
    model = nn.ModuleDict({"q": nn.ModuleDict({"lora_A": nn.Linear(6, 2), "lora_B": nn.Linear(2, 6)})})
    return _split(model)


def _frozen() -> Made:
    model = _text_model()
    model["embed"].requires_grad_(False)
    return _split(model, lambda name: name != "lm_head.weight")


BUILT = {
    "all matrices": BuiltCase(
        lambda: _split(_text_model()),
        ("Muon takes 1 embedding and the head: embed.weight, lm_head.weight; it is made for hidden matrices",),
        "leave them to AdamW",
        ("embed.weight", "lm_head.weight"),
    ),
    "tied": BuiltCase(lambda: _split(_text_model(tied=True)), ("Muon takes 1 embedding: embed.weight",)),
    "a flag in the groups": BuiltCase(lambda: _flagged(fixed=False), ("Muon takes the head: lm_head.weight",)),
    "a choice in the state": BuiltCase(_noted, ("Muon takes the head: lm_head.weight",)),
    "LoRA": BuiltCase(_lora, ("Muon takes 2 LoRA matrices: q.lora_A.weight, q.lora_B.weight",)),
    "hidden ones alone": BuiltCase(lambda: _split(_text_model(), lambda name: name == "fc1.weight")),
    "a flag that is right": BuiltCase(lambda: _flagged(fixed=True)),
    "a head of two layers": BuiltCase(
        lambda: _split(nn.ModuleDict({"classifier": nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 8))})),
        ("Muon takes the head: classifier.2.weight",),
    ),
    "frozen": BuiltCase(_frozen),
    "no Muon": BuiltCase(lambda: (_text_model(), torch.optim.AdamW(_text_model().parameters()))),
}
test_built = check_cases("PG023", BUILT)

MODELS = {
    "resnet18": ["conv1.weight", "fc.weight"],
    "vit_tiny_patch16_224": ["patch_embed.proj.weight", "head.weight"],
    "convnext_atto": ["stem.0.weight", "head.fc.weight"],
    "regnety_002": ["stem.conv.weight", "head.fc.weight"],
    "vitamin_small_224": ["patch_embed.backbone.stem.conv1.weight", "head.weight"],  # a stem of 16 convolutions
    "coat_tiny": ["patch_embed1.proj.weight", "head.weight"],  # whose tokens stand before its stem
}


def _chosen(model: nn.Module) -> dict[str, bool]:
    """What timm's Muon itself chooses, at its first step."""
    optimizer = create_optimizer_v2(model, opt="muon", lr=1e-3, weight_decay=0.05)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    return {name: optimizer.state[each]["use_muon"] for name, each in model.named_parameters()}


@pytest.mark.parametrize("name", MODELS)
def test_what_timm_gives_to_muon(tmp_path: Path, name: str) -> None:
    """The policy, and the optimizer that timm builds of it, have one finding; with its hint they have none."""
    model = timm.create_model(name)
    chosen = _chosen(model)
    assert {key: suits(tuple(each.shape)) for key, each in model.named_parameters()} == chosen
    assert all(chosen[key] for key in MODELS[name])

    policy = tmp_path / "muon.yaml"
    text = "constructor: timm\noptimizer: {type: muon, lr: 1.0e-3, weight_decay: 0.05}\n"
    policy.write_text(text)
    finding = only(pgaudit.audit(name, policy), "PG023")
    assert list(finding.params) == MODELS[name]
    assert (finding.location and finding.location.line) == 2
    built = pgaudit.audit(model, create_optimizer_v2(model, opt="muon", lr=1e-3, weight_decay=0.05))
    assert only(built, "PG023").params == finding.params

    policy.write_text(f"{text}paramwise_cfg:\n  {finding.hint}\n")
    assert not [each for each in pgaudit.audit(name, policy).findings if each.code == "PG023"]


def test_tables_are_one_glob(tmp_path: Path) -> None:
    """Of Swin-T's twelve bias tables, timm's Muon takes ten."""
    policy = tmp_path / "muon.yaml"
    policy.write_text("constructor: timm\noptimizer: {type: muon, lr: 1.0e-3}\n")
    finding = only(pgaudit.audit("swin_tiny_patch4_window7_224", policy), "PG023")
    assert "Muon takes the stem, 10 bias tables and the head" in finding.message
    assert finding.hint == 'fallback_list: [patch_embed.proj.weight, head.fc.weight, "*.relative_position_bias_table"]'
