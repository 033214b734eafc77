"""The state of one class in another: what torch raises, at once or at the first step, and what it does not say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from timm.optim.adafactor_bv import AdafactorBigVision

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


class OnDevice(torch.optim.AdamW):
    """Makes no step on the CPU, as the fused classes of apex and bitsandbytes."""

    def step(self, closure: Any = None) -> Any:
        raise RuntimeError("no kernel for the CPU")


def test_a_class_that_makes_no_step_here_is_said(tmp_path: Path) -> None:
    """It is loaded all the same: what it fills in is not replaced, and a state of another class is refused."""
    model = module({"a": (2, 3)})
    path = saved(tmp_path / "last.pt", torch.optim.RMSprop(model.named_parameters(), weight_decay=0.01))
    found = resumed(path, model, OnDevice(model.named_parameters(), lr=0.01))
    assert {each.key for each in found.overrides} == {"betas"}
    assert any("its states were not" in note for note in found.notes)
    old = torch.optim.SGD(model.named_parameters(), momentum=0.9)
    stepped(old)
    path, new = saved(tmp_path / "last.pt", old), OnDevice(model.named_parameters())
    assert resumed(path, model, new).verdict == "refused"
    with pytest.raises(KeyError, match="step"):
        load(path, new)


def test_a_class_whose_step_needs_a_closure(tmp_path: Path) -> None:
    model = module({"a": (2, 3)})
    old = torch.optim.LBFGS(model.named_parameters())
    model.get_parameter("a").grad = torch.ones(2, 3)
    old.step(lambda: torch.tensor(1.0))
    path, new = saved(tmp_path / "last.pt", old), torch.optim.LBFGS(model.named_parameters())
    found = resumed(path, model, new)
    assert (found.verdict, found.notes) == ("ok", ())
    path = saved(tmp_path / "last.pt", torch.optim.SGD(model.named_parameters(), lr=1.0))
    found = resumed(path, model, new)
    assert [each.message.split(": another")[0] for each in found.mismatches] == [
        "it loads, and the first step of LBFGS raises KeyError: 'max_iter'"
    ]
    load(path, new)
    with pytest.raises(KeyError, match="max_iter"):
        new.step(lambda: torch.tensor(1.0))


def test_groups_of_the_same_keys_that_hold_something_else(tmp_path: Path) -> None:
    """Adafactor's eps is two numbers, AdamW's one."""
    model = module({"a": (2, 3)})
    path = saved(tmp_path / "last.pt", torch.optim.AdamW(model.named_parameters(), lr=0.01))
    new = torch.optim.Adafactor(model.named_parameters())
    found = resumed(path, model, new)
    assert found.verdict == "mismatch"
    assert "the first step of Adafactor raises TypeError" in found.mismatches[0].message
    load(path, new)
    with pytest.raises(TypeError):
        stepped(new)


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


class OwnKey(torch.optim.SGD):
    """Saves something beside its groups and states, and needs it."""

    def state_dict(self) -> Any:
        return {**super().state_dict(), "average": 1}

    def load_state_dict(self, state_dict: Any) -> None:
        self.average = state_dict["average"]
        super().load_state_dict({key: each for key, each in state_dict.items() if key != "average"})


class Versioned(torch.optim.SGD):
    """Refuses what is not of its version."""

    def state_dict(self) -> Any:
        return {**super().state_dict(), "version": 2}

    def load_state_dict(self, state_dict: Any) -> None:
        if state_dict.get("version") != 2:
            raise ValueError("an old version")
        super().load_state_dict({key: each for key, each in state_dict.items() if key != "version"})


class Capricious(torch.optim.SGD):
    """Raises on whatever is not the very run."""

    def load_state_dict(self, state_dict: Any) -> None:
        if len(state_dict["state"]) < 2:
            raise LookupError("fewer tensors than ever")
        super().load_state_dict(state_dict)


class InStep(torch.optim.SGD):
    """Loads anything, and fails in its next step alone."""

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        self.loaded = True

    def step(self, closure: Any = None) -> Any:
        if getattr(self, "loaded", False):
            raise TypeError("not on a stand-in")
        return super().step(closure)


def _bare(state: Any) -> Any:
    return {key: state[key] for key in ("state", "param_groups")}


def _old(state: Any) -> Any:
    return {**state, "version": 1}


def _as_it_is(state: Any) -> Any:
    return state


OWN: dict[str, tuple[Any, Callable[[Any], Any], str, str]] = {
    # a class, what is made of its state → the verdict, and what the answer says
    "own key": (OwnKey, _as_it_is, "ok", ""),
    "own key that the file lacks": (OwnKey, _bare, "refused", "load_state_dict of OwnKey raises KeyError: 'average'"),
    "version": (Versioned, _as_it_is, "ok", ""),
    "another version": (Versioned, _old, "refused", "load_state_dict of Versioned raises ValueError: an old version"),
    "capricious": (Capricious, _as_it_is, "ok", "not proved: load_state_dict of Capricious raises LookupError"),
    "in its step": (InStep, _as_it_is, "ok", "not proved: the first step of InStep raises TypeError"),
    "Big Vision's Adafactor": (AdafactorBigVision, _as_it_is, "ok", ""),
}


@pytest.mark.parametrize(("kind", "change", "verdict", "said"), OWN.values(), ids=OWN)
def test_what_a_class_of_ones_own_raises(
    kind: Any, change: Callable[[Any], Any], verdict: str, said: str, tmp_path: Path
) -> None:
    model = module({"a": (2, 3), "b": (2,)})
    old = kind(model.named_parameters(), lr=0.1, momentum=0.9)
    stepped(old)
    torch.save({"optimizer": change(old.state_dict())}, tmp_path / "last.pt")
    new = kind(model.named_parameters(), lr=0.1, momentum=0.9)
    found = resumed(tmp_path / "last.pt", model, new)
    assert (found.verdict, found.overrides) == (verdict, ())
    messages = [each.message for each in found.mismatches] + list(found.notes)
    assert [said in message for message in messages] == ([True] if said else [])
    if verdict == "refused":
        with pytest.raises((KeyError, ValueError)):
            load(tmp_path / "last.pt", new)
    else:
        load(tmp_path / "last.pt", new)


@pytest.mark.parametrize("param_names", [False, True])
def test_states_under_texts_are_loaded_for_nobody(param_names: bool, tmp_path: Path) -> None:
    """As a round through JSON makes them: torch keeps them, and no tensor gets its own."""
    model = module({"a": (2, 3), "b": (2,)})
    old = torch.optim.AdamW(model.named_parameters() if param_names else model.parameters(), lr=0.1)
    stepped(old)
    state = old.state_dict()
    state["state"] = {str(key): each for key, each in state["state"].items()}
    torch.save({"model": model.state_dict(), "optimizer": state}, tmp_path / "last.pt")
    new = torch.optim.AdamW(model.named_parameters() if param_names else model.parameters(), lr=0.1)
    found = resumed(tmp_path / "last.pt", model, new)
    load(tmp_path / "last.pt", new)
    assert not any(param in new.state for param in model.parameters())
    assert found.verdict == "mismatch"
    assert "none of the checkpoint's 2 states is under the number of a tensor" in found.mismatches[0].message
