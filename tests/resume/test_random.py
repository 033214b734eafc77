"""Random runs, interrupted and resumed by torch: what it raises, where its states land, which values it replaces."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.optim.adafactor_bv import AdafactorBigVision
from torch import nn

from pgaudit.resume import Resumption
from pgaudit.serialize import plain
from tests.budget import examples
from tests.resume.runs import load, module, resumed, saved, stepped


class Counting(torch.optim.SGD):
    """Keeps counts in its groups, as optimizers without a schedule do, and a mapping of its own beside them."""

    COUNTS = frozenset({"k", "weight_sum"})

    def __init__(self, params: Any, lr: float = 0.1, **more: Any) -> None:
        super().__init__(params, lr=lr, momentum=0.9, **more)
        for group in self.param_groups:
            group.setdefault("k", 0)
            group.setdefault("weight_sum", 0.0)
        self.average = {"decay": 0.5}

    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            group["k"] += 1
            group["weight_sum"] += group["lr"]
        return super().step(closure)

    def state_dict(self) -> Any:
        return {**super().state_dict(), "average": dict(self.average)}

    def load_state_dict(self, state_dict: Any) -> None:
        self.average = dict(state_dict["average"])
        super().load_state_dict({key: each for key, each in state_dict.items() if key != "average"})


KINDS: dict[str, tuple[Callable[..., torch.optim.Optimizer], dict[str, Any]]] = {
    "SGD": (torch.optim.SGD, {"momentum": 0.9}),
    "plain SGD": (torch.optim.SGD, {}),
    "AdamW": (torch.optim.AdamW, {}),
    "amsgrad": (torch.optim.Adam, {"amsgrad": True}),
    "RMSprop": (torch.optim.RMSprop, {}),
    "Adagrad": (torch.optim.Adagrad, {}),
    "NAdam": (torch.optim.NAdam, {}),
    "Adadelta": (torch.optim.Adadelta, {}),
    "Counting": (Counting, {}),
    "of timm": (AdafactorBigVision, {}),
}
SHAPES = ((2,), (2,), (3,), (2, 2), (2, 3))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "lr": st.sampled_from([0.1, 0.01]),
    "weight_decay": st.sampled_from([0.0, 0.05]),
    "maximize": st.booleans(),
    "own": st.sampled_from(
        [None, 1, (1, 2.5), torch.bfloat16, torch.float32, nn.functional.relu, nn.Linear, np.float32(0.5), {1: "a"}]
    ),
}


@dataclass(frozen=True)
class Side:
    """A model and its optimizer, as drawn."""

    kind: str
    shapes: dict[str, tuple[int, ...]]
    groups: list[list[str]]
    """The names in each."""
    values: list[dict[str, Any]]
    wants_names: bool

    @property
    def named(self) -> bool:
        """torch takes no names beside an empty group, which can have none."""
        return self.wants_names and all(self.groups)

    @property
    def in_order(self) -> bool:
        """Whether each group has the model's order."""
        places = {name: place for place, name in enumerate(self.shapes)}
        return all(group == sorted(group, key=places.__getitem__) for group in self.groups)

    def build(self) -> tuple[nn.Module, torch.optim.Optimizer]:
        model = module(self.shapes)
        params = dict(model.named_parameters())
        groups = [
            {"params": [(name, params[name]) if self.named else params[name] for name in names], **values}
            for names, values in zip(self.groups, self.values, strict=True)
        ]
        kind, arguments = KINDS[self.kind]
        return model, kind(groups, lr=0.1, **arguments)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Side, list[str], bool, Side]:
    """A run, the tensors that made a step, whether its file holds the model, and what it is resumed with."""
    shapes = {f"p{index}": draw(st.sampled_from(SHAPES)) for index in range(draw(st.integers(1, 6)))}
    with_model = draw(st.booleans())
    before = _side(draw, draw(st.sampled_from(sorted(KINDS))), shapes, in_order=draw(st.booleans()))
    stepped_ones = draw(st.one_of(st.just(list(shapes)), st.lists(st.sampled_from(list(shapes)), unique=True)))
    kind = before.kind if draw(st.integers(0, 2)) else draw(st.sampled_from(sorted(KINDS)))
    after = draw(st.sampled_from(("same", "reordered", "renamed", "regrouped", "swapped")))
    if after == "reordered":
        shapes = {name: shapes[name] for name in draw(st.permutations(list(shapes)))}
    if after == "renamed":
        old = draw(st.sampled_from(list(shapes)))
        shapes = {"new" if name == old else name: shape for name, shape in shapes.items()}
    if after == "regrouped":
        return before, stepped_ones, with_model, _side(draw, kind, shapes, in_order=draw(st.booleans()))
    sizes = [len(group) for group in before.groups]
    names = iter(shapes)
    groups = [[next(names) for _ in range(size)] for size in sizes]
    if after == "same":
        groups = before.groups
    elif after == "swapped":
        groups = before.groups[::-1]
    values = [{key: draw(of) for key, of in VALUES.items()} for _ in groups]
    values = before.values if draw(st.booleans()) else values
    named = before.named if draw(st.booleans()) else draw(st.booleans())
    return before, stepped_ones, with_model, Side(kind, shapes, groups, values, named)


