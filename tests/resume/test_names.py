"""Names in checkpoints: of wrappers, of torch.distributed, of several optimizers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict

from pgaudit.built import audit_objects
from pgaudit.checkpoints import read_checkpoint
from pgaudit.resume import Resumption, resumption
from tests.resume.runs import module, resumed, saved, stepped

SHAPES: dict[str, tuple[int, ...]] = {"a": (2, 2), "b": (2, 2), "c": (3,)}


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "net.backbone."])
def test_a_prefix_before_all_names_is_no_other_model(prefix: str, tmp_path: Path) -> None:
    model = module(SHAPES)
    old = torch.optim.AdamW([(prefix + name, param) for name, param in model.named_parameters()])
    stepped(old)
    path = saved(tmp_path / "last.pt", old)
    assert resumed(path, model, torch.optim.AdamW(model.named_parameters())).verdict == "ok"
    other = module({name: SHAPES[name] for name in "bac"})
    found = resumed(path, other, torch.optim.AdamW(other.named_parameters()))
    assert [each.params for each in found.mismatches] == [("b", "a")]
    assert "the same tensors in another order; that of a on b, that of b on a" in found.mismatches[0].message


def _by_name(path: Path, model: nn.Module, optimizer: Any) -> Resumption:
    return resumption(read_checkpoint(str(path)), audit_objects(model, optimizer))


def test_states_that_are_loaded_by_name_land_right_in_any_order(tmp_path: Path) -> None:
    """torch.distributed's own functions, which map names: order does not count, and a missing name raises."""
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
    old = torch.optim.AdamW(model.parameters(), lr=0.1)
    stepped(old)
    state = get_optimizer_state_dict(model, old)
    torch.save({"optimizer": state}, tmp_path / "last.pt")
    new = torch.optim.AdamW(list(model.parameters())[::-1], lr=0.1)
    assert _by_name(tmp_path / "last.pt", model, new).verdict == "ok"
    set_optimizer_state_dict(model, new, state)
    more = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2), nn.Linear(2, 2))
    newer = torch.optim.AdamW(more.parameters(), lr=0.1)
    found = _by_name(tmp_path / "last.pt", more, newer)
    assert found.verdict == "refused"
    assert found.mismatches[0].params == ("2.weight", "2.bias")
    with pytest.raises(RuntimeError, match="Missing optimizer state for parameter '2.weight'"):
        set_optimizer_state_dict(more, newer, state)


def test_groups_of_states_that_are_loaded_by_name(tmp_path: Path) -> None:
    """A group's values go to one group alone: torch loads it, and the other group has lost all of its values."""
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
    old = torch.optim.AdamW(model.parameters(), lr=0.1)
    stepped(old)
    state = get_optimizer_state_dict(model, old)
    torch.save({"optimizer": state}, tmp_path / "last.pt")
    params = list(model.parameters())
    new = torch.optim.AdamW([{"params": params[:2]}, {"params": params[2:]}], lr=0.1)
    found = _by_name(tmp_path / "last.pt", model, new)
    assert not found.proved
    assert any("hands a group's values to one group alone" in note for note in found.notes)
    set_optimizer_state_dict(model, new, state)
    with pytest.raises(KeyError, match="betas"):
        stepped(new)


def test_another_order_that_is_not_proved_is_noted(tmp_path: Path) -> None:
    """Groups of two tensors each, and all of one shape: who is in which is open, but the model is another."""
    old = module(dict.fromkeys("abcd", (2, 2)))
    params = list(old.parameters())
    optimizer = torch.optim.AdamW([{"params": params[:2]}, {"params": params[2:]}])
    stepped(optimizer)
    path = saved(tmp_path / "last.pt", optimizer, model=old.state_dict())
    new = module(dict.fromkeys("bacd", (2, 2)))
    params = list(new.parameters())
    found = resumed(path, new, torch.optim.AdamW([{"params": params[:2]}, {"params": params[2:]}]))
    assert (found.verdict, found.proved) == ("ok", False)
    assert any("likely wrong: the model in the checkpoint" in note and "a before b" in note for note in found.notes)


def _two() -> tuple[nn.Module, torch.optim.Optimizer, torch.optim.Optimizer]:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
    return model, torch.optim.AdamW(model[0].parameters(), lr=0.1), torch.optim.SGD(model[1].parameters(), lr=0.2)


