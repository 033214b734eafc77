"""From what was built to a policy: proved by hand here, and refused where no policy says it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.optim.muon import Muon
from torch import nn
from torch.optim.lr_scheduler import CyclicLR, LinearLR, OneCycleLR

import pgaudit
from pgaudit.built import audit_objects
from pgaudit.convert import TARGETS, convert_built
from tests.budget import examples
from tests.parity.random_models import trees
from tests.parity.trees import Spec, build

Made = tuple[nn.Module, Any]


def _model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def _heads(faster: nn.Module, other: nn.Module) -> list[dict[str, Any]]:
    return [{"params": faster.parameters(), "lr": 1.0}, {"params": other.parameters()}]


def _text(made: Made, to: str = "rules", **options: Any) -> str:
    return convert_built(audit_objects(*made), to, **options).text


def _held(optimizer: torch.optim.Optimizer) -> dict[int, tuple[Any, ...]]:
    return {
        id(tensor): (group["lr"], group["weight_decay"], *group["betas"], group["eps"])
        for group in optimizer.param_groups
        for tensor in group["params"]
    }


@st.composite
def _optimizers(draw: st.DrawFn) -> tuple[Spec, list[int], list[dict[str, Any]], dict[str, Any]]:
    spec = draw(trees())
    count = len(list(build(spec).parameters()))
    groups = draw(st.integers(1, 3))
    numbers = st.sampled_from([1e-3, 1e-4, 0.05, 0.0, 0.3])
    settings_of = [
        {"lr": draw(numbers), "weight_decay": draw(numbers), "name": str(index)}
        | ({"betas": (0.8, 0.9)} if draw(st.booleans()) else {})
        for index in range(groups)
    ]
    where = [draw(st.integers(-1, groups - 1)) for _ in range(count)]
    return spec, where, settings_of, {"lr": draw(numbers), "weight_decay": draw(numbers)}


@settings(max_examples=examples(150))
@given(_optimizers())
def test_the_policy_builds_the_same_optimizer_random(
    case: tuple[Spec, list[int], list[dict[str, Any]], dict[str, Any]],
) -> None:
    """What is written as rules builds an optimizer in which each tensor has what it had in the first one."""
    spec, where, groups, arguments = case
    model = build(spec)
    members: list[list[nn.Parameter]] = [[] for _ in groups]
    for tensor, at in zip(model.parameters(), where, strict=True):
        if at >= 0 and tensor.requires_grad:
            members[at].append(tensor)
    if not any(members):
        return
    made = [{"params": held, **group} for held, group in zip(members, groups, strict=True) if held]
    optimizer = torch.optim.AdamW(made, **arguments)
    again = pgaudit.build_optimizer(model, yaml.safe_load(_text((model, optimizer))))
    assert type(again) is torch.optim.AdamW
    assert _held(again) == _held(optimizer)


def _split(model: nn.Sequential, **arguments: Any) -> torch.optim.Optimizer:
    decayed = [each for each in model.parameters() if each.ndim > 1]
    others = [each for each in model.parameters() if each.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": 0.05, "name": "a"},
        {"params": others, "weight_decay": 0.0, "name": "b"},
    ]
    return torch.optim.AdamW(groups, **arguments)


def _chosen(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, bool]:
    """What timm's Muon notes of each tensor at its first step."""
    for tensor in model.parameters():
        tensor.grad = torch.zeros_like(tensor)
    optimizer.step()
    return {name: optimizer.state[tensor]["use_muon"] for name, tensor in model.named_parameters()}


@pytest.mark.parametrize("given", [{}, {"use_fallback": True}, {"use_muon": False}])
@pytest.mark.parametrize("to", ["rules", "python", "mmengine"])
def test_what_an_optimizer_decides_by_tensor_stays_as_it_is(to: str, given: dict[str, bool]) -> None:
    def made() -> nn.Module:
        return nn.Sequential(nn.Conv2d(4, 8, 2), nn.Flatten(), nn.Linear(8, 8), nn.LayerNorm(8))

    model = made()
    split = [[each for each in model.parameters() if (each.ndim == 4) == stem] for stem in (True, False)]
    groups: list[dict[str, Any]] = [{"params": split[0], **given}, {"params": split[1]}]
    optimizer = Muon(groups, lr=0.02)
    text, again = _text((model, optimizer), to), made()
    if to == "python":
        namespace: dict[str, Any] = {}
        exec(text, namespace)
        built = namespace["build_optimizer"](again)
    else:
        built = pgaudit.build_optimizer(again, yaml.safe_load(text))
    truth = _chosen(model, optimizer)
    assert set(truth.values()) == {True, False}
    assert _chosen(again, built) == truth


