"""An explanation says what was tried; its end is what the report, and so the library, says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import pgaudit
from pgaudit import Explanation, UsageError
from pgaudit.constructors.evaluation import Occurrence, RuleEvaluation
from pgaudit.explanation import explanations, matching
from pgaudit.render.numbers import number
from pgaudit.render.pages.explain import render_explanations
from pgaudit.render.terminal import TableOptions
from tests.budget import examples
from tests.constructors.handmade import registered
from tests.parity.compare import Case, audit
from tests.parity.random_models import trees as random_trees
from tests.parity.random_policies import cases, mmengine_cases
from tests.parity.trees import build

SOLVERS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "weight_decay": st.builds(
            lambda rules, last: [*rules, last],
            st.lists(
                st.tuples(
                    st.sampled_from([0, 1e-5, 0.3, -1]),
                    st.sampled_from(
                        ["bias", "", "conv", r"^\w+$", "NORM_TYPES", {"type": "torch.nn.Linear"}, "nowhere"]
                    ),
                ),
                max_size=4,
            ),
            st.sampled_from([0, 1e-4]),
        )
    },
    optional={"basic_lr": st.sampled_from([0.1, 0, 0.0125])},
)


def _agrees(report: pgaudit.Report) -> None:
    for explanation in explanations(report, report.params):
        row = explanation.row
        if row.group is None:
            assert not explanation.results
            assert bool(explanation.occurrences) == (row.setting.lr_rule is not None)
            for occurrence in explanation.occurrences:
                first, *others = occurrence.evaluations
                assert first.rule == row.setting.lr_rule
                assert first.decides == {"lr", "weight_decay"}
                assert {tried.beaten_by for tried in others} <= {first.rule}
            continue
        lr, decay = explanation.results
        # The last lines say the values of the report, bit for bit, by its rules.
        assert (lr.value, decay.value) == (row.lr, row.weight_decay)
        assert not lr.changed_by_class
        assert not decay.changed_by_class
        assert (lr.rule, decay.rule) == (row.setting.lr_rule, row.setting.weight_decay_rule)
        assert _last_numbers(report, explanation) == [number(row.lr), number(row.weight_decay)]
        _is_whole(explanation)


def _last_numbers(report: pgaudit.Report, explanation: Explanation) -> list[str]:
    """The results of the two sums that end the text."""
    text = render_explanations(report, [explanation], TableOptions())
    sums = [line.partition(" = ")[2] for line in text.splitlines()[-2:]]
    return [line.rpartition(" = ")[2] if " = " in line.rpartition(")")[2] else line.partition(" (")[0] for line in sums]


def _is_whole(explanation: Explanation) -> None:
    """Every name is met, each value is decided once, and whatever matched and lost says to whom."""
    parameter = explanation.row.param
    assert {occurrence.name for occurrence in explanation.occurrences} <= {parameter.name, *parameter.aliases}
    assert explanation.occurrences[0].name == parameter.name
    for occurrence in explanation.occurrences:
        decided = Counter(value for tried in occurrence.evaluations for value in tried.decides)
        duplicate = any(tried.rule.option == "duplicate" for tried in occurrence.evaluations)
        assert decided == ({} if duplicate else {"lr": 1, "weight_decay": 1})
        deciding = {tried.rule for tried in occurrence.evaluations if tried.decides or tried.rule.option == "duplicate"}
        for tried in occurrence.evaluations:
            _is_sound(tried)
            assert tried.beaten_by is None or tried.beaten_by in deciding or tried.beaten_by.location is None


def _is_sound(tried: RuleEvaluation) -> None:
    assert not (tried.decides and not tried.matched)
    assert not (tried.decides and tried.beaten_by)
    assert (tried.beaten_by is None) == (tried.principle is None)
    for start, end in tried.spans:
        assert tried.text is not None
        assert 0 <= start < end <= len(tried.text)
        if tried.rule.option == "custom_keys":
            assert tried.text[start:end] == tried.rule.key


@settings(max_examples=examples(300))
@given(case=cases())
def test_random_explanations_say_what_mmcv_does(case: Case) -> None:
    """The report itself is compared with the real mmcv elsewhere."""
    try:
        report = audit(build(case["model"]), case)
    except pgaudit.PgauditError:
        return
    _agrees(report)


@settings(max_examples=examples(300))
@given(case=mmengine_cases())
def test_random_explanations_say_what_mmengine_does(case: Case) -> None:
    try:
        report = audit(build(case["model"]), case, "mmengine")
    except pgaudit.PgauditError:
        return
    _agrees(report)


@settings(max_examples=examples(100))
@given(spec=random_trees(), solver=SOLVERS, world_size=st.integers(1, 8))
def test_random_explanations_say_what_basecls_does(spec: Any, solver: dict[str, Any], world_size: int) -> None:
    try:
        report = pgaudit.audit(build(spec), {"solver": solver, "world_size": world_size})
    except pgaudit.PgauditError:
        return
    _agrees(report)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 4))
        self.backbone = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3, groups=8))
        self.head = nn.Linear(8, 2)


def _explained(
    name: str, paramwise: dict[str, Any], model: nn.Module | None = None, constructor: str = "mmcv"
) -> Explanation:
    config = {"optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 0.5}, "paramwise_cfg": paramwise}
    report = pgaudit.audit(model or Net(), config, constructor=constructor)
    return pgaudit.explain(report, name)


def _outcomes(explanation: Explanation) -> list[tuple[str, str, str]]:
    """Each rule, whether it decides, loses or does not match, and to whom it loses by what principle."""
    return [
        (
            tried.rule.key or tried.rule.option,
            "decides" if tried.decides else "loses" if tried.beaten_by else "matches" if tried.matched else "no",
            tried.principle or tried.why,
        )
        for tried in explanation.occurrences[0].evaluations
    ]


LONGER = "the longer key wins"
ALPHABET = "of equally long keys the first in the alphabet wins"
NO_TURN = "a custom key leaves the options no turn"
ORDER = "norms are asked for first, then depthwise convolutions, then biases"


@pytest.mark.parametrize(
    ("name", "paramwise", "expected"),
    [
        (
            "backbone.1.weight",
            {"custom_keys": {"1": {"lr_mult": 2}, "backbone": {}, "1.weight": {}, "head": {}}, "norm_decay_mult": 0},
            [
                ("1.weight", "decides", "stands in the name"),
                ("backbone", "loses", ALPHABET),
                ("head", "no", "not in the name"),
                ("1", "loses", LONGER),
                ("norm_decay_mult", "loses", NO_TURN),
            ],
        ),
        (
            "backbone.1.bias",
            {"norm_decay_mult": 0, "bias_decay_mult": 2, "bias_lr_mult": 3},
            [
                ("bias_lr_mult", "no", "a norm's bias, which this option leaves out"),
                ("norm_decay_mult", "decides", "BatchNorm2d is a norm"),
                ("bias_decay_mult", "loses", ORDER),
                ("default", "decides", "no rule speaks about it"),
            ],
        ),
        (
            "backbone.2.bias",
            {"dwconv_decay_mult": 0, "bias_decay_mult": 2, "bias_lr_mult": 3},
            [
                ("bias_lr_mult", "decides", "the bias of a Conv2d"),
                ("dwconv_decay_mult", "decides", "Conv2d with in_channels 8 and groups 8: depthwise"),
                ("bias_decay_mult", "loses", ORDER),
            ],
        ),
        (
            "token",
            {"custom_keys": {".token": {"decay_mult": 0}, "token": {}}},
            [(".token", "decides", "stands in the name"), ("token", "loses", LONGER)],
        ),
    ],
)
def test_every_rule_in_the_order_of_evaluation(name: str, paramwise: dict[str, Any], expected: list[Any]) -> None:
    assert _outcomes(_explained(name, paramwise)) == expected


MMENGINE_ORDER = "norms are asked for first, then biases, then depthwise convolutions, then vectors"


@pytest.mark.parametrize(
    ("name", "paramwise", "expected"),
    [
        (
            "backbone.1.bias",
            {"bias_decay_mult": 0, "norm_decay_mult": None, "flat_decay_mult": 2, "bias_lr_mult": 3},
            [
                ("bias_lr_mult", "no", "a norm's bias, which this option leaves out"),
                ("bias_decay_mult", "decides", "the bias of a BatchNorm2d"),
                ("flat_decay_mult", "loses", MMENGINE_ORDER),
                ("default", "decides", "no rule speaks about it"),
            ],
        ),
        (
            "backbone.2.bias",
            {"dwconv_decay_mult": 0, "bias_decay_mult": 2},
            [
                ("bias_decay_mult", "decides", "the bias of a Conv2d"),
                ("dwconv_decay_mult", "loses", MMENGINE_ORDER),
                ("default", "decides", "no rule speaks about it"),
            ],
        ),
        (
            "token",
            {"flat_decay_mult": 0, "custom_keys": {"head": {}}},
            [
                ("head", "no", "not in the name"),
                ("flat_decay_mult", "no", "it has 2 dimensions, not one"),
                ("default", "decides", "no rule speaks about it"),
                ("default", "decides", "no rule speaks about it"),
            ],
        ),
    ],
)
def test_every_rule_in_mmengines_order(name: str, paramwise: dict[str, Any], expected: list[Any]) -> None:
    assert _outcomes(_explained(name, paramwise, constructor="mmengine")) == expected


def test_a_value_that_is_copied_is_no_product() -> None:
    options = {"custom_keys": {"head": {"lr": 0.7, "lr_mult": 2, "weight_decay": 0.1}}}
    lr, decay = _explained("head.weight", options, constructor="mmengine").results
    assert (lr.value, lr.product.mult, lr.product.note) == (0.7, None, "the lr_mult beside it is lost")
    assert (decay.value, decay.product.mult, decay.product.note) == (0.1, None, None)


def test_a_frozen_parameter_that_is_skipped_says_so() -> None:
    model = Net()
    model.head.weight.requires_grad = False
    options = {"custom_keys": {"head": {"lr_mult": 9}}}
    explanation = _explained("head.weight", options, model, "mmengine")
    frozen, key = explanation.occurrences[0].evaluations
    assert (frozen.rule.option, frozen.why) == ("frozen", "it is frozen: skipped, with a warning")
    assert (key.beaten_by, key.principle) == (frozen.rule, "a frozen parameter is left out before any rule is asked")
    assert explanation.results == ()


def test_an_option_that_is_not_given_takes_its_parameters_all_the_same() -> None:
    """mmcv's elif chain ends at a norm even without norm_decay_mult, so bias_decay_mult never reaches its bias."""
    norm, bias, *base = _explained("backbone.1.bias", {"bias_decay_mult": 0}).occurrences[0].evaluations
    assert (norm.rule.option, norm.matched, norm.decides) == ("norm_decay_mult", True, frozenset())
    assert "not given, and takes it all the same" in norm.why
    assert bias.beaten_by == norm.rule
    assert [tried.rule.option for tried in base] == ["default", "default"]


