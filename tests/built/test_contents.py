"""Whatever holds optimizers: each form is looked into, and what it holds is found."""

from __future__ import annotations

import dataclasses
from collections import UserDict
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch import nn, optim

import pgaudit
from pgaudit.built.contents import Contents, is_optimizer, is_scheduler
from tests.built.cases import Net, agreed, claims_of, grouped, told
from tests.parity.client import Oracle

FORMS = {
    "one": (1, 0),
    "several": (2, 0),
    "several with schedulers": (2, 1),
    "dict": (1, 0),
    "dict with scheduler": (1, 1),
    "dict with config": (1, 1),
    "dicts": (1, 1),
}


@pytest.mark.parametrize(("form", "counts"), FORMS.items())
def test_all_that_a_lightning_module_may_return(library: Oracle, form: str, counts: tuple[int, int]) -> None:
    found = library.ask(scenario=f"lightning {form}")
    agreed(found, found["truth"])
    assert (len(found["types"]), found["schedulers"]) == counts
    assert "net.conv.weight" in found["rows"]


def test_a_trainer_of_transformers_makes_its_optimizer(library: Oracle) -> None:
    found = library.ask(scenario="transformers_trainer")
    agreed(found, found["truth"])
    assert len(found["groups"]) == 2


@dataclasses.dataclass
class Setup:
    model: Any
    optimizer: Any
    scheduler: Any


class Pair(NamedTuple):
    anything: Any
    other: Any


class Engine(nn.Module):
    """As DeepSpeed's: a module around the model, which has the optimizer, and steps."""

    def __init__(self, module: nn.Module, optimizer: Any) -> None:
        super().__init__()
        self.module = module
        self.optimizer = optimizer

    def step(self) -> None:
        """As an engine does."""


class Container(optim.Optimizer):
    """As torchtitan's OptimizersContainer: an optimizer of all tensors, which holds one for each part."""

    def __init__(self, optimizers: list[optim.Optimizer]) -> None:
        self.optimizers = optimizers
        tensors = [tensor for each in optimizers for group in each.param_groups for tensor in group["params"]]
        super().__init__(tensors, {"lr": 99.0})


class Owner:
    """As a trainer with attributes of the usual names; one of its properties is not there yet."""

    def __init__(self, model: nn.Module, optimizer: Any, scheduler: Any) -> None:
        self.network, self.optim, self.lr_scheduler = model, optimizer, scheduler

    @property
    def module(self) -> nn.Module:
        raise RuntimeError("not set up yet")


class Trainer:
    """As one that a user writes: its steps are those of the training."""

    def __init__(self, model: nn.Module, optimizer: Any, scheduler: Any) -> None:
        self.model, self.optimizer, self.scheduler = model, optimizer, scheduler

    def step(self, batch: Any) -> None:
        """As a trainer does."""


class Odd(optim.SGD):
    """An optimizer whose attribute of that name holds none."""

    optimizers = {"adam": "a name"}


class Hybrid(optim.Optimizer):
    """As Muon is published: it steps matrices itself, and has an optimizer for the rest."""

    def __init__(self, matrices: list[Any], others: list[Any], *, several: bool) -> None:
        super().__init__(matrices, {"lr": 0.02})
        auxiliary = optim.AdamW(others, lr=1e-3)
        if several:
            self.optimizers = [auxiliary]
        else:
            self.optimizer = auxiliary


def _with_schedule() -> tuple[Net, Any, Any]:
    model = Net()
    optimizer = grouped(model)
    return model, optimizer, optim.lr_scheduler.StepLR(optimizer, 1)


HOLDERS = {
    "a tuple": lambda m, o, s: (m, o, s),
    "in another order": lambda m, o, s: [s, o, m],
    "a mapping": lambda m, o, s: {"model": m, "optimizer": o, "scheduler": s},
    "another mapping": lambda m, o, s: UserDict(model=m, optimizer=o, scheduler=s),
    "a dataclass": Setup,
    "a named tuple": lambda m, o, s: Pair(m, Pair(o, s)),
    "a namespace": lambda m, o, s: SimpleNamespace(model=m, optimizer=o, scheduler=s),
    "an engine": lambda m, o, s: (Engine(m, o), s),
    "an owner": Owner,
    "a trainer that steps": Trainer,
    "twice the same": lambda m, o, s: [m, (o, s), {"optimizer": o}],
    "among other things": lambda m, o, s: (m, o, s, None, 3, "text", object()),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_the_same_is_found_in_whatever_holds_it(holder: str) -> None:
    model, optimizer, schedule = _with_schedule()
    given = HOLDERS[holder](model, optimizer, schedule)
    contents = Contents()
    contents.look_at(given)
    assert contents.optimizers == [("", optimizer)]
    assert contents.schedulers == [schedule]
    agreed(told(pgaudit.audit(model, given)), claims_of(model, [optimizer]))


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        (lambda a, b: [a, b], ["", ""]),
        (lambda a, b: (a, b), ["", ""]),
        (lambda a, b: {"g": a, "d": b}, ["g", "d"]),
        (lambda a, b: {"optimizers": {"g": a, "d": b}}, ["g", "d"]),
        (lambda a, b: Container([a, b]), ["", ""]),
        (lambda a, b: {"optimizer": a, "critic": b}, ["", "critic"]),
    ],
)
def test_several(given: Any, keys: list[str]) -> None:
    model = Net()
    pair = optim.SGD(model.conv.parameters(), lr=0.1), optim.AdamW(model.fc.parameters(), lr=0.2)
    found = told(pgaudit.audit(model, given(*pair)))
    agreed(found, claims_of(model, [*pair]))
    assert found["keys"] == keys
    assert found["types"] == ["SGD", "AdamW"]


