"""What schedulers go on from, held against what torch's do once they are loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

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


def test_a_schedule_for_another_number_of_groups(tmp_path: Path) -> None:
    model = module({"a": (2, 3), "b": (2,)})
    old = torch.optim.SGD([{"params": [each]} for each in model.parameters()], lr=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(old, lambda epoch: 1)
    new = torch.optim.SGD(model.parameters(), lr=0.1)
    path = saved(tmp_path / "last.pt", new, scheduler=schedule.state_dict())
    found = resumed(path, model, new)
    assert found.verdict == "mismatch"
    assert "base_lrs for 2 groups, of 1" in found.mismatches[0].message
    begun = torch.optim.lr_scheduler.LambdaLR(new, lambda epoch: 1)
    begun.load_state_dict(torch.load(path, weights_only=True)["scheduler"])
    stepped(new)
    with pytest.raises(ValueError, match=r"zip\(\)"):
        begun.step()


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