def test_a_frozen_parameter_is_never_asked_about() -> None:
    model = Net()
    model.head.weight.requires_grad = False
    evaluations = (
        _explained("head.weight", {"custom_keys": {"head": {"lr_mult": 9}, "back": {}}}, model)
        .occurrences[0]
        .evaluations
    )
    assert [(t.rule.option, bool(t.decides), t.beaten_by and t.beaten_by.option) for t in evaluations] == [
        ("frozen", True, None),
        ("custom_keys", False, "frozen"),
    ]
    assert evaluations[1].products[0].result == pytest.approx(0.9)


@pytest.mark.parametrize("bypass", [True, False])
def test_a_tied_parameter_is_met_under_each_name(bypass: bool) -> None:
    model = Net()
    model.twin = nn.Linear(8, 2, bias=False)
    model.twin.weight = model.head.weight
    options = {"custom_keys": {"twin": {"lr_mult": 9}}, "bypass_duplicate": bypass}
    explanation = _explained("twin.weight", options, model)  # by its alias
    first, second = explanation.occurrences
    assert (first.name, second.name) == ("head.weight", "twin.weight")
    assert explanation.results[0].value == 0.1
    if bypass:
        assert second.evaluations[0].rule.option == "duplicate"
        assert [tried.beaten_by for tried in second.evaluations[1:]] == [second.evaluations[0].rule]
    else:
        assert "torch refuses" in str(second.note)
        assert second.evaluations[0].decides