def test_what_is_what() -> None:
    model, optimizer, schedule = _with_schedule()
    timms = CosineLRScheduler(optimizer, t_initial=3)
    assert [is_optimizer(each) for each in (optimizer, schedule, timms, model, None)] == [True, *[False] * 4]
    assert [is_scheduler(each) for each in (optimizer, schedule, timms, model, None)] == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_a_scheduler_that_holds_a_model_is_one() -> None:
    model, _, schedule = _with_schedule()
    schedule.model = model
    assert is_scheduler(schedule)


def test_a_module_that_trains_itself() -> None:
    class Manual(nn.Linear):
        def configure_optimizers(self) -> None:
            """Lightning takes that for a run without an optimizer."""

    with pytest.raises(pgaudit.ModelError, match="Manual returns None: it trains without an optimizer"):
        pgaudit.audit(None, Manual(2, 2))


def test_an_attribute_that_holds_no_optimizer() -> None:
    model = Net()
    optimizer = Odd(model.parameters(), lr=0.1)
    found = told(pgaudit.audit(model, optimizer))
    agreed(found, claims_of(model, [optimizer]))
    assert found["types"] == ["Odd"]


@pytest.mark.parametrize("several", [True, False])
def test_an_auxiliary_optimizer_is_one_of_two(several: bool) -> None:
    model = Net()
    split: list[list[Any]] = [[each for each in model.parameters() if (each.ndim > 1) == big] for big in (True, False)]
    optimizer = Hybrid(*split, several=several)
    (auxiliary,) = optimizer.optimizers if several else (optimizer.optimizer,)
    report = pgaudit.audit(model, optimizer)
    found = told(report)
    agreed(found, claims_of(model, [optimizer, auxiliary]))
    assert found["types"] == ["Hybrid", "AdamW"]
    assert not any("around" in note for note in report.notes)
    pgaudit.assert_covered(model, optimizer)


@pytest.mark.parametrize("kind", [tuple, set])
def test_a_group_keeps_its_place_whatever_holds_its_tensors(kind: Any) -> None:
    model = Net()
    optimizer = grouped(model)
    first = optimizer.param_groups[0]
    first["params"] = kind(first["params"])
    optimizer.param_groups = tuple(optimizer.param_groups)
    agreed(told(pgaudit.audit(model, optimizer)), claims_of(model, [optimizer]))


def test_the_model_is_the_one_that_is_trained() -> None:
    """Whatever stands beside it: an average of it, a teacher, its own part."""
    model = Net()
    optimizer = grouped(model)
    for beside in (optim.swa_utils.AveragedModel(model), Net(), model.conv):
        for given in ((beside, model, optimizer), (model, beside, optimizer)):
            report = pgaudit.audit(None, given)
            agreed(told(report), claims_of(model, [optimizer]))
            assert not any("another model" in note for note in report.notes)


def test_two_models_that_are_both_trained() -> None:
    generator, critic = Net(), Net()
    pair = grouped(generator), optim.SGD(critic.parameters(), lr=0.1)
    report = pgaudit.audit(None, {"g": generator, "d": critic, "g_opt": pair[0], "d_opt": pair[1]})
    count = len(list(critic.parameters()))
    assert [note for note in report.notes if "another model" in note] == [
        f"{count} tensors in the optimizers are of another model, Net: an nn.ModuleDict of both shows both"
    ]
    both = nn.ModuleDict({"g": generator, "d": critic})
    for report in (pgaudit.audit(None, [both, *pair]), pgaudit.audit(both, [generator, critic, *pair])):
        agreed(told(report), claims_of(both, [*pair]))
        assert not any("another model" in note for note in report.notes)
