from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

import pgaudit
from tests.checks.built_cases import BuiltCase, Made, check_cases, saved, sgd, stem_and_head


def _checkpoint(
    built_for: Callable[[], nn.Module],
    read_with: Callable[[], nn.Module] | None = None,
    *,
    named: bool = False,
    step: bool = True,
    split: int = 1,
    falling: float = 1.0,
) -> pgaudit.Report:
    """A checkpoint of one model's optimizer, read with another one's names."""
    model = built_for()
    parameters: list[object] = list(model.named_parameters() if named else model.parameters())
    groups = [{"params": parameters[start::split], "lr": 0.1 * falling**start} for start in range(split)]
    optimizer = torch.optim.AdamW(groups, lr=0.1)
    if step:
        sum(each.sum() for each in model.parameters()).backward()  # type: ignore[union-attr]
        optimizer.step()
    return saved(optimizer, model=read_with() if read_with else None)


def _live_without_model() -> Made:
    return None, sgd(stem_and_head())


def _live_with_names() -> Made:
    return None, torch.optim.SGD(stem_and_head().named_parameters(), lr=0.1)


def _live_with_model() -> Made:
    model = stem_and_head()
    return model, sgd(model)


def _several_without_names() -> pgaudit.Report:
    return saved(sgd(stem_and_head()), sgd(stem_and_head()), model=stem_and_head())


def _renamed() -> nn.Module:
    return nn.ModuleDict({"stem": nn.Linear(2, 3), "fc": nn.Linear(3, 4)})


def _wider() -> nn.Module:
    return nn.ModuleDict({"stem": nn.Linear(2, 3), "head": nn.Linear(3, 5)})


def _shorter() -> nn.Module:
    return nn.ModuleDict({"stem": nn.Linear(2, 3)})


def _alike() -> nn.Module:
    """Two layers of equal shapes, as the blocks of a Vision Transformer are."""
    return nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))


def _two() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))


def _half_frozen() -> nn.Module:
    model = nn.Sequential(*(nn.Linear(2, 2, bias=False) for _ in range(4)))
    model[:2].requires_grad_(False)
    return model


UNNAMED = "nothing says the names of 4 tensors"
OTHER = "nothing proves which tensor is which parameter of ModuleDict: "
CASES = {
    "no names": BuiltCase(partial(_checkpoint, stem_and_head), (UNNAMED,), "--model MODEL names them"),
    "no names, in code": BuiltCase(_live_without_model, (UNNAMED,), "--model MODEL names them"),
    "other names": BuiltCase(
        partial(_checkpoint, stem_and_head, _renamed, named=True),
        (f'{OTHER}"head.weight" and 1 more are not among its parameters',),
        "name the code that builds model and optimizer (--model train.py:make), or the right model",
    ),
    "other shapes": BuiltCase(
        partial(_checkpoint, stem_and_head, _wider, named=True),
        (f'{OTHER}"head.weight" has the shape [4, 3], and [5, 3] in it',),
    ),
    "other shapes, no names": BuiltCase(
        partial(_checkpoint, stem_and_head, _wider),
        (f"{OTHER}the shapes of what it keeps are not those",),
    ),
    "another number": BuiltCase(
        partial(_checkpoint, stem_and_head, _shorter), (f"{OTHER}it holds 4 tensors, and the model 2",)
    ),
    "one shape, two lrs": BuiltCase(
        partial(_checkpoint, _alike, _alike, split=2, falling=0.5),
        ("parameter of Sequential: parameters of one shape train with different values",),
    ),
    "a group for each, from the top down": BuiltCase(
        partial(_checkpoint, _alike, _alike, split=3, falling=0.5), ("of one shape train with different values",)
    ),
    "one shape, one lr in two groups": BuiltCase(partial(_checkpoint, _alike, _alike, split=2)),
    "one shape, frozen and not": BuiltCase(
        partial(_checkpoint, _two, _half_frozen), ("frozen parameters have the same shapes",)
    ),
    "no state": BuiltCase(
        partial(_checkpoint, stem_and_head, stem_and_head, step=False),
        (f"{OTHER}it keeps nothing whose shape could prove a name",),
    ),
    "several optimizers": BuiltCase(
        _several_without_names, ("optimizer 0: nothing proves … 2 optimizers say no names", "optimizer 1: … no names")
    ),
    "names, no model": BuiltCase(partial(_checkpoint, stem_and_head, named=True)),
    "names, in code": BuiltCase(_live_with_names),
    "its names": BuiltCase(partial(_checkpoint, stem_and_head, stem_and_head, named=True)),
    "its order": BuiltCase(partial(_checkpoint, stem_and_head, stem_and_head)),
    "its own tensors": BuiltCase(_live_with_model),
}
test_pg043 = check_cases("PG043", CASES)


def test_tensors_without_proof_are_in_no_model() -> None:
    """No parameter of another model is said to be in no group."""
    report = _checkpoint(stem_and_head, _renamed, named=True)
    assert [row.name for row in report.params] == ["stem.weight", "stem.bias", "head.weight", "head.bias"]
    assert [finding.code for finding in report.findings if finding.severity != "info"] == ["PG043"]


def test_a_group_without_tensors_has_no_names_to_prove() -> None:
    report = pgaudit.audit(None, torch.optim.SGD([{"params": []}], lr=0.1))
    assert [finding.code for finding in report.findings] == ["PG022"]