@pytest.mark.parametrize("to", TARGETS)
def test_every_target(to: str) -> None:
    """The base is what most elements have, though the optimizer's own was another."""
    model = _model()
    written = convert_built(audit_objects(model, _split(model, lr=1e-3, betas=(0.9, 0.95))), to)
    assert "0.05" in written.text
    assert "0.01" not in written.text
    assert re.match(r"# A policy \(as built\), for .*: written by pgaudit\.\n", written.text)
    assert any(note.endswith("nor a scheduler reads it: name") for note in written.notes)


def test_the_shortest_words() -> None:
    model = _model()
    config = yaml.safe_load(_text((model, _split(model, lr=1e-3))))
    assert config == {
        "constructor": "rules",
        "optimizer": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05},
        "paramwise_cfg": {"rules": [{"match": {"ndim": 1}, "weight_decay": 0}]},
    }


def test_the_lr_is_that_from_which_a_schedule_begins() -> None:
    model = _model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    written = convert_built(audit_objects(model, optimizer, LinearLR(optimizer, 0.01)), "rules")
    assert yaml.safe_load(written.text)["optimizer"]["lr"] == 0.5
    assert any("initial_lr" in note for note in written.notes)


def test_names_are_those_of_the_model_inside_of_its_wrappers() -> None:
    model = _model()
    optimizer = torch.optim.SGD(_heads(model[2], model[0]), 0.1)
    text = _text((nn.DataParallel(model), optimizer))
    assert "module." not in text
    assert '"2.*"' in text


class Mine(torch.optim.SGD):
    """A class of one's own."""


def test_a_class_of_ones_own_is_named_so_that_it_is_found() -> None:
    model = _model()
    text = _text((model, Mine(model.parameters(), 0.1)))
    assert yaml.safe_load(text)["optimizer"]["type"] == f"{__name__}:Mine"


def _two(model: nn.Sequential) -> Any:
    return [torch.optim.SGD(model[0].parameters(), 0.1), torch.optim.SGD(model[2].parameters(), 0.1)]


def _beside(model: nn.Sequential) -> Any:
    return torch.optim.SGD([*model.parameters(), nn.Parameter(torch.ones(3))], 0.1)


def _twice(model: nn.Sequential) -> Any:
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    optimizer.param_groups.append({**optimizer.param_groups[0], "params": [model[0].weight]})
    return optimizer


def _hidden(model: nn.Sequential) -> Any:
    class Inside(torch.optim.SGD):
        pass

    return Inside(model.parameters(), 0.1)


def _changed(model: nn.Sequential) -> Any:
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    optimizer.defaults["momentum"] = 0.9
    optimizer.param_groups[0]["momentum"] = 0.9
    return optimizer


def _undecided(model: nn.Sequential) -> Any:
    optimizer = _split(model)
    optimizer.param_groups[1]["weight_decay"] = None
    return optimizer


def _around(model: nn.Sequential) -> Any:
    from timm.optim.lookahead import Lookahead

    return Lookahead(torch.optim.SGD(model.parameters(), 0.1))


