"""Which classes take weight decay × lr off a weight, as their documentation says it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from timm.optim import adan, lamb, lion, nadamw, sgdw

from pgaudit.optimizers.decoupled import is_decoupled
from pgaudit.sources.products import with_products
from tests.render.over_time import POLICY, scheduled


@pytest.mark.parametrize(
    ("kind", "arguments", "expected"),
    [
        (torch.optim.AdamW, {}, True),
        (torch.optim.AdamW, {"amsgrad": True, "fused": True, "lr": 1.0, "weight_decay": 0.3}, True),
        (torch.optim.Adam, {}, False),
        (torch.optim.Adam, {"decoupled_weight_decay": True}, True),
        (torch.optim.NAdam, {}, False),
        (torch.optim.NAdam, {"decoupled_weight_decay": True}, True),
        (torch.optim.RAdam, {"decoupled_weight_decay": True}, True),
        (torch.optim.Muon, {}, True),
        (torch.optim.Adafactor, {}, True),  # its step depends on the weights, its weight decay does not
        (torch.optim.SGD, {}, True),
        (torch.optim.SGD, {"momentum": 0.9}, False),
        (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}, False),
        (torch.optim.RMSprop, {}, False),
        (torch.optim.Adagrad, {}, False),
        (torch.optim.LBFGS, {}, None),  # it has no weight decay
        (lion.Lion, {}, True),
        (nadamw.NAdamW, {}, True),
        (lamb.Lamb, {}, False),  # a trust ratio goes over the whole update
        (adan.Adan, {}, False),  # divides by 1 + lr × weight decay
        (sgdw.SGDW, {"momentum": 0.9}, True),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_it_is_what_the_class_does(kind: Any, arguments: dict[str, Any], expected: bool | None) -> None:
    assert is_decoupled(kind, arguments) is expected


class _Broken(torch.optim.SGD):
    def step(self, closure: Any = None) -> Any:
        raise KeyError("own state")


def test_a_class_that_cannot_be_stepped_says_nothing() -> None:
    assert is_decoupled(_Broken, {}) is None


@pytest.mark.parametrize("lr", [0.1, 1e-3])
def test_the_share_is_what_a_step_without_gradient_leaves_over(lr: float) -> None:
    policy = {**POLICY, "optimizer": {"type": "AdamW", "lr": lr, "weight_decay": 0.05}}
    report = with_products(scheduled(None, policy=policy))
    for row in report:
        share = report.decay_per_step(row)
        assert (share is None) == (row.lr is None)
        if share is None:
            continue
        weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
        weight.grad = torch.zeros_like(weight)
        torch.optim.AdamW([weight], lr=row.lr, weight_decay=row.weight_decay).step()  # type: ignore[arg-type]
        assert 1 - weight.item() == pytest.approx(share, rel=1e-9, abs=1e-15)


def test_without_weight_decay_nothing_is_taken_off_whatever_the_class() -> None:
    policy = {**POLICY, "optimizer": {"type": "Adam", "lr": 0.1}, "paramwise_cfg": {}}
    report = with_products(scheduled(None, policy=policy))
    assert {report.decay_per_step(row) for row in report if row.lr is not None} == {0.0}
