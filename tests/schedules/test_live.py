"""Live schedulers: their lrs are those that they go on to set, and nothing of the user's own changes."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn, optim
from torch.optim import lr_scheduler as torch_lr

from pgaudit.built.audit import audit_objects
from pgaudit.core.schedule import OptimizerSchedule, ScheduleRequest
from pgaudit.report import Report
from tests.budget import examples
from tests.parity.client import Oracle
from tests.schedules.groups import GROUPS, STEPS, lrs_at, optimizer_of, stepped
from tests.schedules.test_timm import CALLS, _real


def report_of(optimizer: Any, scheduler: Any, *at: int) -> Report:
    return audit_objects(None, optimizer, scheduler, ScheduleRequest(tuple(at)))


def followed(optimizer: Any, scheduler: Any, *at: int) -> OptimizerSchedule:
    """What pgaudit says of a live scheduler; the user's own objects are as they were."""
    before = state_of(optimizer, scheduler)
    report = report_of(optimizer, scheduler, *at)
    assert state_of(optimizer, scheduler) == before
    assert report.over_time is not None
    (found,) = report.over_time.optimizers
    assert found is not None
    return found


def state_of(optimizer: Any, *schedulers: Any) -> str:
    """Everything that stands in groups and schedulers, objects by their identity."""
    groups = [{**group, "params": list(map(id, group["params"]))} for group in optimizer.param_groups]
    return repr((optimizer.defaults, groups, [_plain(scheduler) for scheduler in schedulers]))


def _plain(scheduler: Any) -> dict[str, Any]:
    held = dict(vars(scheduler))
    inside = held.pop("_schedulers", ())
    return {**held, "optimizer": id(scheduler.optimizer), "inside": [_plain(each) for each in inside]}


# torch's own, and classes derived from them.


class Halving(torch_lr.LRScheduler):
    """A user's own class: each lr from the last one."""

    def get_lr(self) -> list[Any]:
        return [group["lr"] * (0.5 if self.last_epoch % 7 == 6 else 1.0) for group in self.optimizer.param_groups]


class Capped(torch_lr.CosineAnnealingLR):
    """A user's class derived from one with a closed form, which is then not its own."""

    def get_lr(self) -> list[Any]:
        return [max(0.002, lr) for lr in super().get_lr()]


class Rooted(torch_lr.LambdaLR):
    """The same for a class that torch can ask straight away."""

    def get_lr(self) -> list[Any]:
        return [lr * (0.9 if self.last_epoch % 2 else 1.0) for lr in super().get_lr()]


def _sequence(optimizer: Any) -> Any:
    parts = [torch_lr.LinearLR(optimizer, 0.1, total_iters=5), torch_lr.CosineAnnealingLR(optimizer, 30)]
    return torch_lr.SequentialLR(optimizer, parts, [5])


def _chain(optimizer: Any) -> Any:
    return torch_lr.ChainedScheduler(
        [torch_lr.ExponentialLR(optimizer, 0.95), torch_lr.ConstantLR(optimizer, 0.5, 4)], optimizer
    )


KINDS: dict[str, Callable[[Any], Any]] = {
    "StepLR": lambda optimizer: torch_lr.StepLR(optimizer, 7, 0.3),
    "MultiStepLR": lambda optimizer: torch_lr.MultiStepLR(optimizer, [3, 3, 9, 40], 0.3),
    "ExponentialLR": lambda optimizer: torch_lr.ExponentialLR(optimizer, 0.97),
    "CosineAnnealingLR": lambda optimizer: torch_lr.CosineAnnealingLR(optimizer, 40, 1e-5),
    "CosineAnnealingWarmRestarts": lambda optimizer: torch_lr.CosineAnnealingWarmRestarts(optimizer, 5, 2),
    "OneCycleLR": lambda optimizer: torch_lr.OneCycleLR(optimizer, 0.3, 100),
    "LambdaLR": lambda optimizer: torch_lr.LambdaLR(optimizer, lambda step: 1 / (1 + step)),
    "MultiplicativeLR": lambda optimizer: torch_lr.MultiplicativeLR(optimizer, lambda step: 0.99),
    "PolynomialLR": lambda optimizer: torch_lr.PolynomialLR(optimizer, 30, 2.0),
    "SequentialLR": _sequence,
    "ChainedScheduler": _chain,
    "a class of the user's": Halving,
    "a class derived from CosineAnnealingLR": lambda optimizer: Capped(optimizer, 40),
    "a class derived from LambdaLR": lambda optimizer: Rooted(optimizer, lambda step: 0.99**step),
}