REFUSED: dict[str, tuple[Callable[[nn.Sequential], Any], str]] = {
    "several": (_two, "holds 2 optimizers, and a policy is about one"),
    "no tensor of the model": (_beside, r"1 tensor in the optimizer are none: group 0 \[6\]"),
    "in two groups": (_twice, r"no policy puts a parameter into the optimizer twice, as here: 0\.weight"),
    "no weight decay": (_undecided, "the weight decay is no number, and no policy can say it: "),
    "a class without a name": (_hidden, "has no name by which it can be imported"),
    "a wrapper that trains otherwise": (_around, "Lookahead around an optimizer cannot be written elsewhere"),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_what_no_policy_says_is_refused(make: Callable[[nn.Sequential], Any], words: str) -> None:
    model = _model()
    with pytest.raises(pgaudit.PgauditError, match=words):
        _text((model, make(model)))


def test_what_was_changed_after_it_was_built_is_what_is_written() -> None:
    model = _model()
    assert yaml.safe_load(_text((model, _changed(model))))["optimizer"]["momentum"] == 0.9


def test_without_a_model_nothing_is_guessed() -> None:
    model = _model()
    with pytest.raises(pgaudit.UsageError, match="holds none"):
        convert_built(audit_objects(None, torch.optim.SGD(model.named_parameters(), 0.1)), "rules")


@pytest.fixture
def stored(tmp_path: Path) -> str:
    model = _model()
    optimizer = _split(model, lr=1e-3, betas=(0.9, 0.95))
    for each in model.parameters():
        each.grad = torch.zeros_like(each)
    optimizer.step()
    torch.save({"optimizer": optimizer.state_dict()}, tmp_path / "run.pt")
    return str(tmp_path / "run.pt")


def test_a_checkpoint_with_its_class(stored: str) -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    report = pgaudit.audit(model, stored)
    if report.as_built is None or report.as_built.inventory is None:
        pytest.fail("the shapes prove the names")
    live = _text((model, _split(model, lr=1e-3, betas=(0.9, 0.95))))
    assert yaml.safe_load(convert_built(report, "rules", optimizer="AdamW").text) == yaml.safe_load(live)


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [(None, "does not say the class"), ("SGD", "hold no momentum, and SGD would fill in 0"), ("AdamX", "no optimizer")],
)
def test_another_class_than_that_of_the_file_is_refused(stored: str, optimizer: str | None, words: str) -> None:
    with pytest.raises(pgaudit.PgauditError, match=words):
        convert_built(pgaudit.audit(_model(), stored), "rules", optimizer=optimizer)


def test_names_that_nothing_proves_are_refused(tmp_path: Path) -> None:
    """Two layers of one shape in two groups: either may be the first."""
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    optimizer = torch.optim.SGD(_heads(model[0], model[1]), 0.1)
    torch.save(optimizer.state_dict(), tmp_path / "run.pt")
    with pytest.raises(pgaudit.ConfigError, match="nothing proves which parameters"):
        convert_built(pgaudit.audit(model, str(tmp_path / "run.pt")), "rules", optimizer="SGD")


def _one_cycle(optimizer: torch.optim.Optimizer) -> Any:
    return OneCycleLR(optimizer, [0.1, 0.2], total_steps=10)


def _cyclic(optimizer: torch.optim.Optimizer) -> Any:
    return CyclicLR(optimizer, [0.01, 0.02], 0.2, step_size_up=4)


KINDS: dict[str, dict[str, Any]] = {"SGD": {"momentum": 0.9, "nesterov": True}, "AdamW": {"betas": (0.9, 0.99)}}


@pytest.mark.parametrize("stored", [False, True], ids=["code", "checkpoint"])
@pytest.mark.parametrize("schedule", [_one_cycle, _cyclic])
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_under_way_is_converted_as_it_began(
    kind: str, schedule: Callable[[Any], Any], stored: bool, tmp_path: Path
) -> None:
    """All that the schedule moves is what it was at the start, the momentum and the first beta, too."""
    model = _model()
    heads: list[dict[str, Any]] = [{"params": model[0].parameters()}, {"params": model[1:].parameters()}]
    optimizer = getattr(torch.optim, kind)(heads, lr=0.1, **KINDS[kind])
    its = schedule(optimizer)
    moved = ("lr", "momentum", "betas")
    began = [{key: group[key] for key in moved if key in group} for group in optimizer.param_groups]
    for tensor in model.parameters():
        tensor.grad = torch.zeros_like(tensor)
    for _ in range(3):
        optimizer.step()
        its.step()
    assert all(group["lr"] != each["lr"] for group, each in zip(optimizer.param_groups, began, strict=True))
    made: Any = audit_objects(model, optimizer, its)
    if stored:
        names = {id(tensor): name for name, tensor in model.named_parameters()}
        for group in optimizer.param_groups:
            group["param_names"] = [names[id(tensor)] for tensor in group["params"]]
        torch.save(optimizer.state_dict(), tmp_path / "run.pt")
        made = pgaudit.audit(model, str(tmp_path / "run.pt"))
    written = convert_built(made, "rules", optimizer=kind if stored else None)
    again = pgaudit.build_optimizer(model, yaml.safe_load(written.text))
    held = {id(tensor): group for group in again.param_groups for tensor in group["params"]}
    for group, start in zip(optimizer.param_groups, began, strict=True):
        for tensor in group["params"]:
            found = {key: held[id(tensor)][key] for key in start}
            assert found == {**start, "lr": pytest.approx(start["lr"], rel=1e-12)}  # which it computes, and rounds
    assert not any("limit" in note or "neither" in note for note in written.notes)
    assert any("the momentum its max_momentum" in note for note in written.notes)
