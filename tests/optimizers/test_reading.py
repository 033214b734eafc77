"""Whatever way a class looks into its groups, the key is found."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from safetensors import serialize
from torch import nn, optim

import pgaudit
from pgaudit.built import audit_objects
from pgaudit.convert import convert_built
from pgaudit.optimizers.reading import reading_of

KEYS = ("ratio_of_two", "ratio_of_three")
OTHER = "ratio_of_three"


def helper(group: dict[str, Any]) -> float:
    return float(group.get("ratio", 1.0))


def deeper(group: dict[str, Any]) -> float:
    return helper(group)


def unpacked(*, ratio: float = 1.0, **_: Any) -> float:
    return ratio


class Scaled(optim.SGD):
    """Moves each tensor by the lr times what :meth:`ratio` says of its group."""

    ratio: Callable[..., Any] = lambda self, group: 1.0

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for tensor in group["params"]:
                tensor.sub_(torch.ones_like(tensor) * (group["lr"] * self.ratio(group)))


class ByMethod(Scaled):
    def ratio(self, group: Any) -> Any:
        return group.get("ratio", 1.0)


class ByStatic(Scaled):
    @staticmethod
    def ratio(group: Any) -> Any:
        return group.get("ratio", 1.0)


class ByClassMethod(Scaled):
    @classmethod
    def ratio(cls, group: Any) -> Any:
        return group.get("ratio", 1.0)


class ByProperty(Scaled):
    @property
    def ratio(self) -> Any:  # type: ignore[override]
        return lambda group: group.get("ratio", 1.0)


class ByHelper(Scaled):
    def ratio(self, group: Any) -> Any:
        return deeper(group)


class ByConstant(Scaled):
    KEY = "ratio"

    def ratio(self, group: Any) -> Any:
        return group.get(self.KEY, 1.0)


GLOBAL = {"key": ["ratio"]}


class ByGlobal(Scaled):
    def ratio(self, group: Any) -> Any:
        return group.get(GLOBAL["key"][0], 1.0)


class ByTuple(Scaled):
    def ratio(self, group: Any) -> Any:
        for key in ("other_ratio", "ratio"):
            if key in group:
                return group[key]
        return 1.0


class ByUnpacking(Scaled):
    def ratio(self, group: Any) -> Any:
        return unpacked(**group)


class ByPartial(Scaled):
    ratio = staticmethod(functools.partial(lambda key, group: group.get(key, 1.0), "ratio"))


class ByAttribute(Scaled):
    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.key = "".join(["ra", "tio"])

    def ratio(self, group: Any) -> Any:
        return group.get(self.key, 1.0)


class Rule:
    def __call__(self, group: Any) -> Any:
        return group.get("ratio", 1.0)


class Tools:
    @staticmethod
    def ratio(group: Any) -> Any:
        return group.get("ratio", 1.0)


RULE = Rule()
BOUND = RULE.__call__


class ByGlobalObject(Scaled):
    def ratio(self, group: Any) -> Any:
        return RULE(group)


class ByBoundMethod(Scaled):
    def ratio(self, group: Any) -> Any:
        return BOUND(group)


class ByOtherClass(Scaled):
    def ratio(self, group: Any) -> Any:
        return Tools.ratio(group)


class ByObject(Scaled):
    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.rule = Rule()

    def ratio(self, group: Any) -> Any:
        return self.rule(group)


def _decorated() -> Any:
    def cached(function: Any) -> Any:
        @functools.wraps(function)
        def call(self: Any, group: Any) -> Any:
            return function(self, group)

        return call

    class ByDecorator(Scaled):
        @cached
        def ratio(self, group: Any) -> Any:
            return group.get("ratio", 1.0)

    return ByDecorator


READERS = [
    ByMethod, ByStatic, ByClassMethod, ByProperty, ByHelper, ByConstant, ByGlobal, ByTuple, ByUnpacking, ByPartial,
    ByAttribute, ByObject, ByGlobalObject, ByBoundMethod, ByOtherClass, _decorated(),
]  # fmt: skip


def _made(kind: type[optim.Optimizer]) -> tuple[nn.Module, Any]:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    groups: list[dict[str, Any]] = [
        {"params": model[0].parameters(), "ratio": 0.5, "label": "stem"},
        {"params": model[1].parameters()},
    ]
    return model, kind(groups, lr=0.1)  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", [*READERS, Scaled], ids=lambda kind: kind.__name__)
def test_a_key_is_unread_only_where_it_changes_nothing(kind: type[optim.Optimizer]) -> None:
    model, optimizer = _made(kind)
    report = audit_objects(model, optimizer)
    before = model[0].weight.detach().clone()  # type: ignore[index]
    optimizer.step()
    moved = float((before - model[0].weight.detach()).mean())  # type: ignore[index]
    is_read = moved == pytest.approx(0.05)
    assert is_read == (kind is not Scaled)
    inert = report["0.weight"].setting.inert
    assert ("ratio" in inert) == (not is_read)
    assert "label" in inert


@pytest.mark.parametrize("kind", [ByStatic, ByHelper, ByGlobal], ids=lambda kind: kind.__name__)
def test_what_is_read_is_converted(kind: Any) -> None:
    written = convert_built(audit_objects(*_made(kind)), "rules")
    assert "ratio: 0.5" in written.text
    assert any(note.endswith("looks for it: label") or "reads it: label" in note for note in written.notes)


@pytest.mark.parametrize(
    "schedule",
    [
        lambda each: optim.lr_scheduler.OneCycleLR(each, 0.2, total_steps=5),
        lambda each: optim.lr_scheduler.CyclicLR(each, 0.1, 0.2, step_size_up=3),
        lambda each: optim.swa_utils.SWALR(each, swa_lr=0.05),
    ],
    ids=["OneCycleLR", "CyclicLR", "SWALR"],
)
def test_what_a_scheduler_keeps_in_groups_is_read(schedule: Any) -> None:
    model = nn.Linear(2, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    its = schedule(optimizer)
    report = pgaudit.audit(model, optimizer, scheduler=its)
    assert set(optimizer.param_groups[0]) - {"params", *optimizer.defaults} - {"initial_lr"} <= set(
        report["weight"].setting.extra
    )
    assert not report["weight"].setting.inert


class Compiled(Scaled):
    def ratio(self, group: Any) -> Any:
        return serialize(group) if "never" in group else 1.0


def test_what_compiled_code_reads_is_not_known() -> None:
    """Nothing is then said to be read by nobody."""
    assert reading_of(optim.SGD).whole
    assert not reading_of(Compiled).whole
    assert not audit_objects(*_made(Compiled))["0.weight"].setting.inert


class Odd:
    """As the stand-ins of web frameworks: it raises whatever it is asked."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("outside of a request")


ODD = Odd()
CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


class ByOddities(Scaled):
    def ratio(self, group: Any) -> Any:
        return float(id(ODD) != id(CIRCLE))


def test_odd_globals_do_no_harm() -> None:
    assert not audit_objects(*_made(ByOddities))["0.weight"].setting.inert  # nothing is claimed
