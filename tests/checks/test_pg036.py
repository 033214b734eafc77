from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

import pgaudit
from tests.checks.built_cases import BuiltCase, check_cases, saved, stem_and_head

Make = Callable[..., torch.optim.Optimizer]


def _stepped(model: nn.ModuleDict, optimizer: torch.optim.Optimizer, *, stem: int, head: int) -> None:
    """Makes steps in which the loss reaches the stem alone, and then steps in which it reaches the head alone."""
    for name, steps in (("stem", stem), ("head", head)):
        for _ in range(steps):
            optimizer.zero_grad()
            torch.stack([each.sum() for each in model[name].parameters()]).sum().backward()
            optimizer.step()


def _run(make: Make, *, stem: int, head: int, named: bool = True, frozen: bool = False) -> pgaudit.Report:
    model = stem_and_head()
    parameters = model.named_parameters() if named else model.parameters()
    optimizer = make(parameters, lr=0.1)
    _stepped(model, optimizer, stem=stem, head=head)
    return saved(optimizer, model=stem_and_head(frozen=True) if frozen else None)


def _of_two_groups(*, momentum: float) -> pgaudit.Report:
    model = stem_and_head()
    groups = [{"params": list(model[name].named_parameters(name))} for name in ("stem", "head")]
    groups[0]["momentum"] = momentum  # type: ignore[assignment]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    _stepped(model, optimizer, stem=0, head=2)
    return saved(optimizer)


def _lbfgs() -> pgaudit.Report:
    model = stem_and_head()
    optimizer = torch.optim.LBFGS(model.parameters())
    x = torch.ones(2)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss: torch.Tensor = model["head"](model["stem"](x)).pow(2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return saved(optimizer)


def _one_of_two_alike(*, steps: bool) -> pgaudit.Report:
    """Of two layers of one shape the loss reaches the second alone, or more often."""
    model = nn.ModuleDict({"stem": nn.Linear(2, 2, bias=False), "head": nn.Linear(2, 2, bias=False)})
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    _stepped(model, optimizer, stem=int(steps), head=2)
    return saved(optimizer, model=model)


ADAMW: Make = torch.optim.AdamW
MOMENTUM: Make = partial(torch.optim.SGD, momentum=0.9)
CASES = {
    "never": BuiltCase(
        partial(_run, ADAMW, stem=0, head=2),
        ("2 tensors have no state, and so never made a step: stem.weight, stem.bias",),
        "frozen, or the loss never reached them",
        ("stem.weight", "stem.bias"),
    ),
    "never, SGD": BuiltCase(partial(_run, MOMENTUM, stem=2, head=0), ("2 tensors have no state … head.weight",)),
    "never, without names": BuiltCase(
        partial(_run, ADAMW, stem=0, head=1, named=False), ("2 tensors have no state … group 0 [0], group 0 [1]",)
    ),
    "less often": BuiltCase(
        partial(_run, ADAMW, stem=5, head=3),
        ("2 tensors have made 3 steps, and others of their groups 5 steps: head.weight, head.bias",),
        "frozen for a while",
    ),
    "a group of its own": BuiltCase(partial(_of_two_groups, momentum=0.9), ("2 tensors have no state",)),
    "LBFGS keeps all under the first": BuiltCase(_lbfgs),
    "never, one of one shape": BuiltCase(
        partial(_one_of_two_alike, steps=False),
        ("1 tensor has no state, and so never made a step: group 0 [0]",),
        "frozen, or the loss never reached them; nothing proves which parameters of their shapes they are",
        (),
    ),
    "less often, one of one shape": BuiltCase(
        partial(_one_of_two_alike, steps=True),
        ("1 tensor has made 1 step, and others of its group 2 steps: group 0 [0]",),
        "nothing proves which parameters",
    ),
    "all stepped": BuiltCase(partial(_run, ADAMW, stem=2, head=2)),
    "none stepped": BuiltCase(partial(_run, ADAMW, stem=0, head=0)),
    "frozen in the model": BuiltCase(partial(_run, ADAMW, stem=0, head=2, frozen=True)),
    "no momentum": BuiltCase(partial(_run, torch.optim.SGD, stem=0, head=2)),
    "a group without momentum": BuiltCase(partial(_of_two_groups, momentum=0.0)),
}
test_pg036 = check_cases("PG036", CASES)
