"""The constructor `rtdetr`, point by point; groups are compared with D-FINE's own in tests/parity."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

import pgaudit
from pgaudit import ConfigError
from pgaudit.explanation import explanations
from tests.checks.cases import only
from tests.parity.named import named

NAMES = ("backbone.conv.weight", "backbone.bn.weight", "backbone.bn.bias", "head.weight", "head.bias")
BACKBONE = "^(?=.*backbone)(?!.*bn).*$"
NORMS = "^(?=.*backbone)(?=.*bn).*$"


def policy(*entries: Any, **optimizer: Any) -> dict[str, Any]:
    arguments = {"type": "AdamW", "lr": 0.5, "weight_decay": 0.25, **optimizer}
    return {"constructor": "rtdetr", "optimizer": arguments, "paramwise_cfg": {"params": list(entries)}}


def audited(*entries: Any, of: nn.Module | None = None, **optimizer: Any) -> pgaudit.Report:
    return pgaudit.audit(of or named(NAMES), policy(*entries, **optimizer))


def refusal(config: Any, of: nn.Module | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        pgaudit.audit(of or named(NAMES), config)
    return str(caught.value)


def test_an_entry_is_a_group_and_the_rest_is_the_last() -> None:
    report = audited({"params": BACKBONE, "lr": 0.1}, {"params": NORMS, "lr": 0.1, "weight_decay": 0.0})
    assert [(group.lr, group.weight_decay, group.parameters) for group in report.groups] == [
        (0.1, 0.25, 1),
        (0.1, 0.0, 2),
        (0.5, 0.25, 2),
    ]
    rules = report["backbone.conv.weight"].setting
    assert rules.lr_rule is not None
    assert rules.weight_decay_rule is not None
    assert (rules.lr_rule.full, rules.weight_decay_rule.full) == (f"params.{BACKBONE}", "default")


def test_an_empty_group_stays_and_is_told() -> None:
    report = audited({"params": "neck", "weight_decay": 0.0}, {"params": "head", "lr": 1})
    assert [(group.index, group.lr, group.weight_decay, group.parameters) for group in report.groups] == [
        (0, 0.5, 0.0, 0),
        (1, 1.0, 0.25, 2),
        (2, 0.5, 0.25, 3),
    ]
    assert only(report, "PG001").message == '"neck" matches no parameter: its group is empty'


def test_a_group_without_an_lr_has_that_of_the_class() -> None:
    config = policy({"params": "head", "weight_decay": 0.0})
    del config["optimizer"]["lr"]
    report = pgaudit.audit(named(NAMES), config)
    assert {row.lr for row in report.params} == {0.001}
    assert report["head.bias"].setting.lr_rule is not None
    assert report["head.bias"].setting.lr_rule.option == "optimizer_default"


def test_other_keys_of_an_entry_are_its_groups() -> None:
    report = audited({"params": "head", "betas": [0.5, 0.9]}, {"params": "bn", "weight_decy": 0.0})
    assert report["head.bias"].setting.extra == {"betas": [0.5, 0.9]}
    found = only(report, "PG011")
    assert "in paramwise_cfg.params[1] is copied into the group, where AdamW does not look for it" in found.message
    assert found.hint == 'did you mean "weight_decay"?'


def test_frozen_parameters_are_left_out_and_say_so() -> None:
    of = named(NAMES, frozen=["head.bias"])
    report = audited({"params": "head", "lr": 0.1}, of=of)
    assert report["head.bias"].group is None
    (found,) = explanations(report, [report["head.bias"]])
    frozen, head = found.occurrences[0].evaluations
    assert (frozen.rule.option, head.beaten_by) == ("frozen", frozen.rule)
    assert head.principle == "get_optim_params asks for trainable parameters alone"


def test_without_params_frozen_ones_are_in_the_group() -> None:
    config = policy()
    config["paramwise_cfg"] = {}
    report = pgaudit.audit(named(NAMES, frozen=["head.bias"]), config)
    assert [group.parameters for group in report.groups] == [5]
    (found,) = explanations(report, [report["head.bias"]])
    assert {each.why for each in found.occurrences[0].evaluations} == {
        "there are no `params`: one group of all parameters"
    }


def test_a_model_of_frozen_parameters_alone() -> None:
    of = named(NAMES, frozen=NAMES)
    assert [group.parameters for group in audited({"params": "head"}, of=of).groups] == [0]
    assert "no entry makes a group; torch would raise ValueError" in refusal(policy(), of)


def test_an_overlap_names_both_patterns_and_what_is_raised() -> None:
    fewer = refusal(policy({"params": r"bn\.bias"}, {"params": "neck"}, {"params": "bias"}))
    assert r'"bn\.bias" and "bias" both claim backbone.bn.bias; get_optim_params would raise AssertionError' in fewer
    as_many = refusal(policy({"params": "backbone"}, {"params": "bn"}))
    assert '"backbone" and "bn" both claim backbone.bn.weight and 1 other; torch would raise ValueError' in as_many
    more = refusal(policy({"params": "backbone"}, {"params": "weight"}, {"params": "bias"}))
    assert "both claim backbone.conv.weight and 1 other; get_optim_params would raise AssertionError" in more


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"params": "head"}, 'expected a list, got the text "head"; get_optim_params would raise AssertionError'),
        ({"params": None}, "expected a list, got nothing (null); get_optim_params would raise AssertionError"),
        (
            {"params": [{"lr": 1}]},
            '"params" is missing, the pattern of the entry; get_optim_params would',
        ),
        ({"params": [{"parms": "a"}]}, 'would raise KeyError (did you mean "params"?)'),
        ({"params": [{"params": "("}]}, "would raise re.error"),
        ({"params": [{"params": ["a"]}]}, "expected a name, got a list"),
        ({"params": ["head"]}, 'expected a mapping, got the text "head"'),
        ({"params": [{"params": "a", "lr": -1}]}, "a number from 0 up is"),
        ({"params": [{"params": "a", "lr": None}]}, "expected a number, got nothing (null)"),
        ([], "expected a mapping, got a list"),
    ],
)
def test_what_cannot_be_read(section: Any, message: str) -> None:
    assert message in refusal({**policy(), "paramwise_cfg": section})


@pytest.mark.parametrize("name", ["RT-DETR", "d-fine", "DFINE", "deim"])
def test_it_is_known_by_what_people_call_it(name: str) -> None:
    assert 'did you mean "rtdetr"?' in refusal({**policy(), "constructor": name})
