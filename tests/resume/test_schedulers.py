"""What schedulers go on from, held against what torch's do once they are loaded."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
import torch

from pgaudit.core.plain import plain
from tests.resume.runs import load, module, resumed, saved, stepped


def test_the_lr_that_a_schedule_goes_on_with(tmp_path: Path) -> None:
    model = module({"a": (2, 3)})
    old = torch.optim.SGD(model.named_parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(old, lambda epoch: 0.5**epoch)
    for _ in range(3):
        stepped(old)
        schedule.step()
    path = saved(tmp_path / "last.pt", old, scheduler=schedule.state_dict())
    new = torch.optim.SGD(model.named_parameters(), lr=0.02)
    begun = torch.optim.lr_scheduler.LambdaLR(new, lambda epoch: 0.5**epoch)
    found = resumed(path, model, new, begun)
    assert found.verdict == "overrides"
    assert [(each.key, each.source, each.checkpoint) for each in found.overrides] == [("lr", 0.02, 0.1)]
    assert "scheduler goes on from last_epoch 3 with base_lrs 0.1; those of the source would be 0.02" in found.notes
    load(path, new)
    begun.load_state_dict(torch.load(path, weights_only=True)["scheduler"])
    assert (begun.last_epoch, begun.base_lrs) == (3, [0.1])
    stepped(new)
    begun.step()
    assert new.param_groups[0]["lr"] == pytest.approx(0.1 * 0.5**4)


Scheduler = torch.optim.lr_scheduler.LRScheduler
SCHEDULES: dict[str, Callable[[torch.optim.Optimizer], Scheduler]] = {
    "LambdaLR": lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.9**epoch),
    "StepLR": lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5),
    "ExponentialLR": lambda optimizer: torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9),
    "CosineAnnealingLR": lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10),
    "LinearLR": lambda optimizer: torch.optim.lr_scheduler.LinearLR(optimizer, 0.5),
    "MultiStepLR": lambda optimizer: torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 4]),
    "PolynomialLR": lambda optimizer: torch.optim.lr_scheduler.PolynomialLR(optimizer, 9),
    "CosineAnnealingWarmRestarts": lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 5),
}


@pytest.mark.parametrize("kind", SCHEDULES)
def test_a_schedule_for_another_number_of_groups(kind: str, tmp_path: Path) -> None:
    """A class that computes each lr from the last one goes on; one that computes them from base_lrs raises."""
    model = module({"a": (2, 3), "b": (2,)})
    old = torch.optim.SGD([{"params": [each]} for each in model.parameters()], lr=0.1)
    schedule = SCHEDULES[kind](old)
    new = torch.optim.SGD(model.parameters(), lr=0.1)
    path = saved(tmp_path / "last.pt", new, scheduler=schedule.state_dict())
    note = "scheduler has base_lrs for 2 groups, of 1"
    found = resumed(path, model, new)  # nothing says of which class the schedule is
    assert found.verdict == "ok"
    assert any(each.startswith(note) for each in found.notes)
    begun = SCHEDULES[kind](new)
    found = resumed(path, model, new, begun)
    begun.load_state_dict(torch.load(path, weights_only=True)["scheduler"])
    stepped(new)
    try:
        begun.step()
    except ValueError:
        assert [each.message for each in found.mismatches] == [f"{note}: {kind} raises ValueError at its next step"]
    else:
        assert (found.mismatches, [each for each in found.notes if note in each]) == ((), [])


@pytest.mark.parametrize("kind", ["StepLR", "ExponentialLR", "MultiStepLR"])
def test_a_group_that_was_added_after_the_schedule(kind: str, tmp_path: Path) -> None:
    """The schedule knows one base lr, in the run as in the source: it goes on, and replaces nothing."""

    def run(steps: int) -> tuple[torch.nn.Module, torch.optim.Optimizer, Scheduler]:
        model = module({"a": (2, 3), "b": (2,)})
        a, b = model.parameters()
        optimizer = torch.optim.SGD([a], lr=0.1, momentum=0.9)
        schedule = SCHEDULES[kind](optimizer)
        optimizer.add_param_group({"params": [b], "lr": 0.01})
        for _ in range(steps):
            stepped(optimizer)
            schedule.step()
        return model, optimizer, schedule

    _, old, schedule = run(3)
    path = saved(tmp_path / "last.pt", old, scheduler=schedule.state_dict())
    found = resumed(path, *run(0))
    assert (found.verdict, found.mismatches, found.overrides) == ("ok", (), ())
    _, longer, _ = run(6)
    _, new, begun = run(0)
    load(path, new)
    begun.load_state_dict(torch.load(path, weights_only=True)["scheduler"])
    for _ in range(3):
        stepped(new)
        begun.step()
    assert [group["lr"] for group in new.param_groups] == [group["lr"] for group in longer.param_groups]


@pytest.mark.parametrize("scheduled", [True, False])
def test_base_lrs_are_spoken_of_where_there_is_a_schedule(tmp_path: Path, *, scheduled: bool) -> None:
    model = module({"a": (2, 3)})
    before, after = (torch.optim.SGD(model.parameters(), lr=lr) for lr in (0.1, 0.02))
    states = [torch.optim.lr_scheduler.ExponentialLR(before, 0.9).state_dict()] if scheduled else []
    found = resumed(saved(tmp_path / "last.pt", before, **({"scheduler": states[0]} if states else {})), model, after)
    assert found.verdict == "overrides"
    assert ("base_lrs" in found.advice) == scheduled


def test_what_a_cycle_changes_is_under_way(tmp_path: Path) -> None:
    model = module({"a": (2, 3)})
    old = torch.optim.SGD(model.named_parameters(), lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.OneCycleLR(old, max_lr=0.1, total_steps=10)
    stepped(old)
    schedule.step()
    path = saved(tmp_path / "last.pt", old, scheduler=schedule.state_dict())
    new = torch.optim.SGD(model.named_parameters(), lr=0.1, momentum=0.9)
    begun = torch.optim.lr_scheduler.OneCycleLR(new, max_lr=0.1, total_steps=10)
    assert resumed(path, model, new, begun).verdict == "ok"


def test_a_source_with_more_schedulers_than_the_checkpoint(tmp_path: Path) -> None:
    model = module({"a": (2, 3)})
    new = torch.optim.SGD(model.named_parameters(), lr=0.1)
    path = saved(tmp_path / "last.pt", new)
    begun = torch.optim.lr_scheduler.StepLR(new, 3)
    assert "the source has 1 scheduler, and the checkpoint the state of none" in resumed(path, model, new, begun).notes


@pytest.mark.parametrize(("wrote", "reads"), list(product(SCHEDULES, SCHEDULES)))
def test_torch_says_what_a_schedule_makes_of_anothers_state(wrote: str, reads: str, tmp_path: Path) -> None:
    model = module({"a": (2, 3), "b": (2,)})
    old = torch.optim.SGD(model.named_parameters(), lr=0.1)
    path = saved(tmp_path / "last.pt", old, scheduler=SCHEDULES[wrote](old).state_dict())
    new = torch.optim.SGD(model.named_parameters(), lr=0.1)
    begun = SCHEDULES[reads](new)
    found = resumed(path, model, new, begun)
    load(path, new)
    try:
        begun.load_state_dict(torch.load(path, weights_only=True)["scheduler"])
    except KeyError as error:
        told = f"load_state_dict of {reads} raises KeyError: {error}: another scheduler wrote scheduler"
        assert (found.verdict, [each.message for each in found.mismatches]) == ("refused", [told])
        return
    stepped(new)
    begun.step()
    fresh = SCHEDULES[reads](torch.optim.SGD(model.named_parameters(), lr=0.1))
    truth = {
        f"{reads}.{key}": (plain(value), plain(begun.state_dict()[key]))
        for key, value in fresh.state_dict().items()
        if not key.startswith("_") and key not in ("last_epoch", "T_cur") and value != begun.state_dict()[key]
    }
    assert {each.key: (plain(each.source), plain(each.checkpoint)) for each in found.overrides} == truth
    assert found.verdict == ("overrides" if truth else "ok")


def test_a_run_that_is_made_longer_goes_on_with_the_old_length(tmp_path: Path) -> None:
    def schedule(optimizer: torch.optim.Optimizer, turn: int, steps: int) -> Scheduler:
        warm_up = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=turn)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        return torch.optim.lr_scheduler.SequentialLR(optimizer, [warm_up, cosine], [turn])

    model = module({"a": (2, 3)})
    old = torch.optim.SGD(model.named_parameters(), lr=0.1)
    begun = schedule(old, 2, 100)
    stepped(old)
    begun.step()
    path = saved(tmp_path / "last.pt", old, scheduler=begun.state_dict())
    new = torch.optim.SGD(model.named_parameters(), lr=0.1)
    longer = schedule(new, 3, 200)
    found = resumed(path, model, new, longer)
    assert found.verdict == "overrides"
    assert [(each.param, each.key, each.source, each.checkpoint) for each in found.overrides] == [
        ("a", "SequentialLR.milestones", [3], [2]),
        ("a", "LinearLR.total_iters", 3, 2),
        ("a", "CosineAnnealingLR.T_max", 200, 100),
    ]
    assert found.advice.startswith("To train with the new values, write them into the scheduler after load_state_dict")
    longer.load_state_dict(torch.load(path, weights_only=True)["scheduler"])
    held = longer.state_dict()
    assert (held["_milestones"], [each.get("T_max") for each in held["_schedulers"]]) == ([2], [None, 100])


WRITES: dict[str, Callable[[torch.optim.Optimizer], Scheduler]] = {
    "OneCycleLR": lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, 20, div_factor=1),
    "CyclicLR": lambda optimizer: torch.optim.lr_scheduler.CyclicLR(optimizer, 0.1, 0.2),
    "SWALR": lambda optimizer: torch.optim.swa_utils.SWALR(optimizer, 0.05),
}


@pytest.mark.parametrize("kind", [*SCHEDULES, *WRITES])
@pytest.mark.parametrize("scheduled", [False, True])
def test_a_schedule_over_groups_that_a_run_without_it_has_saved(kind: str, scheduled: bool, tmp_path: Path) -> None:
    """The keys that a class has written into the groups are gone once they are replaced."""
    make = (SCHEDULES | WRITES)[kind]
    model = module({"a": (2, 3), "b": (2,)})
    old = torch.optim.SGD(model.named_parameters(), lr=0.1, momentum=0.9)
    if scheduled:
        make(old)
    stepped(old)
    path = saved(tmp_path / "last.pt", old)
    new = torch.optim.SGD(model.named_parameters(), lr=0.1, momentum=0.9)
    begun = make(new)
    found = resumed(path, model, new, begun)
    load(path, new)
    stepped(new)
    try:
        begun.step()
    except KeyError as error:
        assert found.verdict == "mismatch"
        assert [each.message.split(": the")[0] for each in found.mismatches] == [
            f"{kind} raises KeyError: {error} at its next step"
        ]
        assert not scheduled
    else:
        assert found.mismatches == ()


def test_a_run_that_has_ended_goes_no_further_with_its_schedule(tmp_path: Path) -> None:
    """The length that the checkpoint brings is the old one."""
    model = module({"a": (2, 3)})
    old = torch.optim.SGD(model.named_parameters(), lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.OneCycleLR(old, 0.1, 3)
    for _ in range(3):
        stepped(old)
        schedule.step()
    path = saved(tmp_path / "last.pt", old, scheduler=schedule.state_dict())
    new = torch.optim.SGD(model.named_parameters(), lr=0.1, momentum=0.9)
    longer = torch.optim.lr_scheduler.OneCycleLR(new, 0.1, 6)
    found = resumed(path, model, new, longer)
    assert ("a", "OneCycleLR.total_steps", 6, 3) in [
        (each.param, each.key, each.source, each.checkpoint) for each in found.overrides
    ]
    load(path, new)
    longer.load_state_dict(torch.load(path, weights_only=True)["scheduler"])
    stepped(new)
    with pytest.raises(ValueError, match="Tried to step") as raised:
        longer.step()
    assert [each.message for each in found.mismatches] == [
        f"OneCycleLR raises ValueError: {raised.value} at its next step, once its state is loaded"
    ]
