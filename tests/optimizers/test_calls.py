"""How libraries call optimizers: timm's own registry is the oracle."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pgaudit.optimizers.calls import build, call_of
from pgaudit.optimizers.classes import OptimizerError


def test_a_class_is_called_with_what_stands_there() -> None:
    arguments = {"lr": 0.1}
    call = call_of("SGD", arguments)
    assert (call.kind, call.arguments, call.wrapper) == (torch.optim.SGD, arguments, None)


@pytest.mark.parametrize(
    ("name", "given", "kind", "called"),
    [
        ("sgd", {"lr": 0.1}, "SGD", {"lr": 0.1, "nesterov": True, "momentum": 0.9}),
        ("SGD", {"momentum": 0.5}, "SGD", {"nesterov": True, "momentum": 0.5}),
        ("momentum", {"lr": 0.1}, "SGD", {"lr": 0.1, "nesterov": False, "momentum": 0.9}),
        ("adamw", {"momentum": 0.9, "foreach": False}, "AdamW", {"foreach": False}),
        ("adamw", {"lr": None, "eps": 1e-6}, "AdamW", {"eps": 1e-6}),
        ("lion", {"eps": 1e-6, "betas": [0.9, 0.9]}, "Lion", {"betas": [0.9, 0.9]}),
        ("sgd", {"eps": 1e-6, "betas": [0.9, 0.9]}, "SGD", {"nesterov": True, "momentum": 0.9}),
        ("lambc", {"lr": 0.1}, "Lamb", {"lr": 0.1, "trust_clip": True}),
    ],
)
def test_timms_factory_adds_and_drops(name: str, given: dict[str, Any], kind: str, called: dict[str, Any]) -> None:
    call = call_of(name, {**given, "weight_decay": 0.0}, "timm")
    assert (call.kind.__name__, call.wrapper) == (kind, None)
    assert call.arguments == {**called, "weight_decay": 0.0}


def test_lookahead_is_a_wrapper() -> None:
    call = call_of("lookahead_momentum", {"lr": 0.1, "weight_decay": 0.0}, "timm")
    assert call.kind is torch.optim.SGD
    assert call.wrapper is not None
    assert call.wrapper.endswith(":Lookahead")
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = build(call, [{"params": [parameter], "lr": 0.5}])
    assert type(optimizer).__name__ == "Lookahead"
    assert optimizer.param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("adamv", 'ValueError: Optimizer adamv not found in registry \\(did you mean "adamw?"\\?\\)'),
        ("lookahead_adamv", 'Optimizer adamv not found in registry \\(did you mean "adamw?"\\?\\)'),
        ("torch.optim:AdamW", 'did you mean "adamw'),
        ("mine:Optimizer", "no class of your own"),
        ("fusedadam", "AssertionError: CUDA required"),
    ],
)
def test_names_that_timm_refuses(name: str, message: str) -> None:
    if name == "fusedadam" and torch.cuda.is_available():
        pytest.skip("apex may be there")
    with pytest.raises(OptimizerError, match=message) as caught:
        call_of(name, {"lr": 0.1}, "timm")
    assert caught.value.argument == "type"


def test_timm_stays_as_it_is() -> None:
    from timm.optim._optim_factory import default_registry

    before = dict(vars(default_registry))
    call_of("lookahead_sgd", {"lr": 0.1}, "timm")
    assert vars(default_registry) == before
    assert "get_optimizer_class" not in vars(default_registry)
