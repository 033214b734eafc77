"""Where the real mmcv or torch raises for reasons of their own, pgaudit may not answer silently."""

from __future__ import annotations

from typing import Any

import pytest

from tests.parity.client import Oracle
from tests.parity.compare import Case, audit, compare, our_groups, real_groups, refuses
from tests.parity.trees import Spec, block, build, node

SGD = {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4}
LINEAR = node("Linear", 2, 2)
RULE = {"bias_lr_mult": 2.0}

REFUSED_OPTIMIZERS: list[dict[str, Any]] = [
    {"type": "NoSuchOptimizer", "lr": 0.1},
    {"type": "SGD", "lr": 0.1, "momentumm": 0.9},
    {"type": "SGD", "lr": -0.1},
    {"type": "SGD", "lr": 0.1, "weight_decay": -1.0},
    {"type": "SGD", "lr": 0.1, "nesterov": True},
    {"type": "SGD", "lr": None},
    {"type": "Adam", "lr": 0.1, "betas": [0.9, 1.5]},
    {"type": "Rprop", "lr": 0.1, "weight_decay": 0.1},
    {"type": "Muon", "lr": 0.1},
    {"type": "LBFGS", "lr": 0.1},
    {"lr": 0.1},
]


@pytest.mark.parametrize("optimizer", REFUSED_OPTIMIZERS, ids=str)
def test_what_the_optimizer_refuses(mmcv: Oracle, optimizer: dict[str, Any]) -> None:
    case: Case = {"model": {"root": LINEAR}, "optimizer": optimizer, "paramwise_cfg": RULE}
    assert "error" in mmcv.ask(**case)
    assert refuses(build(case["model"]), case)


@pytest.mark.parametrize(
    "optimizer",
    [
        {"type": "LBFGS", "lr": 0.1},
        {"type": "SGD", "lr": 1, "weight_decay": 0},
        {"type": "Adam", "lr": 0.1, "betas": [0.9, 0.99]},
        {"type": "SGD"},
        {"type": "Lamb"},
        {"type": "Adafactor"},
    ],
    ids=str,
)
def test_one_group_where_there_are_no_rules(mmcv: Oracle, optimizer: dict[str, Any]) -> None:
    assert compare(mmcv, {"model": {"root": LINEAR}, "optimizer": optimizer}) == 4


@pytest.mark.parametrize("rules", [None, RULE], ids=str)
def test_a_model_without_parameters(mmcv: Oracle, rules: dict[str, Any] | None) -> None:
    case: Case = {"model": {"root": node("ReLU")}, "optimizer": SGD, "paramwise_cfg": rules}
    assert mmcv.ask(**case)["error"]["type"] == "ValueError"
    assert refuses(build(case["model"]), case)


CIRCLE: Spec = {"root": block(child=block(head=LINEAR)), "shares": [["child", "parent", ""]]}


def test_a_module_that_holds_its_own_parent(mmcv: Oracle) -> None:
    case: Case = {"model": CIRCLE, "optimizer": SGD, "paramwise_cfg": RULE}
    assert mmcv.ask(**case)["error"]["type"] == "RecursionError"
    assert refuses(build(CIRCLE), case)


def test_a_circle_does_no_harm_where_there_are_no_rules(mmcv: Oracle) -> None:
    assert compare(mmcv, {"model": CIRCLE, "optimizer": SGD}) == 4


def test_a_child_called_module_that_is_none(mmcv: Oracle) -> None:
    case: Case = {"model": {"root": block(module=None, head=LINEAR)}, "optimizer": SGD}
    assert mmcv.ask(**case)["error"]["type"] == "AttributeError"
    assert refuses(build(case["model"]), case)


def test_parameters_that_have_no_shape_yet(mmcv: Oracle) -> None:
    spec: Spec = {"root": block(conv=node("LazyConv2d", 4, 1), fc=node("LazyLinear", 4))}
    assert compare(mmcv, {"model": spec, "optimizer": SGD, "paramwise_cfg": RULE}) == 8


def test_empty_and_scalar_parameters(mmcv: Oracle) -> None:
    spec: Spec = {"root": block(none=[0, 3], scalar=[], bias=[0], fc=LINEAR)}
    assert compare(mmcv, {"model": spec, "optimizer": SGD, "paramwise_cfg": RULE}) == 10


def test_names_that_look_like_something_else(mmcv: Oracle) -> None:
    odd = {"bias": LINEAR, "a b": LINEAR, "*": LINEAR, "[x]": LINEAR, "conv_offset": LINEAR}
    spec: Spec = {"root": block(**odd)}
    keys = {"*": {"lr_mult": 3.0}, "[x]": {"lr_mult": 5.0}, "a b": {"lr_mult": 7.0}, "bias": {}}
    case: Case = {"model": spec, "optimizer": SGD, "paramwise_cfg": {**RULE, "custom_keys": keys}}
    assert compare(mmcv, case) == 20


@pytest.mark.parametrize("rules", [None, {}, RULE, {"custom_keys": {"backbone": {"lr_mult": 3.0}}}], ids=str)
@pytest.mark.parametrize("kind", ["HeadOnly", "DottedNames"])
def test_models_that_list_their_parameters_in_their_own_way(mmcv: Oracle, kind: str, rules: Any) -> None:
    case: Case = {"model": {"root": node(kind)}, "optimizer": SGD}
    assert settings_of(mmcv, case if rules is None else {**case, "paramwise_cfg": rules}) > 0


def test_dotted_own_names_are_matched_as_they_are(mmcv: Oracle) -> None:
    rules = {
        "bypass_duplicate": True,
        "bias_lr_mult": 2.0,
        "bias_decay_mult": 0.0,
        "custom_keys": {".a": {"lr_mult": 3.0}},
    }
    for spec in ({"root": node("DottedNames")}, {"root": block(inner=node("DottedNames"))}):
        assert settings_of(mmcv, {"model": spec, "optimizer": SGD, "paramwise_cfg": rules}) == 4


@pytest.mark.parametrize("forgotten", [["out_channels"], ["in_channels"], ["groups"]], ids=str)
@pytest.mark.parametrize("rules", [{}, {"dwconv_decay_mult": 0.0}, {"custom_keys": {"": {}}}], ids=str)
def test_a_conv_that_forgot_its_numbers(mmcv: Oracle, forgotten: list[str], rules: Any) -> None:
    settings_of(mmcv, {"model": {"root": node("OddConv2d", *forgotten)}, "optimizer": SGD, "paramwise_cfg": rules})


def test_a_conv_that_forgot_its_numbers_is_asked_for_them_even_if_frozen(mmcv: Oracle) -> None:
    model = block("Sequential", **{"0": node("OddConv2d", "groups"), "1": LINEAR})
    case: Case = {"model": {"root": model, "frozen": ["0.weight", "0.bias"]}, "optimizer": SGD, "paramwise_cfg": RULE}
    assert mmcv.ask(**case)["error"]["type"] == "AttributeError"
    assert refuses(build(case["model"]), case)


def settings_of(mmcv: Oracle, case: Case) -> int:
    """Compares settings where a report has no row for a name that the model itself does not list."""
    real = mmcv.ask(**case)
    if "error" in real:
        assert refuses(build(case["model"]), case)
        return 0
    ours = our_groups(audit(build(case["model"]), case), real["defaults"])
    assert [group[1:] for group in ours] == [group[1:] for group in real_groups(real)]
    assert sum(len(group[0]) for group in ours) == sum(len(group[0]) for group in real_groups(real))
    return 2 * sum(len(group["names"]) for group in real["groups"])
