"""Runs that went wrong in public when they were resumed, each as small as it can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.resume.runs import load, module, resumed, saved, stepped

LAYERS: dict[str, tuple[int, ...]] = {"stem": (4, 3), "body": (4, 4), "proj": (4, 4), "norm": (4,), "head": (2, 4)}


def _trained(model: nn.Module, groups: Any, **arguments: Any) -> torch.optim.Optimizer:
    optimizer = torch.optim.AdamW(groups, lr=0.1, **arguments)
    stepped(optimizer)
    return optimizer


def _split(model: nn.Module, *, decay_first: bool) -> list[dict[str, Any]]:
    """Matrices decay, vectors do not: two groups, in either order."""
    params = list(model.parameters())
    decay = {"params": [each for each in params if each.ndim > 1], "weight_decay": 0.05}
    rest = {"params": [each for each in params if each.ndim <= 1], "weight_decay": 0.0}
    return [decay, rest] if decay_first else [rest, decay]


def test_a_set_of_parameters_has_another_order_each_time(tmp_path: Path) -> None:
    """pytorch#1489, and what #6031 then forbade: the states of a list in another order load without an error."""
    model = module(LAYERS)
    params = list(model.parameters())
    path = saved(tmp_path / "last.pt", _trained(model, params[::-1]))
    found = resumed(path, model, torch.optim.AdamW(params, lr=0.1))
    assert found.verdict == "mismatch"
    (mismatch,) = found.mismatches
    assert mismatch.params == ("stem", "body", "norm", "head")
    assert "the same shapes in another order" in mismatch.message


def test_a_model_whose_layers_were_declared_in_another_order(tmp_path: Path) -> None:
    """Lightning#17025: equal shapes change places; the model in the file tells, though its optimizer has no names."""
    old = module(LAYERS)
    path = saved(tmp_path / "last.ckpt", _trained(old, old.parameters()), state_dict=old.state_dict())
    new = module({name: LAYERS[name] for name in ("stem", "proj", "body", "norm", "head")})
    optimizer = torch.optim.AdamW(new.parameters(), lr=0.1)
    found = resumed(path, new, optimizer)
    load(path, optimizer)  # silently
    assert found.verdict == "mismatch"
    assert [each.params for each in found.mismatches] == [("proj", "body")]
    assert "that of body on proj" in found.mismatches[0].message
    assert resumed(path, old, torch.optim.AdamW(old.parameters(), lr=0.1)).verdict == "ok"


def test_two_groups_that_change_places(tmp_path: Path) -> None:
    """The groups are as large as before, and the decayed one comes second."""
    shapes = {"a.weight": (3, 3), "a.bias": (3,), "b.weight": (3, 3), "b.bias": (3,)}
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    assert [tuple(each.shape) for each in model.parameters()] == list(shapes.values())
    path = saved(tmp_path / "last.pt", _trained(model, _split(model, decay_first=True)))
    optimizer = torch.optim.AdamW(_split(model, decay_first=False), lr=0.1)
    found = resumed(path, model, optimizer)
    load(path, optimizer)
    assert optimizer.param_groups[0]["weight_decay"] == 0.05  # the biases are now decayed
    assert "groups 0 and 1 are exchanged" in found.mismatches[0].message
    assert {(each.param, each.source, each.checkpoint) for each in found.overrides} == {
        ("0.weight", 0.05, 0.0),
        ("0.bias", 0.0, 0.05),
        ("1.weight", 0.05, 0.0),
        ("1.bias", 0.0, 0.05),
    }


def test_the_lr_of_the_command_line_is_not_used(tmp_path: Path) -> None:
    """examples#816: `--resume` goes on with the lr of the checkpoint."""
    model = module(LAYERS)
    path = saved(tmp_path / "last.pt", _trained(model, model.named_parameters()))
    optimizer = torch.optim.AdamW(model.named_parameters(), lr=0.001)
    found = resumed(path, model, optimizer)
    assert found.verdict == "overrides"
    assert [(each.param, each.key, each.source, each.checkpoint) for each in found.overrides] == [
        (name, "lr", 0.001, 0.1) for name in LAYERS
    ]
    load(path, optimizer)
    assert optimizer.param_groups[0]["lr"] == 0.1
    (finding,) = found.findings
    assert (finding.code, finding.name, finding.severity) == ("PG038", "resume-overrides", "warning")


def test_what_is_trained_is_less_than_before(tmp_path: Path) -> None:
    """stereo-transformer#58: tensors were taken out of the model, and load_state_dict raises."""
    old = module(LAYERS)
    path = saved(tmp_path / "last.pt", _trained(old, old.named_parameters()))
    new = module({name: shape for name, shape in LAYERS.items() if name != "norm"})
    optimizer = torch.optim.AdamW(new.named_parameters(), lr=0.1)
    found = resumed(path, new, optimizer)
    with pytest.raises(ValueError, match="doesn't match the size"):
        load(path, optimizer)
    assert found.verdict == "refused"
    assert "only the checkpoint has norm" in found.mismatches[0].message
    assert "group 0 has 5 tensors in the checkpoint, and 4 in" in found.mismatches[0].message


def test_norms_got_a_group_of_their_own(tmp_path: Path) -> None:
    """ExAvatar#5, kohya sd-scripts#378: another number of groups."""
    model = module(LAYERS)
    path = saved(tmp_path / "last.pt", _trained(model, model.parameters()))
    optimizer = torch.optim.AdamW(_split(model, decay_first=True), lr=0.1)
    found = resumed(path, model, optimizer)
    with pytest.raises(ValueError, match="different number of parameter groups"):
        load(path, optimizer)
    assert found.verdict == "refused"
    assert "has 1 group of 5 tensors" in found.mismatches[0].message
    assert "2 groups of 4 and 1 tensors" in found.mismatches[0].message


def test_a_head_of_another_size(tmp_path: Path) -> None:
    """The head has other classes: its state loads, and has the shape of the old one."""
    old = module(LAYERS)
    path = saved(tmp_path / "last.pt", _trained(old, old.named_parameters()))
    new = module(LAYERS | {"head": (5, 4)})
    found = resumed(path, new, torch.optim.AdamW(new.named_parameters(), lr=0.1))
    assert [(each.params, "[2, 4] in the checkpoint, [5, 4] here" in each.message) for each in found.mismatches] == [
        (("head",), True)
    ]


def test_a_run_under_way_is_ok(tmp_path: Path) -> None:
    """Its lr is the schedule's, and its initial_lr is what was asked for."""
    model = module(LAYERS)
    optimizer = torch.optim.AdamW(model.named_parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    for _ in range(4):
        stepped(optimizer)
        scheduler.step()
    path = saved(tmp_path / "last.pt", optimizer, scheduler=scheduler.state_dict())
    new = torch.optim.AdamW(model.named_parameters(), lr=0.1)
    assert resumed(path, model, new).verdict == "ok"
    begun = torch.optim.lr_scheduler.CosineAnnealingLR(new, 10)
    found = resumed(path, model, new, begun)
    assert (found.verdict, found.notes) == ("ok", ("scheduler goes on from last_epoch 4 with base_lrs 0.1",))
