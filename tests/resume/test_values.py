"""Which values of groups a checkpoint replaces, and which a schedule or the optimizer itself has changed."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.optim.lookahead import Lookahead
from torch import nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict

from tests.budget import examples
from tests.resume.runs import load, module, resumed, saved, stepped

SHAPES: dict[str, tuple[int, ...]] = {"a": (2, 3), "b": (2,)}


def _cycled(kind: str, momentum: float, second: float, cycle: dict[str, Any], model: nn.Module) -> tuple[Any, Any]:
    groups = [{"params": [(name, param)]} for name, param in model.named_parameters()]
    optimizer: torch.optim.Optimizer
    if kind == "SGD":
        optimizer = torch.optim.SGD(groups, lr=0.1, momentum=momentum)
    else:
        optimizer = torch.optim.AdamW(groups, lr=0.1, betas=(momentum, second))
    limits = {"base_momentum": cycle["limits"][0], "max_momentum": cycle["limits"][1]}
    if cycle["class"] == "OneCycleLR":
        return optimizer, torch.optim.lr_scheduler.OneCycleLR(
            optimizer, cycle["max_lr"], total_steps=12, cycle_momentum=cycle["momentum"], **limits
        )
    return optimizer, torch.optim.lr_scheduler.CyclicLR(
        optimizer, 0.01, cycle["max_lr"], step_size_up=4, cycle_momentum=cycle["momentum"], **limits
    )


def _cycle(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    return {
        "class": kind,
        "max_lr": [draw(st.sampled_from([0.1, 0.2])) for _ in SHAPES],
        "momentum": draw(st.integers(0, 3)) > 0,
        "limits": draw(st.sampled_from([(0.85, 0.95), (0.8, 0.95), (0.85, 0.9)])),
    }


_Side = tuple[str, float, float, dict[str, Any]]


@st.composite
def cycles(draw: st.DrawFn) -> tuple[_Side, _Side, int]:
    """Two optimizers of one class, each with its cycle; how many steps the first has made."""
    kind, cycle = draw(st.sampled_from(["SGD", "AdamW"])), draw(st.sampled_from(["OneCycleLR", "CyclicLR"]))
    momenta, seconds = st.sampled_from([0.9, 0.5]), st.sampled_from([0.999, 0.95])
    sides: list[_Side] = [(kind, draw(momenta), draw(seconds), _cycle(draw, cycle)) for _ in range(2)]
    if draw(st.booleans()):
        sides[1] = sides[0]
    return sides[0], sides[1], draw(st.integers(1, 8))


def _values(optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
    return [
        {key: group[key] for key in group if key not in ("params", "param_names")} for group in optimizer.param_groups
    ]


@given(run=cycles())
@settings(max_examples=examples(300))
def test_a_random_cycle_goes_on_as_the_source_would_have_run(run: tuple[_Side, _Side, int]) -> None:
    """The oracle: the source, run from its begin; and resumed, with the cycle's own state as it is. What differs at any
    later step is told, and nothing else: of momenta the key that the source was given.
    """
    before, after, steps = run
    model = module(SHAPES)
    old, old_schedule = _cycled(*before, model)
    fresh, fresh_schedule = _cycled(*after, model)
    new, new_schedule = _cycled(*after, model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(steps):
            stepped(old)
            old_schedule.step()
            stepped(fresh)
            fresh_schedule.step()
        with tempfile.TemporaryDirectory() as folder:
            path = saved(Path(folder) / "last.pt", old)
            found = resumed(path, model, new, new_schedule)
            load(path, new)
    told = {(each.param, each.key) for each in found.overrides}
    names = list(SHAPES)
    truth = set()
    for name, one, other in zip(names, _values(fresh), _values(new), strict=True):
        cyclic = "max_momentum" in one and "max_momentum" in other
        for key in one:
            moved = key == "lr" or (
                cyclic and key in ("momentum", "betas") and not ("betas" in one and key == "momentum")
            )
            if key == "betas" and moved and one[key][1:] != other[key][1:]:
                truth.add((name, key))
            if key == "initial_lr":
                truth |= {(name, "lr")} if one[key] != other[key] else set()
            elif key in ("max_lr", "min_lr", "base_momentum", "max_momentum"):
                truth |= {(name, key)} if key in other and one[key] != other[key] else set()
            elif not moved and one[key] != other.get(key):
                truth.add((name, key))
    if before == after:
        assert truth == set()
        assert _values(fresh) == _values(new)
    momenta = {"momentum", "betas"}
    assert {each for each in told if each[1] not in momenta} == {each for each in truth if each[1] not in momenta}
    cyclic = before[3]["momentum"] is after[3]["momentum"]
    if cyclic:  # else the source's group begins where its own cycle does
        assert told == truth


def test_a_momentum_outside_of_the_cycle(tmp_path: Path) -> None:
    model = module(SHAPES)
    old, schedule = _cycled(
        "SGD", 0.9, 0.0, {"class": "OneCycleLR", "max_lr": 0.1, "momentum": True, "limits": (0.85, 0.95)}, model
    )
    for _ in range(3):
        stepped(old)
        schedule.step()
    path = saved(tmp_path / "last.pt", old)
    for momentum, keys in ((0.9, {"lr"}), (0.5, {"lr", "momentum"})):
        found = resumed(path, model, torch.optim.SGD(model.named_parameters(), lr=0.1, momentum=momentum))
        assert found.verdict == "refused"  # it has one group
        groups = [{"params": [each]} for each in model.named_parameters()]
        found = resumed(path, model, torch.optim.SGD(groups, lr=0.1, momentum=momentum))
        assert {each.key for each in found.overrides} == keys


def test_what_a_class_writes_is_of_one_group(tmp_path: Path) -> None:
    """The first group lacks a key, which the class fills in; the second has it."""
    model = module(SHAPES)
    make = [{"params": [each]} for each in model.named_parameters()]
    old = torch.optim.SGD(make, lr=0.1, momentum=0.9)
    stepped(old)
    state = old.state_dict()
    del state["param_groups"][0]["nesterov"]
    state["param_groups"][1]["nesterov"] = True
    torch.save({"optimizer": state}, tmp_path / "last.pt")
    new = torch.optim.SGD(
        [{"params": [each]} for each in model.named_parameters()], lr=0.1, momentum=0.9, nesterov=True
    )
    found = resumed(tmp_path / "last.pt", model, new)
    load(tmp_path / "last.pt", new)
    assert [group["nesterov"] for group in new.param_groups] == [False, True]
    assert [(each.param, each.key) for each in found.overrides] == [("a", "nesterov")]


def test_what_an_optimizer_counts_in_its_groups_goes_on(tmp_path: Path) -> None:
    model = module(SHAPES)
    old = Lookahead(torch.optim.AdamW(model.named_parameters(), lr=0.1))
    for _ in range(7):
        stepped(old)
    path = saved(tmp_path / "last.pt", old)
    new = Lookahead(torch.optim.AdamW(model.named_parameters(), lr=0.1), alpha=0.8)
    found = resumed(path, model, new)
    load(path, new)
    assert (new.param_groups[0]["lookahead_step"], new.param_groups[0]["lookahead_alpha"]) == (7, 0.5)
    assert {(each.key, each.source, each.checkpoint) for each in found.overrides} == {("lookahead_alpha", 0.8, 0.5)}
    assert "the optimizer itself counts in its groups, and goes on with the checkpoint's lookahead_step" in found.notes


@pytest.mark.parametrize("flat", [False, True])
def test_nothing_is_said_of_groups_that_are_cut_in_another_way(flat: bool, tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2), nn.Linear(2, 1))
    parts = [{"params": list(each.parameters()), "lr": place} for place, each in enumerate(model, 1)]
    old = torch.optim.AdamW(parts)
    stepped(old)
    state = get_optimizer_state_dict(model, old, options=StateDictOptions(flatten_optimizer_state_dict=flat))
    torch.save({"optimizer": state}, tmp_path / "last.pt")
    joined = [{"params": [*model[0].parameters(), *model[1].parameters()]}, {"params": list(model[2].parameters())}]
    found = resumed(tmp_path / "last.pt", model, torch.optim.AdamW(joined, lr=0.5))
    assert {(each.param, each.key, each.checkpoint) for each in found.overrides} == {
        (name, "lr", 3) for name in ("2.weight", "2.bias")
    }
    assert not found.proved
    assert any("their values were not compared" in note for note in found.notes)


def test_an_lr_that_nothing_goes_on_with_is_noted(tmp_path: Path) -> None:
    model = module(SHAPES)
    old = torch.optim.SGD(model.named_parameters(), lr=0.5)
    schedule = torch.optim.lr_scheduler.StepLR(old, 1, 0.5)
    for _ in range(2):
        stepped(old)
        schedule.step()
    path = saved(tmp_path / "last.pt", old, scheduler=schedule.state_dict())
    new = torch.optim.SGD(model.named_parameters(), lr=0.5)
    note = "the lr goes on at 0.125 (begun at 0.5), as the checkpoint's schedule has left it, and the source has no "
    assert any(each.startswith(note) for each in resumed(path, model, new).notes)
    begun = torch.optim.lr_scheduler.StepLR(new, 1, 0.5)
    assert not any(each.startswith(note) for each in resumed(path, model, new, begun).notes)


@pytest.mark.parametrize(("lr", "verdict"), [(0.1, "ok"), (0.3, "overrides"), (1e-9, "overrides")])
def test_a_plateau_under_way(lr: float, verdict: str, tmp_path: Path) -> None:
    """torch's class writes no initial_lr: whether it leads from the one lr to the other, it says itself."""
    model = module(SHAPES)
    old = torch.optim.SGD(model.named_parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(old, factor=0.3, patience=1)
    for _ in range(9):
        stepped(old)
        schedule.step(1.0)
    assert old.param_groups[0]["lr"] < 0.01
    path = saved(tmp_path / "last.pt", old, scheduler=schedule.state_dict())
    new = torch.optim.SGD(model.named_parameters(), lr=lr)
    begun = torch.optim.lr_scheduler.ReduceLROnPlateau(new, factor=0.3, patience=1)
    assert resumed(path, model, new, begun).verdict == verdict
    assert resumed(path, model, torch.optim.SGD(model.named_parameters(), lr=lr)).verdict == verdict


def test_what_is_not_read_is_noted(tmp_path: Path) -> None:
    model = module(SHAPES)

    def made() -> torch.optim.Optimizer:
        return torch.optim.SGD(
            [{"params": [*model.named_parameters()], "mask": torch.arange(3), "of": (torch.device("cpu"),)}]
        )

    path = saved(tmp_path / "last.pt", made())
    found = resumed(path, model, made())
    assert found.verdict == "ok"
    assert "not compared: mask, as <tensor of shape 3> of the checkpoint is not read" in found.notes
    assert "not compared: of, as objects in it of the checkpoint is not read" in found.notes
