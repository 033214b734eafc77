"""BaseCls, point by point.

MegEngine, on which BaseCls runs, cannot be installed to compare with, so these tables are transcribed by hand from
BaseCls 2f206e9, `basecls/solver/weight_decay.py`, `build.py` and `configs/base_cfg.py`: each expected value is what
that source computes.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit import ConfigError


class Model(nn.Module):
    """Every kind of parameter that a policy can tell apart."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 4))
        self.relative_position_bias_table = nn.Parameter(torch.zeros(9, 4))
        self.conv = nn.Conv2d(3, 4, 3)
        self.bn = nn.BatchNorm2d(4)
        self.gn = nn.GroupNorm(2, 4)
        self.inorm = nn.InstanceNorm2d(4, affine=True)
        self.ln = nn.LayerNorm(4)
        self.rms = nn.RMSNorm(4)
        self.fc = nn.Linear(4, 2)


NAMES = [name for name, _ in Model().named_parameters()]


def _audit(policy: Any, model: nn.Module | None = None, **solver: Any) -> pgaudit.Report:
    return pgaudit.audit(model or Model(), {"solver": {"weight_decay": policy, **solver}})


def _decays(policy: Any) -> dict[str, float | None]:
    return {row.name: row.weight_decay for row in _audit(policy).params}


def _hit(policy: Any, value: float) -> set[str]:
    return {name for name, decay in _decays(policy).items() if decay == value}


NORM_WEIGHTS = {"bn.weight", "gn.weight", "inorm.weight", "ln.weight"}
NORM_BIASES = {"bn.bias", "gn.bias", "inorm.bias", "ln.bias"}
BIASES = {"conv.bias", "fc.bias", *NORM_BIASES}


def test_a_zero_may_have_a_sign() -> None:
    assert set(_decays([[-0.0, "bias"], 0]).values()) == {0.0}


# 1: a policy is a number, or a sequence that ends in one; it says nothing of lr.


@pytest.mark.parametrize("policy", [1e-5, [1e-5], (1e-5,)])
def test_a_number_is_for_all(policy: Any) -> None:
    report = _audit(policy)
    assert set(_decays(policy).values()) == {1e-5}
    assert len(report.groups) == 1
    assert {row.setting.weight_decay_rule.option for row in report.params if row.setting.weight_decay_rule} == {
        "default"
    }


@pytest.mark.parametrize(("world_size", "lr"), [(1, 0.1), (8, 0.1 * 8), (3, 0.1 * 3)])
def test_the_lr_scales_with_the_number_of_processes(world_size: int, lr: float) -> None:
    report = pgaudit.audit(Model(), {"solver": {"basic_lr": 0.1, "weight_decay": 0.0}, "world_size": world_size})
    assert {row.lr for row in report.params} == {lr}


def test_what_a_solver_does_not_say_is_baseclss_default() -> None:
    report = pgaudit.audit(Model(), {"solver": {}})
    assert {(row.lr, row.weight_decay) for row in report.params} == {(0.0125, 1e-4)}
    assert report.optimizer.call == {"type": "SGD", "lr": 0.0125, "weight_decay": 0, "momentum": 0.9, "nesterov": False}


@pytest.mark.parametrize(
    ("name", "kind"), [("sgd", "SGD"), ("adam", "Adam"), ("adamw", "AdamW"), ("lamb", "Lamb"), ("lars", "Lars")]
)
def test_every_optimizer_of_the_solver(name: str, kind: str) -> None:
    report = _audit([[0, "bias"], 1e-4], optimizer=name)
    assert (report.optimizer.type or "").rpartition(":")[2] == kind
    assert {row.weight_decay for row in report.params} == {0.0, 1e-4}  # AdamW's own 0.01 never shows


def test_an_optimizer_that_the_solver_does_not_support() -> None:
    with pytest.raises(ConfigError, match="NotImplementedError: Optimizer 'SGD' not supported"):
        _audit(1e-4, optimizer="SGD")


# 2: the first match in order wins; text is an unanchored, case-sensitive regular expression over the full name.


def _pattern_id(value: object) -> str:
    return "" if isinstance(value, set) else str(value)  # a set's order is not the same in every process