@settings(max_examples=examples(900))
@given(kind=st.sampled_from(sorted(KINDS)), groups=GROUPS, made=st.integers(0, 20), steps=STEPS)
def test_the_lrs_are_those_that_it_goes_on_to_set_at_random(
    kind: str, groups: list[dict[str, Any]], made: int, steps: list[int]
) -> None:
    optimizer = optimizer_of(groups)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = KINDS[kind](optimizer)
        for _ in range(made):
            scheduler.step()
        found = followed(optimizer, scheduler, *steps)
    later = [step - made for step in steps if step >= made]
    real = stepped(optimizer, lambda _: scheduler.step(), later) if later else {}
    for step in steps:
        wanted = real[step - made] if step >= made else None
        assert lrs_at(found, step) == ([None] * len(groups) if wanted is None else wanted), (kind, step)


@pytest.mark.parametrize("kind", ["a class derived from CosineAnnealingLR", "a class derived from LambdaLR"])
def test_a_derived_class_is_stepped_one_by_one_however_far(kind: str) -> None:
    optimizer = optimizer_of([{"lr": 0.1}])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = KINDS[kind](optimizer)
        found = followed(optimizer, scheduler, 3001)
    assert [lrs_at(found, 3001)] == list(stepped(optimizer, lambda _: scheduler.step(), [3001]).values())


# timm's.


@settings(max_examples=examples(300))
@given(call=CALLS, groups=GROUPS, made=st.integers(0, 20), steps=STEPS)
def test_a_live_scheduler_of_timms_at_random(
    call: dict[str, Any], groups: list[dict[str, Any]], made: int, steps: list[int]
) -> None:
    optimizer, other = optimizer_of(groups), optimizer_of(groups)
    try:
        (scheduler, _), (real, _) = _real(call, optimizer), _real(call, other)
    except Exception:
        scheduler = real = None
    assume(scheduler is not None and call["type"] != "plateau")

    def step(of: Any, number: int) -> None:
        of.step(number) if of.t_in_epochs else of.step_update(number)

    lrs = stepped(other, lambda number: step(real, number), sorted({*steps, made}))
    assume(lrs[made] is not None)
    for number in range(made):
        step(scheduler, number + 1)
    found = followed(optimizer, scheduler, *steps)
    for wanted in steps:  # timm's lrs follow from the step alone: those before are known, too
        real_lrs = lrs[wanted]
        assert lrs_at(found, wanted) == ([None] * len(groups) if real_lrs is None else real_lrs), wanted
    assert found.unit == ("epoch" if call.get("step_on_epochs", True) else "step")
    assert "lr_mult" not in found.read


def test_timms_plateau_goes_by_a_metric() -> None:
    optimizer = optimizer_of([{"lr": 0.1, "lr_scale": 0.5}])
    scheduler, _ = _real({"type": "plateau", "warmup_epochs": 2, "warmup_lr": 0.0}, optimizer)
    found = followed(optimizer, scheduler, 0, 1, 2, 3)
    assert [lrs_at(found, step) for step in range(4)] == [[0.0], [0.025], [0.05], [None]]
    (note,) = found.notes
    assert "a metric, which only the training knows" in note


# transformers', accelerate's and Lightning's.

OF_TRANSFORMERS: dict[str, dict[str, Any] | None] = {
    "linear": None,
    "cosine": {"num_cycles": 1.5},
    "cosine_with_restarts": {"num_cycles": 2},
    "polynomial": {"power": 2.0},
    "constant": None,
    "constant_with_warmup": None,
    "inverse_sqrt": None,
    "cosine_with_min_lr": {"min_lr": 1e-3},
    "cosine_warmup_with_min_lr": {"min_lr_rate": 0.1},
    "warmup_stable_decay": {"num_decay_steps": 5},
}


