"""The state of one class in another: what torch raises, at once or at the first step, and what it does not say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.resume.runs import load, module, resumed, saved, stepped

Make = Callable[[Iterable[Any]], torch.optim.Optimizer]
KINDS: dict[str, Make] = {
    "SGD": lambda params: torch.optim.SGD(params, lr=0.1),
    "momentum": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9),
    "Adam": lambda params: torch.optim.Adam(params, lr=0.1),
    "AdamW": lambda params: torch.optim.AdamW(params, lr=0.1),
    "NAdam": lambda params: torch.optim.NAdam(params, lr=0.1),
    "RAdam": lambda params: torch.optim.RAdam(params, lr=0.1),
    "Adamax": lambda params: torch.optim.Adamax(params, lr=0.1),
    "Adagrad": lambda params: torch.optim.Adagrad(params, lr=0.1),
    "Adadelta": lambda params: torch.optim.Adadelta(params, lr=0.1),
    "RMSprop": lambda params: torch.optim.RMSprop(params, lr=0.1),
    "ASGD": lambda params: torch.optim.ASGD(params, lr=0.1),
    "Rprop": lambda params: torch.optim.Rprop(params, lr=0.1),
}


@pytest.mark.parametrize(("wrote", "reads"), list(product(KINDS, KINDS)))
def test_torch_says_what_a_class_makes_of_anothers_state(wrote: str, reads: str, tmp_path: Path) -> None:
    model = module({"a": (2, 3), "b": (2,)})
    old = KINDS[wrote](model.named_parameters())
    stepped(old)
    path = saved(tmp_path / "last.pt", old)
    new = KINDS[reads](model.named_parameters())
    found = resumed(path, model, new)
    messages = [each.message for each in found.mismatches]
    try:
        load(path, new)
    except KeyError as error:
        assert found.verdict == "refused"
        assert [f"raises KeyError: {error}" in message for message in messages] == [True]
        return
    kept = {key for state in new.state.values() for key in state}
    try:
        stepped(new)
    except KeyError as error:
        assert [f"the first step of {type(new).__name__} raises KeyError: {error}" in each for each in messages] == [
            True
        ]
        return
    fresh = KINDS[reads](model.named_parameters())
    stepped(fresh)
    own = {key for state in fresh.state.values() for key in state}
    unused = bool(own and kept and own.isdisjoint(kept))
    assert [f"{type(new).__name__} uses nothing of it" in message for message in messages] == [True] * unused


def test_a_class_that_cannot_be_tried_is_said(tmp_path: Path) -> None:
    """L-BFGS makes no step without a closure."""
    model = module({"a": (2, 3)})
    path = saved(tmp_path / "last.pt", torch.optim.LBFGS(model.parameters()))
    found = resumed(path, model, torch.optim.LBFGS(model.parameters()))
    assert found.verdict == "ok"
    assert any("cannot be tried" in note for note in found.notes)


def test_a_state_of_an_older_torch_is_filled_in(tmp_path: Path) -> None:
    """Keys that the checkpoint lacks are the class's own: nothing is replaced."""
    model = module({"a": (2, 3)})
    old = torch.optim.SGD(model.named_parameters(), lr=0.1, momentum=0.9)
    stepped(old)
    state = old.state_dict()
    for key in ("foreach", "differentiable", "fused", "maximize"):
        del state["param_groups"][0][key]
    torch.save({"optimizer": state}, tmp_path / "last.pt")
    new = torch.optim.SGD(model.named_parameters(), lr=0.1, momentum=0.9, maximize=True)
    found = resumed(tmp_path / "last.pt", model, new)
    load(tmp_path / "last.pt", new)
    assert new.param_groups[0]["maximize"] is False
    truth = [("a", "maximize", True, False)]
    told = [(each.param, each.key, each.source, each.checkpoint) for each in found.overrides if each.key != "fused"]
    assert told == truth