def test_what_the_optimizers_class_changes_is_said() -> None:
    class Doubling(torch.optim.SGD):
        def __init__(self, params: Any, lr: float) -> None:
            super().__init__(params, lr=lr)
            for group in self.param_groups:
                group["lr"] = 2 * group["lr"]

    report = pgaudit.audit(Net(), {"optimizer": {"type": Doubling, "lr": 0.25}, "paramwise_cfg": {"bias_lr_mult": 2}})
    explanation = pgaudit.explain(report, "head.bias")
    assert explanation.results[0].changed_by_class
    assert (explanation.results[0].product.result, explanation.results[0].value) == (0.5, 1.0)
    text = render_explanations(report, [explanation], TableOptions())
    assert "0.25 × 2 (bias_lr_mult) = 0.5, of which" in text
    assert "makes = 1\n" in text


def test_a_name_an_alias_a_module_or_a_glob() -> None:
    report = pgaudit.audit(Net(), {"optimizer": {"type": "SGD", "lr": 0.1}})
    assert [row.name for row in matching(report, "head")] == ["head.weight", "head.bias"]
    assert [row.name for row in matching(report, "*.1.*")] == ["backbone.1.weight", "backbone.1.bias"]
    with pytest.raises(UsageError, match=r"no parameter is called heat.weight \(did you mean \"head.weight\"\?\)"):
        matching(report, "heat.weight")
    with pytest.raises(UsageError, match="did you mean"):
        pgaudit.explain(report, "heat.weight")