@pytest.mark.parametrize("around", ["", "inside", "wrapped"])
@pytest.mark.parametrize("name", sorted(OF_TRANSFORMERS))
def test_a_live_schedule_of_transformers(training: Oracle, name: str, around: str) -> None:
    given = {"type": name, "specific": OF_TRANSFORMERS[name]}
    for made in (0, 4):
        answer = training.ask(function="live", given=given, made=made, steps=[0, 2, 4, 10, 25], around=around)
        assert "broken" not in answer, answer["broken"]
        found = answer["ours"]
        real = [lrs or [None] * 4 for lrs in answer["real"]["lrs"]]
        assert found["lrs"] == real
        if name not in ("constant", "constant_with_warmup", "inverse_sqrt"):
            assert found["ends"] == 20
            assert found["points"][-1] == 20
        assert found["warms_up"] == (None if name == "constant" else 3)
    if name == "cosine":
        words = "num_warmup_steps 3 num_training_steps 20 num_cycles 1.5"
        assert found["title"].startswith(f"get_cosine_schedule_with_warmup {words}")


@pytest.mark.parametrize("name", ["reduce_lr_on_plateau", "greedy"])
def test_a_live_schedule_by_a_metric(training: Oracle, name: str) -> None:
    found = training.ask(function="live", given={"type": name}, made=0, steps=[0, 1], around="")["ours"]
    assert found["lrs"] == [[0.01, 0.02, 0.04, 0.08], [None] * 4]
    (note,) = found["notes"]
    assert "is stepped with a value that only the training knows" in note


def test_schedulers_of_single_layers_are_not_followed(training: Oracle) -> None:
    found = training.ask(function="layerwise")
    assert found["lrs"] == [[None], [None]]
    assert found["notes"] == [
        "the lrs of LayerWiseDummyScheduler are not known: each parameter has an optimizer and a scheduler of its own"
    ]


@pytest.mark.parametrize(
    ("arguments", "run"),
    [({"max_steps": 10, "warmup_steps": 3}, None), ({"lr_scheduler_type": "cosine", "warmup_steps": 0.2}, 10)],
)
def test_a_trainer_that_has_not_begun(training: Oracle, arguments: dict[str, Any], run: int | None) -> None:
    found = training.ask(function="trainer", arguments=arguments, run=run)
    assert "broken" not in found, found["broken"]
    assert found["ours"] == found["real"]
    assert found["untouched"]
    assert found["lr"] == 0.01


def test_a_trainer_of_unknown_length(training: Oracle) -> None:
    assert training.ask(function="trainer", arguments={}) == {
        "refused": "the trainer's schedule: nothing says how long the run is, by which transformers' linear goes",
        "hint": "--steps N says it, or max_steps in the config",
    }


@pytest.mark.parametrize("form", ["lists", "dict", "config", "configs"])
def test_what_configure_optimizers_returns(training: Oracle, form: str) -> None:
    found = training.ask(function="lightning", form=form)
    assert found["lrs"] == [[0.1], [0.1 * 0.1], [0.1 * 0.1 * 0.1]]


# What cannot be followed.


class Locked(torch_lr.StepLR):
    """Holds what nobody can copy."""

    def __init__(self, optimizer: Any) -> None:
        self.lock = threading.Lock()
        super().__init__(optimizer, 2)


class Raising(torch_lr.LRScheduler):
    """Raises at its third step."""

    def get_lr(self) -> list[Any]:
        if self.last_epoch == 3:
            raise RuntimeError("the data are not there")
        return [group["lr"] for group in self.optimizer.param_groups]


def test_what_cannot_be_copied_is_told() -> None:
    optimizer = optimizer_of([{"lr": 0.1}, {"lr": 0.2}])
    report = report_of(optimizer, Locked(optimizer), 0, 5)
    (note,) = report.notes
    assert note == "the lrs of Locked are not known: TypeError: cannot pickle '_thread.lock' object"
    assert [report.lrs_at(param) for param in report] == [{0: None, 5: None}] * 2