def _side(draw: st.DrawFn, kind: str, shapes: dict[str, tuple[int, ...]], *, in_order: bool) -> Side:
    count = draw(st.integers(1, 3))
    groups: list[list[str]] = [[] for _ in range(count)]
    for name in shapes if in_order else draw(st.permutations(list(shapes))):
        groups[draw(st.integers(0, count - 1))].append(name)
    values = [{key: draw(of) for key, of in VALUES.items()} for _ in groups]
    return Side(kind, shapes, groups, values, draw(st.booleans()))


@given(run=runs())
@settings(max_examples=examples(900))
def test_a_random_run_resumes_as_torch_resumes_it(run: tuple[Side, list[str], bool, Side]) -> None:
    before, stepped_ones, with_model, after = run
    model, optimizer = before.build()
    params = dict(model.named_parameters())
    stepped(optimizer, [params[name] for name in stepped_ones])
    tags = _tag(optimizer, params)
    with tempfile.TemporaryDirectory() as folder:
        more = {"model": model.state_dict()} if with_model else {}
        path = saved(Path(folder) / "last.pt", optimizer, **more)
        new_model, new = after.build()
        found = resumed(path, new_model, new)
        held = [dict(group) for group in new.param_groups]
        try:
            load(path, new)
        except (ValueError, KeyError):
            assert found.verdict == "refused", found
            _faced(found, new, optimizer)
            return
    assert found.verdict != "refused", found
    renamed = dict(zip(before.shapes, after.shapes, strict=True)) if "new" in after.shapes else {}
    tags = {tag: renamed.get(name, name) for tag, name in tags.items()}  # what was renamed is what it was
    guessed = any("if its optimizer was built in" in note for note in found.notes)
    _landed(found, new_model, new, tags, named=before.named or (guessed and before.in_order), guessed=guessed)
    _replaced(found, new_model, new, held)
    _grouped(found, new_model, new, held, optimizer.param_groups)
    _goes_on(found, new)


def _tag(optimizer: torch.optim.Optimizer, params: dict[str, nn.Parameter]) -> dict[float, str]:
    """Writes a number of its own into each state, and returns whose it is."""
    tags = {float(index + 100): name for index, name in enumerate(params)}
    for tag, name in tags.items():
        for value in optimizer.state.get(params[name], {}).values():
            if isinstance(value, torch.Tensor) and value.shape == params[name].shape:
                value.fill_(tag)
    return tags


def _landed(
    found: Resumption,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    tags: dict[float, str],
    *,
    named: bool,
    guessed: bool,
) -> None:
    """Each state that sits at another parameter is told, where names are what tells; else those of another shape. What
    is called proved is the truth, whatever it was told from.
    """
    elsewhere, misshapen = set(), set()
    for name, param in model.named_parameters():
        for value in optimizer.state.get(param, {}).values():
            if isinstance(value, torch.Tensor) and value.ndim and value.flatten()[0].item() in tags:
                if tags[value.flatten()[0].item()] != name:
                    elsewhere.add(name)
                if value.shape != param.shape:
                    misshapen.add(name)
    told = {name for each in found.mismatches if "another tensor" in each.message for name in each.params}
    if found.proved or named:
        assert told == elsewhere, found
    else:
        assert told >= misshapen if guessed else told == misshapen, found