def test_scheduled() -> None:
    """What a schedule makes of a group's lr has its own line, whether or not its rules speak of it."""
    policy = {
        "constructor": "handmade",
        "optimizer": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05},
        "paramwise_cfg": {"groups": {"0": {"lr_scale": 0.1771}}},
    }
    with registered():
        report = pgaudit.audit(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), policy)
        scaled, plain = explanations(report, [report["0.bias"], report["1.bias"]])
    assert [result.of for result in plain.results] == ["lr", "weight_decay"]
    silent = replace(scaled, occurrences=tuple(map(_without_schedule, scaled.occurrences)))
    for explanation in (scaled, silent):
        assert [result.of for result in explanation.results] == ["lr", "scheduled_lr", "weight_decay"]
        assert [result.value for result in explanation.results] == [1e-3, 1e-3 * 0.1771, 0.05]
        with registered():
            text = render_explanations(report, [explanation], TableOptions()).splitlines()
        assert text[-3:] == [
            'lr           = 0.001 (groups "0")',
            'scheduled lr = 0.001 × 0.1771 (groups "0") = 1.771e-4',
            'decay        = 0.05 (groups "0")',
        ]


def _without_schedule(occurrence: Occurrence) -> Occurrence:
    evaluations = tuple(
        replace(
            tried,
            products=tuple(product for product in tried.products if product.of != "scheduled_lr"),
            decides=tried.decides - {"scheduled_lr"},
        )
        for tried in occurrence.evaluations
    )
    return replace(occurrence, evaluations=evaluations)