@pytest.mark.parametrize(
    ("pattern", "hit"),
    [
        ("bias", BIASES | {"rms.bias", "relative_position_bias_table"} - {"rms.bias"}),
        ("bias$", BIASES),
        ("Bias", set()),
        ("^bn", {"bn.weight", "bn.bias"}),
        ("b.", BIASES | {"relative_position_bias_table", "bn.weight"}),
        (r"\.(weight|bias)$", set(NAMES) - {"token", "relative_position_bias_table"}),
        ("(n)(n)", set()),
        ("", set(NAMES)),
        ("$", set(NAMES)),
        ("NORM_TYPES", NORM_WEIGHTS | NORM_BIASES),
        ({"type": "torch.nn.Linear"}, {"fc.weight", "fc.bias"}),
        ({"type": "torch.nn.Module"}, set(NAMES)),
        ([{"type": "torch.nn.Linear"}, {"type": "torch.nn.RMSNorm"}], {"fc.weight", "fc.bias", "rms.weight"}),
        (["NORM_TYPES", {"type": "torch.nn.RMSNorm"}], NORM_WEIGHTS | NORM_BIASES | {"rms.weight"}),
        (nn.Conv2d, {"conv.weight", "conv.bias"}),
        ((nn.Conv2d, nn.Linear), {"conv.weight", "conv.bias", "fc.weight", "fc.bias"}),
    ],
    ids=_pattern_id,
)
def test_patterns(pattern: Any, hit: set[str]) -> None:
    assert _hit([(0.5, pattern), 0.25], 0.5) == hit


def test_types_match_subclasses_but_names_do_not() -> None:
    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(2))

    class Mine(nn.Linear):
        pass

    model = nn.Sequential(Linear(), Mine(2, 2))
    report = _audit([(0.5, {"type": "torch.nn.Linear"}), 0.25], model)
    assert [row.weight_decay for row in report.params] == [0.25, 0.5, 0.5]


def test_a_class_from_python_is_itself_wherever_it_was_defined() -> None:
    class Mine(nn.Linear):
        pass

    report = _audit([(0.5, Mine), 0.25], nn.Sequential(Mine(2, 2), nn.Linear(2, 2)))
    assert [row.weight_decay for row in report.params] == [0.5, 0.5, 0.25, 0.25]


def test_a_pattern_that_python_warns_of_is_no_reason_to_warn() -> None:
    assert _hit([(0.5, "[[a]"), 0.25], 0.5) == _hit([(0.5, r"[\[a]"), 0.25], 0.5)


def test_a_class_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ConfigError, match='no attribute "Linar" \\(did you mean "Linear"'):
        _audit([(0, {"type": "torch.nn.Linar"}), 1e-4])


def test_the_first_match_wins() -> None:
    assert _hit([(0.5, "fc"), (0.25, "fc.bias"), 0.125], 0.25) == set()
    assert _hit([(0.25, "fc.bias"), (0.5, "fc"), 0.125], 0.25) == {"fc.bias"}


# 3: signs, and what is no policy.


def test_a_negative_value_means_the_default() -> None:
    report = _audit([(-1, "bias"), (0.5, "bn"), 0.25])
    assert report["bn.bias"].weight_decay == 0.25
    rule = report["bn.bias"].setting.weight_decay_rule
    assert rule is not None
    assert rule.name == ("weight_decay", "bias")


