"""The lr over time from Python: `pgaudit.audit(model, ..., scheduler=..., at=...)` and `report.lrs_at`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, SequentialLR, StepLR

import pgaudit
from tests.built.cases import Net, grouped

POLICY: dict[str, Any] = {"optimizer": {"type": "SGD", "lr": 0.1}}


def _stepped(scheduler: LRScheduler, asked: Collection[int], names: Mapping[int, str]) -> dict[str, dict[int, float]]:
    """The lrs of an optimizer's tensors at each step that is asked, as the real scheduler sets them."""
    optimizer = scheduler.optimizer
    found: dict[str, dict[int, float]] = {}
    for step in range(max(asked) + 1):
        for group in optimizer.param_groups if step in asked else ():
            for tensor in group["params"]:
                found.setdefault(names[id(tensor)], {})[step] = group["lr"]
        optimizer.step()
        scheduler.step()
    return found


SCHEDULES: dict[str, tuple[Any, Callable[[torch.optim.Optimizer], LRScheduler]]] = {
    "a class": ({"type": "StepLR", "step_size": 3}, lambda its: StepLR(its, step_size=3)),
    "a floor": (
        {"type": "CosineAnnealingLR", "T_max": 9, "eta_min": 1e-3},
        lambda its: CosineAnnealingLR(its, 9, eta_min=1e-3),
    ),
    "a list": (
        ({"type": "LinearLR", "total_iters": 4}, {"type": "StepLR", "step_size": 3}, {"milestones": [4]}),
        lambda its: SequentialLR(its, [LinearLR(its, total_iters=4), StepLR(its, step_size=3)], [4]),
    ),
}


@pytest.mark.parametrize(("given", "make"), SCHEDULES.values(), ids=SCHEDULES)
def test_the_lr_over_time_is_the_real_schedulers(
    given: Any, make: Callable[[torch.optim.Optimizer], LRScheduler]
) -> None:
    """Of a policy, of an optimizer with a schedule as in YAML, and of one with a live scheduler."""
    model, asked = Net(), (0, 4, 9)
    optimizer = grouped(model)
    names = {id(tensor): name for name, tensor in model.named_parameters()}
    by_policy = pgaudit.audit(model, POLICY, scheduler=given, at=asked)
    in_place = pgaudit.audit(model, optimizer, scheduler=given, at=asked)
    scheduler = make(optimizer)
    live = pgaudit.audit(model, optimizer, scheduler=scheduler, at=[9, 4, 0, 4])
    assert scheduler.last_epoch == 0  # nobody has stepped it
    assert live.at == by_policy.at == asked
    really = _stepped(scheduler, asked, names)
    for report in (live, in_place):
        assert {name: report.lrs_at(name) for name in really} == really
    plain = torch.optim.SGD(model.parameters(), lr=0.1)
    really = _stepped(make(plain), asked, names)
    assert {each.name: by_policy.lrs_at(each) for each in by_policy} == really


def test_the_length_of_a_run_and_of_an_epoch_are_taken() -> None:
    by_run = pgaudit.audit(Net(), POLICY, scheduler={"type": "CosineAnnealingLR"}, steps=7, at=(3,))
    by_argument = pgaudit.audit(Net(), POLICY, scheduler={"type": "CosineAnnealingLR", "T_max": 7}, at=(3,))
    assert by_run.lrs_at("fc.weight") == by_argument.lrs_at("fc.weight") != {3: 0.1}
    over_time = pgaudit.audit(Net(), POLICY, at=(5,), epoch_steps=3).over_time
    assert over_time is not None
    assert over_time.request.epoch_steps == 3


def test_without_steps_nothing_is_asked() -> None:
    report = pgaudit.audit(Net(), POLICY)
    assert (report.at, report.lrs_at("fc.weight")) == ((), {})
    with pytest.raises(KeyError, match="no parameter is called"):
        pgaudit.audit(Net(), POLICY, at=(1,)).lrs_at("nobody")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"at": (1, -1)}, "at= takes whole numbers from 0 up, and -1 is none"),
        ({"at": (True,)}, "at= takes whole numbers from 0 up, and True is none"),
        ({"at": (0.5,)}, "at= takes whole numbers from 0 up, and 0.5 is none"),
        ({"at": ("3",)}, "at= takes whole numbers from 0 up, and '3' is none"),
        ({"at": 3}, r"at= holds steps, and 3 is no list of them \(at=\(0, 1000\)\)"),
        ({"at": "0,3"}, "at= holds steps, and '0,3' is no list of them"),
        ({"steps": 0}, "steps= takes whole numbers from 1 up, and 0 is none"),
        ({"epoch_steps": 1.0}, "epoch_steps= takes whole numbers from 1 up, and 1.0 is none"),
        ({"scheduler": {"T_max": 3}}, 'scheduler=: a schedule is a mapping with a "type"'),
        ({"scheduler": {"type": "StepLRR"}}, r'scheduler=: torch 2\.\d+\.\d+ has no scheduler "StepLRR"'),
        ({"scheduler": {"type": "StepLR"}}, "scheduler=: StepLR would raise TypeError"),
    ],
)
def test_a_mistake_about_the_lr_over_time_has_one_message(options: dict[str, Any], message: str) -> None:
    with pytest.raises(pgaudit.UsageError, match=message):
        pgaudit.audit(Net(), POLICY, **options)


def test_steps_may_be_numbers_of_numpys() -> None:
    numpy = pytest.importorskip("numpy")
    assert pgaudit.audit(Net(), POLICY, at=numpy.array([3, 1])).at == (1, 3)


@pytest.mark.parametrize("given", [StepLR, 3, "cosine", object(), lambda optimizer: None])
def test_what_is_no_scheduler_is_refused(given: Any) -> None:
    model = Net()
    with pytest.raises(pgaudit.UsageError, match="scheduler= is no scheduler, and holds none: "):
        pgaudit.audit(model, grouped(model), scheduler=given)


def test_a_scheduler_of_another_optimizer_is_told() -> None:
    """As where the optimizer is built anew, after its scheduler."""
    model = Net()
    before, optimizer = grouped(model), grouped(model)
    note = "StepLR is attached to an optimizer that is not looked at, and sets the lr of none that is"
    assert note in pgaudit.audit(model, optimizer, scheduler=StepLR(before, 2)).notes
    assert note in pgaudit.audit(None, (model, optimizer, StepLR(before, 2))).notes
    assert note not in pgaudit.audit(model, optimizer, scheduler=[StepLR(optimizer, 2)]).notes
    assert note not in pgaudit.audit(model, [before, optimizer], scheduler=StepLR(before, 2)).notes
    optimizer.load_state_dict(before.state_dict())  # which replaces its groups
    attached = StepLR(optimizer, 2)
    optimizer.load_state_dict(before.state_dict())
    assert note not in pgaudit.audit(model, optimizer, scheduler=attached).notes