def test_several_optimizers(tmp_path: Path) -> None:
    model, one, other = _two()
    stepped(one)
    torch.save({"optimizer_states": [one.state_dict(), other.state_dict()]}, tmp_path / "last.ckpt")
    path = str(tmp_path / "last.ckpt")
    report = audit_objects(model, [one, other])
    whole = read_checkpoint(path)
    assert resumption(whole, report).verdict == "ok"
    for key in ("optimizer_states[0]", "optimizer_states[1]"):
        assert resumption(read_checkpoint(path, key), report, whole=whole).verdict == "ok"
    swapped = resumption(whole, audit_objects(model, [other, one]))
    assert swapped.verdict != "ok"
    assert {each.message.partition(":")[0] for each in swapped.mismatches} <= {
        "optimizer_states[0]",
        "optimizer_states[1]",
    }
    alone = resumption(whole, audit_objects(model, one))
    assert alone.verdict == "refused"
    assert "2 optimizers (optimizer_states[0], optimizer_states[1])" in alone.mismatches[0].message
    assert alone.advice == "--key names one of them."
    assert resumption(read_checkpoint(path, "optimizer_states[0]"), audit_objects(model, one)).verdict == "ok"


def test_several_optimizers_by_name(tmp_path: Path) -> None:
    """A mapping is loaded by its keys, whatever their order."""
    model, one, other = _two()
    torch.save({"optimizer": {"gen": one.state_dict(), "disc": other.state_dict()}}, tmp_path / "last.pt")
    found = resumption(read_checkpoint(str(tmp_path / "last.pt")), audit_objects(model, {"disc": other, "gen": one}))
    assert found.verdict == "ok"


def test_nothing_is_claimed_of_what_is_not_proved(tmp_path: Path) -> None:
    model = module(SHAPES)
    old = torch.optim.AdamW(model.parameters())
    path = saved(tmp_path / "none.pt", old)
    found = resumed(path, model, torch.optim.AdamW(model.parameters()))
    assert (found.verdict, found.proved) == ("ok", True)
    assert any("no state of any tensor" in note for note in found.notes)
    stepped(old)
    path = saved(tmp_path / "last.pt", old)
    found = resumed(path, model, torch.optim.AdamW(model.parameters()))
    assert (found.verdict, found.proved) == ("ok", False)
    assert any("2 of 3 states have a shape that several tensors have" in note for note in found.notes)
    found = resumed(path, None, torch.optim.AdamW(model.parameters()))
    assert (found.verdict, found.proved) == ("ok", False)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("shape", [(2, 2), (4, 1)])
def test_a_module_that_was_renamed(named: bool, shape: tuple[int, ...], tmp_path: Path) -> None:
    """Where place and shape agree, it is the same one, or another: that is said, and nothing more."""
    old, new = module({"body": (3,), "fc": (2, 2)}), module({"body": (3,), "head": shape})
    optimizer = torch.optim.AdamW(old.named_parameters() if named else old.parameters())
    stepped(optimizer)
    path = saved(tmp_path / "last.pt", optimizer, model=old.state_dict())
    found = resumed(path, new, torch.optim.AdamW(new.named_parameters() if named else new.parameters()))
    said = "fc is head here: renamed, or another tensor of the same place and shape: not proved"
    is_same = shape == (2, 2)
    assert (found.verdict, said in found.notes) == ("ok" if is_same else "mismatch", is_same)
    assert found.proved is not is_same


def test_names_by_order_are_no_proof(tmp_path: Path) -> None:
    """An optimizer that was built in another order than the model's: all states land on another tensor, silently."""
    old, new = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    optimizer = torch.optim.AdamW([*old[1].parameters(), *old[0].parameters()])
    stepped(optimizer)
    path = saved(tmp_path / "last.pt", optimizer, model=old.state_dict())
    found = resumed(path, new, torch.optim.AdamW(new.parameters()))
    assert (found.verdict, found.proved) == ("ok", False)
    assert any("4 of 4 states have a shape that several tensors have" in note for note in found.notes)


def test_a_name_that_the_checkpoint_has_without_a_state_is_no_new_one(tmp_path: Path) -> None:
    """One module was renamed, and the groups have moved on: its state lands on another one, which made no step."""
    old, new = module(dict.fromkeys("abcd", (2, 2))), module(dict.fromkeys("ancd", (2, 2)))
    a, b, c, d = old.named_parameters()
    optimizer = torch.optim.AdamW([{"params": [a]}, {"params": [b]}, {"params": [c, d]}])
    stepped(optimizer, [b[1]])
    path = saved(tmp_path / "last.pt", optimizer)
    a, n, c, d = new.named_parameters()
    found = resumed(path, new, torch.optim.AdamW([{"params": [a]}, {"params": [c]}, {"params": [n, d]}]))
    assert [each.params for each in found.mismatches] == [("c",)]