@pytest.mark.parametrize(
    ("policy", "error"),
    [
        (-1e-4, "AssertionError: it should be non-negative"),
        ([(0, "bias"), -1], "AssertionError: it should be non-negative"),
        (float("nan"), "AssertionError"),
        ([(0, "bias")], "ends in a bare number.*AssertionError"),
        ([1e-4, (0, "bias"), 1e-4], "a bare number may stand only at the end.*AssertionError"),
        ([(0, "bias", 1), 1e-4], "AssertionError"),
        (["ab", 1e-4], "AssertionError"),
        ([("a", "b"), 1e-4], "a rule begins with a number.*AssertionError"),
        ("1.0e-4", "AssertionError"),
        ([(0, None), 1e-4], "not a pattern.*AssertionError"),
        ([(0, {"type": 3}), 1e-4], "not a pattern"),
        ([(0, [nn.Linear, "bias"]), 1e-4], "not a pattern"),
        ([(0, []), 1e-4], "not a pattern"),
        ([(0, "("), 1e-4], "not a regular expression.*re.error"),
        ([], "IndexError"),
        (None, "TypeError"),
        ([(float("inf"), "x"), 1e-4], "inf is no weight decay"),
    ],
    ids=str,
)
def test_what_is_no_policy(policy: Any, error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        _audit(policy)


def test_all_faults_of_a_policy_come_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        _audit([(0, "("), ("x", "bias"), 3])
    assert len(caught.value.findings) == 2


@pytest.mark.parametrize("policy", [[[0, "bias"], 1e-4], [(0, "bias"), 1e-4], [(False, "bias"), 1e-4]])
def test_rules_may_be_lists_and_values_booleans(policy: Any) -> None:
    assert _hit(policy, 0.0) == BIASES | {"relative_position_bias_table"}


def test_true_is_one() -> None:
    assert _audit(True)["fc.weight"].weight_decay == 1.0


# 4: the documented policies.


def test_biases_before_norms_captures_norm_biases() -> None:
    decays = _decays([(1e-5, "bias"), (0, "NORM_TYPES"), 1e-4])
    assert {name for name, decay in decays.items() if decay == 1e-5} == BIASES | {"relative_position_bias_table"}
    assert {name for name, decay in decays.items() if decay == 0} == NORM_WEIGHTS
    assert {name for name, decay in decays.items() if decay == 1e-4} == {
        "token", "conv.weight", "fc.weight", "rms.weight",
    }  # fmt: skip


def test_the_mobile_policy_decays_neither_norms_nor_biases() -> None:
    hit = _hit([(0, "bias"), (0, "NORM_TYPES"), 4e-5], 0.0)
    assert hit == BIASES | NORM_WEIGHTS | {"relative_position_bias_table"}


# 5: one group a distinct weight decay, in the order of first occurrence.


def test_groups_by_value_in_first_seen_order() -> None:
    report = _audit([(0, "bias"), (0.0, "NORM_TYPES"), (0.25, "token"), (0.25, "fc"), 0.5])
    assert [(group.index, group.weight_decay) for group in report.groups] == [(0, 0.25), (1, 0.0), (2, 0.5)]
    assert report["token"].group == report["fc.weight"].group == 0
    assert report["bn.weight"].group == report["conv.bias"].group == 1
    assert sum(group.parameters for group in report.groups) == len(NAMES)


# 6: the documented choices of a torch port: torch's order, tied once under the first name, frozen like any other.


def test_tied_parameters_are_decided_once_by_their_first_name() -> None:
    model = nn.ModuleDict({"encoder": nn.Linear(2, 2), "decoder": nn.Linear(2, 2)})
    model["decoder"].weight = model["encoder"].weight
    report = _audit([(0.5, "decoder.weight"), (0.25, "encoder.weight"), 0.125], model)
    assert report["encoder.weight"].weight_decay == 0.25
    assert report["decoder.weight"] is report["encoder.weight"]
    assert "PG009" not in {finding.code for finding in report.findings}


def test_frozen_parameters_get_a_group_like_any_other() -> None:
    model = Model()
    model.fc.weight.requires_grad = False
    row = _audit([(0.5, "fc"), 0.25], model)["fc.weight"]
    assert (row.weight_decay, row.lr, row.group) == (0.5, 0.0125, 1)


def test_the_attribute_module_is_a_child_like_any_other() -> None:
    model = nn.Module()
    model.module = nn.Linear(2, 2)
    model.other = nn.Linear(2, 2)
    assert _audit([(0.5, "^module"), 0.25], model)["module.weight"].weight_decay == 0.5


def test_the_merged_optimizer_is_the_groups() -> None:
    model = Model()
    config = {"solver": {"basic_lr": 0.1, "weight_decay": [(1e-5, "bias"), (0, "NORM_TYPES"), 1e-4]}}
    optimizer = pgaudit.build_optimizer(model, config)
    groups = pgaudit.audit(model, config).groups
    assert [(g["lr"], g["weight_decay"]) for g in optimizer.param_groups] == [(g.lr, g.weight_decay) for g in groups]


# Where each rule stands.


def test_rules_know_their_line(tmp_path: Any) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "solver:\n  basic_lr: 0.1\n  weight_decay:\n    - [1.0e-5, bias]\n    - [0, NORM_TYPES]\n    - 1.0e-4\n"
    )
    report = pgaudit.audit(Model(), str(path))
    lines = {}
    for row in report.params:
        rule = row.setting.weight_decay_rule
        assert rule is not None
        assert rule.location is not None
        lines[rule.option, rule.key] = rule.location.line
        assert row.setting.lr_rule is not None
        assert row.setting.lr_rule.location is not None
        assert row.setting.lr_rule.location.line == 2
    assert lines == {("weight_decay", "bias"): 4, ("weight_decay", "NORM_TYPES"): 5, ("default", None): 6}