def test_what_raises_is_told() -> None:
    optimizer = optimizer_of([{"lr": 0.1}])
    scheduler = Raising(optimizer)
    assert [lrs_at(followed(optimizer, scheduler, 0, 2), step) for step in (0, 2)] == [[0.1], [0.1]]
    report = report_of(optimizer, scheduler, 0, 5)
    (note,) = report.notes
    assert "Raising would raise RuntimeError: the data are not there at step 3" in note
    assert [report.lrs_at(param) for param in report] == [{0: None, 5: None}]


def test_a_metric_is_for_the_training_to_know() -> None:
    optimizer = optimizer_of([{"lr": 0.1}])
    found = followed(optimizer, torch_lr.ReduceLROnPlateau(optimizer), 0, 5)
    assert [lrs_at(found, step) for step in (0, 5)] == [[0.1], [None]]
    (note,) = found.notes
    assert "only the training knows" in note


def test_several_schedulers_step_together() -> None:
    optimizer = optimizer_of([{"lr": 0.1}, {"lr": 0.3, "lr_scale": 0.5}])
    schedulers = [torch_lr.StepLR(optimizer, 2), torch_lr.LinearLR(optimizer, 0.1, total_iters=3)]
    found = followed(optimizer, schedulers[0], 0)  # the other one is not attached
    assert found.title == "StepLR step_size 2"
    report = audit_objects(None, optimizer, schedulers, ScheduleRequest((0, 2, 5)))
    assert report.over_time is not None
    (both,) = report.over_time.optimizers
    assert both is not None
    assert both.unread == ("lr_scale",)

    def step(_: int) -> None:
        for each in schedulers:
            each.step()

    real = stepped(optimizer, step, [0, 2, 5])
    assert {step: lrs_at(both, step) for step in (0, 2, 5)} == real


def test_a_scheduler_of_another_optimizer_is_not_asked() -> None:
    model = nn.Linear(2, 2)
    one, two = optim.SGD([model.weight], lr=0.1), optim.SGD([model.bias], lr=0.2)
    report = audit_objects(model, [one, two], torch_lr.StepLR(two, 1), ScheduleRequest((1,)))
    assert report.lrs_at(report["weight"]) == {1: 0.1}
    assert report.lrs_at(report["bias"]) == {1: 0.2 * 0.1}


def test_an_optimizer_inside_another_has_the_scheduler() -> None:
    from timm.optim.lookahead import Lookahead

    for of_inner in (True, False):
        inner = optimizer_of([{"lr": 0.1}])
        outer = Lookahead(inner)
        scheduler = torch_lr.StepLR(inner if of_inner else outer, 1)
        assert lrs_at(followed(outer, scheduler, 1), 1) == [0.1 * 0.1]


def test_an_lr_that_is_a_tensor() -> None:
    parameter = nn.Parameter(torch.zeros(2))
    optimizer = optim.Adam([parameter], lr=torch.tensor(0.5), capturable=True)
    found = followed(optimizer, torch_lr.StepLR(optimizer, 1, 0.5), 0, 1)
    assert [lrs_at(found, step) for step in (0, 1)] == [[0.5], [0.25]]


def test_lrs_that_were_left_behind_are_told_as_such() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 5)
    for _ in range(7):
        optimizer.step()
        scheduler.step()
    report = audit_objects(None, optimizer, scheduler, ScheduleRequest((0, 8)))
    assert list(report.lrs_at(report.params[0]).values()) == [None, optimizer.param_groups[0]["lr"]]
    assert "7 steps of StepLR step_size 5 have been made; the lr before is not known" in report.notes


def test_an_error_in_the_middle_of_a_run_is_no_end() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)
    optimizer.add_param_group({"params": [torch.zeros(2, requires_grad=True)]})
    report = audit_objects(None, optimizer, scheduler, ScheduleRequest((0, 8)))
    assert not [note for note in report.notes if "past its end" in note]
    assert [note for note in report.notes if "would raise ValueError: zip()" in note]
