from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit import ConfigError
from tests.checks.built_cases import BuiltCase, Made, check_cases, sgd
from tests.checks.cases import audit, only, places

HEAD = "optimizer: {type: SGD, lr: 0.1, weight_decay: 0.1}\n"


def _tied(*, trainable: bool = True) -> nn.Module:
    model = nn.ModuleDict({"encoder": nn.Linear(2, 2, bias=False), "decoder": nn.Linear(2, 2)})
    model["decoder"].weight = model["encoder"].weight
    model["encoder"].weight.requires_grad = trainable
    return model


def test_a_tied_parameter_is_found_and_both_lots_are_named(tmp_path: Path) -> None:
    report = audit(tmp_path, HEAD + "paramwise_cfg:\n  custom_keys: {decoder: {lr_mult: 10}}\n", _tied())
    assert places(report, "PG009") == [("PG009", 2, 1)]
    finding = only(report, "PG009")
    assert finding.param == "encoder.weight"
    assert "encoder.weight (lr 0.1, decay 0.1), decoder.weight (lr 1, decay 0.1)" in finding.message


def test_bypass_duplicate_keeps_it_silent(tmp_path: Path) -> None:
    report = audit(tmp_path, HEAD + "paramwise_cfg: {bypass_duplicate: true}\n", _tied())
    assert places(report, "PG009") == []


def test_bypass_duplicate_does_not_help_a_frozen_parameter(tmp_path: Path) -> None:
    report = audit(tmp_path, HEAD + "paramwise_cfg: {bypass_duplicate: true}\n", _tied(trainable=False))
    assert places(report, "PG009") == [("PG009", 2, 17)]
    assert only(report, "PG009").hint == (
        "bypass_duplicate does not help a frozen parameter; untie it or leave paramwise_cfg empty"
    )


class _TwiceListed(nn.Module):
    """Its own method gives one tensor a name that timm decays, and one that timm does not."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(2, 2))

    def named_parameters(self, *_: object, **__: object) -> Iterator[tuple[str, nn.Parameter]]:
        yield from (("w", self.w), ("w.bias", self.w))


def test_no_hint_names_an_option_that_the_constructor_has_not(tmp_path: Path) -> None:
    report = audit(tmp_path, HEAD + "constructor: timm\n", _TwiceListed())
    assert only(report, "PG009").hint == "untie it: no option of this constructor helps"


@pytest.mark.parametrize("options", ["", "paramwise_cfg: {}\n", "paramwise_cfg:\n"])
def test_one_group_for_all_has_no_duplicates(tmp_path: Path, options: str) -> None:
    assert places(audit(tmp_path, HEAD + options, _tied()), "PG009") == []


def test_no_optimizer_is_built_from_it() -> None:
    config = {"optimizer": {"type": "SGD", "lr": 0.1}, "paramwise_cfg": {"custom_keys": {}}}
    with pytest.raises(ConfigError, match="torch refuses it in more than one group"):
        pgaudit.build_optimizer(_tied(), config)


def _by_module(*, once: bool = False, known: bool = True) -> Made:
    """Groups made module by module, as torchvision, YOLO and mmyolo make them; ``once`` remembers what it has met."""
    model = _tied()
    found = [p for module in model.modules() for p in module.parameters(recurse=False)]
    found = list(dict.fromkeys(found)) if once else found
    return model if known else None, sgd({"params": found})


def _in_two_groups() -> Made:
    model = _tied()
    optimizer = sgd(model["encoder"])  # type: ignore[index]
    optimizer.param_groups.append({**optimizer.param_groups[0], "lr": 1.0})  # past add_param_group, which refuses it
    return model, optimizer


BUILT = {
    "twice in a group": BuiltCase(
        _by_module,
        ("1 tensor is several times in group 0, where torch only warns: encoder.weight",),
        "each step counts once for each time",
        ("encoder.weight",),
    ),
    "without the model": BuiltCase(lambda: _by_module(known=False), ("1 tensor is several times … group 0 [0]",)),
    "in two groups": BuiltCase(
        _in_two_groups, ("1 tensor is in groups 0, 1; torch refuses it in more than one group: encoder.weight",)
    ),
    "once": BuiltCase(lambda: _by_module(once=True)),
    "once, without the model": BuiltCase(lambda: _by_module(once=True, known=False)),
}
test_built = check_cases("PG009", BUILT)


@pytest.mark.filterwarnings("ignore:optimizer contains a parameter group with duplicate")
def test_a_tensor_that_stands_twice_steps_twice() -> None:
    """What the finding says of torch."""
    moved = {}
    for once in (True, False):
        torch.manual_seed(0)
        model, optimizer = _by_module(once=once)
        before = model["encoder"].weight.detach().clone()
        model["encoder"](torch.ones(1, 2)).sum().backward()
        optimizer.step()
        moved[once] = before - model["encoder"].weight.detach()
    assert torch.allclose(moved[False], 2 * moved[True])