def _replaced(
    found: Resumption, model: nn.Module, optimizer: torch.optim.Optimizer, before: list[dict[str, Any]]
) -> None:
    """Each value that was replaced is told, and no other."""
    names = {id(param): name for name, param in model.named_parameters()}
    truth = {
        (names[id(param)], key): (plain(old[key]), plain(new.get(key)))
        for old, new in zip(before, optimizer.param_groups, strict=True)
        for key in old
        if key not in ("params", "param_names", *(Counting.COUNTS if key in new else ()))
        and (key not in new or plain(old[key]) != plain(new[key]))
        for param in new["params"]
    }
    if not isinstance(optimizer, Counting):  # to others they are values as any
        truth |= {
            (names[id(param)], key): (old[key], new[key])
            for old, new in zip(before, optimizer.param_groups, strict=True)
            for key in Counting.COUNTS & old.keys() & new.keys()
            if old[key] != new[key]
            for param in new["params"]
        }
    told = {(each.param, each.key): (plain(each.source), plain(each.checkpoint)) for each in found.overrides}
    assert told == truth
    assert (found.verdict == "ok") == (not truth and not found.mismatches)


def _grouped(
    found: Resumption,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    before: list[dict[str, Any]],
    saved_groups: list[dict[str, Any]],
) -> None:
    """Each group has the values that it was built with, those of the checkpoint, and those that it has after loading;
    what is not told is the same everywhere.
    """
    names = {id(param): name for name, param in model.named_parameters()}
    groups = [each for each in range(len(before)) if before[each]["params"]]
    assert [each.group for each in found.resumed_groups] == groups == [each.from_group for each in found.resumed_groups]
    for each in found.resumed_groups:
        sides = [of[each.group or 0] for of in (before, saved_groups, optimizer.param_groups)]
        assert each.params == tuple(names[id(param)] for param in sides[0]["params"])
        assert each.tensors == len(each.params)
        for key in {key for side in sides for key in side} - {"params", "param_names"}:
            held = [plain(side.get(key)) for side in sides]
            if key in each.values:
                value = each.values[key]
                assert [*map(plain, (value.source, value.checkpoint, value.resumed))] == held, key
                assert not value.replaced or held[0] != held[2] or key not in sides[2]
            else:
                assert held[0] == held[1] == held[2], key
    told = {(each.param, each.key) for each in found.overrides}
    assert told == {
        (name, key)
        for each in found.resumed_groups
        for key, value in each.values.items()
        if value.replaced
        for name in each.params
    }


def _faced(found: Resumption, optimizer: torch.optim.Optimizer, before: torch.optim.Optimizer) -> None:
    """Where the groups do not fit, each stands beside the one in its place, and nothing is resumed with."""
    sizes = [[len(group["params"]) for group in each.param_groups] for each in (optimizer, before)]
    if sizes[0] == sizes[1]:
        return
    told = [(each.group, each.from_group, len(each.params), each.tensors) for each in found.resumed_groups]
    wanted = zip_longest(*sizes)
    assert told == [
        (None if ours is None else at, None if theirs is None else at, ours or 0, theirs or 0)
        for at, (ours, theirs) in enumerate(wanted)
    ]
    assert not any(value.replaced for each in found.resumed_groups for value in each.values.values())


def _goes_on(found: Resumption, optimizer: torch.optim.Optimizer) -> None:
    """A class that lacks something at its first step is told."""
    told = any("the first step" in each.message for each in found.mismatches)
    if any(
        value.shape != param.shape
        for param, state in optimizer.state.items()
        for value in state.values()
        if isinstance(value, torch.Tensor) and value.ndim
    ):
        return  # whichever comes first is raised
    try:
        stepped(optimizer)
    except KeyError:
        assert told, found
    else:
        assert not told, found
