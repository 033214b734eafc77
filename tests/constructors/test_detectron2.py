"""detectron2, point by point.

detectron2 is not on the package index, so there is nothing to install and compare with. These tables are transcribed
from the published behaviour of detectron2 02b5c4e, `detectron2/solver/build.py`, `detectron2/config/defaults.py` and
the tables of its `tests/test_solver.py`: each expected value is what that source computes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit import ConfigError

LR, DECAY = 0.5, 0.25  # powers of two: products are exact
SGD = {"type": "SGD", "lr": LR, "weight_decay": DECAY}

Group = tuple[list[str], dict[str, Any]]

BATCH_NORM = nn.modules.batchnorm._BatchNorm  # of which several are no norms to the function


class ChannelsFirst(nn.Module):
    """As detectron2's own LayerNorm is: no subclass of torch's."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.bias = nn.Parameter(torch.zeros(2))


class Seen:
    """A function that keeps what it is called with."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __call__(self, name: str) -> float:
        self.names.add(name)
        return 1.0


KINDS: list[tuple[type[nn.Module], bool]] = [
    *((kind, True) for kind in (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm, nn.GroupNorm)),
    *((kind, True) for kind in (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d, nn.LayerNorm)),
    *((kind, False) for kind in (nn.RMSNorm, ChannelsFirst, BATCH_NORM, nn.PReLU)),
]


class Model(nn.Module):
    """A parameter of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, 2, 2))
        self.conv = nn.Conv2d(2, 2, 1)
        self.norm = nn.BatchNorm2d(2)
        self.own = ChannelsFirst()
        self.fc = nn.Linear(2, 2)


def audit(model: nn.Module | None = None, optimizer: Any = None, **options: Any) -> pgaudit.Report:
    config = {"constructor": "detectron2", "optimizer": optimizer or SGD, "paramwise_cfg": options}
    return pgaudit.audit(model or Model(), config)


def settings(model: nn.Module | None = None, optimizer: Any = None, **options: Any) -> dict[str, tuple[Any, Any]]:
    return {row.name: (row.lr, row.weight_decay) for row in audit(model, optimizer, **options).params}


def groups(report: pgaudit.Report) -> list[Group]:
    """The groups in order: their parameters, and what is written into them."""
    found: dict[int, Group] = {}
    for row in report.params:
        if row.group is not None:
            names, held = found.setdefault(row.group, ([], dict(row.setting.written)))
            assert held == dict(row.setting.written)
            names.append(row.name)
    assert list(found) == list(range(len(found)))
    return list(found.values())


def flat(*names: str) -> nn.Module:
    """A model of such parameters."""
    model = nn.Module()
    for name in names:
        model.register_parameter(name, nn.Parameter(torch.zeros(2)))
    return model


def named(model: nn.Module, report: pgaudit.Report) -> set[str]:
    return {finding.code for finding in report.findings}


class TestPoint01Walk:
    def test_frozen_ones_are_left_out_in_silence(self) -> None:
        model = Model()
        model.fc.requires_grad_(False)
        report = audit(model, weight_decay_norm=0.0, overrides={"bias": {"lr": 1.0}})
        assert report["fc.bias"].group is None
        assert "PG010" not in named(model, report)

    def test_all_frozen_is_refused_as_torch_does(self) -> None:
        with pytest.raises(ConfigError, match="ValueError: optimizer got an empty parameter list"):
            audit(nn.Linear(2, 2).requires_grad_(False))

    def test_the_first_meeting_decides(self) -> None:
        model = nn.ModuleDict({"norm": nn.LayerNorm(2), "fc": nn.Linear(2, 2)})
        model["fc"].bias = model["norm"].bias
        report = audit(model, weight_decay_norm=0.0)
        assert (report["fc.bias"].name, report["fc.bias"].weight_decay) == ("norm.bias", 0.0)
        model = nn.ModuleDict({"fc": nn.Linear(2, 2), "norm": nn.LayerNorm(2)})
        model["norm"].bias = model["fc"].bias
        assert settings(model, weight_decay_norm=0.0)["fc.bias"] == (LR, DECAY)

    def test_a_tied_parameter_is_in_one_group(self) -> None:
        model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        model[1].weight = model[0].weight
        assert "PG009" not in named(model, audit(model, weight_decay_norm=0.0))

    def test_its_own_name_is_that_of_the_first_meeting(self) -> None:
        model = flat("first")
        model.register_parameter("second", model.get_parameter("first"))
        assert settings(model, overrides={"second": {"lr": 1.0}}) == {"first": (LR, DECAY)}
        assert settings(model, overrides={"first": {"lr": 1.0}}) == {"first": (1.0, DECAY)}

    def test_a_module_inside_itself_is_met_once(self) -> None:
        model = nn.Sequential(nn.Linear(2, 2))
        model[0].add_module("again", model)
        assert set(settings(model, weight_decay_norm=0.0)) == {"0.weight", "0.bias"}

    def test_an_attribute_called_module_is_a_child_like_any_other(self) -> None:
        model = nn.ModuleDict({"module": nn.Linear(2, 2), "fc": nn.Linear(2, 2)})
        assert set(settings(model)) == {"module.weight", "module.bias", "fc.weight", "fc.bias"}


class TestPoint02Precedence:
    def test_nothing_given_is_the_optimizers_own(self) -> None:
        report = audit()
        assert {(row.lr, row.weight_decay) for row in report.params} == {(LR, DECAY)}
        assert groups(report) == [([row.name for row in report.params], {})]

    def test_base_values_stand_in_every_group(self) -> None:
        report = audit(base_lr=1, weight_decay=2.0)
        assert {(row.lr, row.weight_decay) for row in report.params} == {(1.0, 2.0)}
        assert [held for _, held in groups(report)] == [{"lr": 1.0, "weight_decay": 2.0}]
        assert (report.base.lr, report.base.weight_decay) == (1.0, 2.0)

    def test_each_step_overrides_the_one_before(self) -> None:
        found = settings(
            base_lr=LR,
            weight_decay=1.0,
            weight_decay_norm=0.0,
            lr_factor_func=lambda name: 0.5 if name.startswith("norm") else 2.0,
            overrides={"bias": {"weight_decay": 4.0}, "pos_embed": {"lr": 8.0, "weight_decay": 0.0}},
        )
        assert found == {
            "pos_embed": (8.0, 0.0),  # absolute: no factor
            "conv.weight": (2 * LR, 1.0),
            "conv.bias": (2 * LR, 4.0),
            "norm.weight": (0.5 * LR, 0.0),
            "norm.bias": (0.5 * LR, 4.0),  # an override beats the norm
            "own.weight": (2 * LR, 1.0),
            "own.bias": (2 * LR, 4.0),
            "fc.weight": (2 * LR, 1.0),
            "fc.bias": (2 * LR, 4.0),
        }

    def test_options_for_biases_beat_norms(self) -> None:
        found = settings(base_lr=LR, weight_decay_norm=0.0, weight_decay_bias=1.0, bias_lr_factor=2.0)
        assert found["norm.bias"] == found["fc.bias"] == (2 * LR, 1.0)
        assert found["norm.weight"] == (LR, 0.0)

    def test_the_factor_for_biases_multiplies_the_base_and_no_other_factor(self) -> None:
        found = settings(base_lr=LR, bias_lr_factor=2.0, lr_factor_func=lambda name: 0.125)
        assert (found["fc.weight"], found["fc.bias"]) == ((LR / 8, DECAY), (2 * LR, DECAY))

    @pytest.mark.parametrize("key", ["conv.bias", "conv", "bia", "Bias", ".bias", ""])
    def test_an_override_is_for_the_exact_own_name(self, key: str) -> None:
        report = audit(overrides={key: {"lr": 1.0}})
        assert {row.lr for row in report.params} == {LR}
        assert [f.key for f in report.findings if f.code == "PG001"] == [key]

    @pytest.mark.parametrize(
        ("key", "hint"),
        [
            ("fc.weight", "a parameter's own name, which stands behind the last dot"),
            ("pos_embd", 'did you mean "pos_embed"?'),
            ("conv1", "no name comes near"),  # not conv, which is a module
        ],
    )
    def test_hints_name_own_names_only(self, key: str, hint: str) -> None:
        (finding,) = [f for f in audit(overrides={key: {"lr": 1.0}}).findings if f.code == "PG001"]
        assert finding.hint is not None
        assert hint in finding.hint

    def test_an_override_takes_weight_decay_away(self) -> None:
        report = audit(weight_decay_norm=0.0, optimizer={**SGD, "type": "AdamW"})
        assert "PG005" not in named(Model(), report)
        assert "PG005" in named(Model(), audit(weight_decay_norm=DECAY))
        assert "PG005" in named(Model(), audit(overrides={"bias": {}}))

    def test_an_override_of_anything_else_leaves_lr_and_decay(self) -> None:
        report = audit(overrides={"bias": {"momentum": 0.5}})
        assert {(row.lr, row.weight_decay) for row in report.params} == {(LR, DECAY)}
        assert report["fc.bias"].setting.extra == {"momentum": 0.5}
        assert not named(Model(), report) & {"PG001", "PG002", "PG005"}

    @pytest.mark.parametrize(("option", "value"), [("bias_lr_factor", 1), ("bias_lr_factor", None)])
    def test_values_that_say_nothing(self, option: str, value: Any) -> None:
        assert settings(**{option: value}) == settings()


class TestPoint03Norms:
    @pytest.mark.parametrize(("kind", "is_norm"), KINDS, ids=lambda value: getattr(value, "__name__", None))
    def test_by_class(self, kind: type[nn.Module], is_norm: bool) -> None:
        class Norm(kind):  # type: ignore[valid-type, misc]
            pass

        for made in (kind, Norm):
            norm = made(1, 2) if kind is nn.GroupNorm else made(2) if kind is not ChannelsFirst else made()
            if not list(norm.parameters()):
                norm = made(2, affine=True)
            found = settings(nn.ModuleDict({"norm": norm}), weight_decay_norm=0.0)
            assert set(found.values()) == {(LR, 0.0 if is_norm else DECAY)}

    def test_own_parameters_only(self) -> None:
        norm = nn.LayerNorm(2)
        norm.add_module("fc", nn.Linear(2, 2))
        norm.register_parameter("scale", nn.Parameter(torch.ones(2)))
        found = settings(nn.ModuleDict({"norm": norm}), weight_decay_norm=0.0)
        assert {name for name, (_, decay) in found.items() if decay == 0.0} == {
            "norm.weight",
            "norm.bias",
            "norm.scale",
        }

    def test_missed_norms_are_reported(self) -> None:
        report = audit(nn.ModuleDict({"a": nn.RMSNorm(2)}), weight_decay_norm=0.0)
        (finding,) = [f for f in report.findings if f.code == "PG006"]
        assert "RMSNorm is no norm to the constructor `detectron2`" in finding.message
        model = nn.ModuleDict({"a": type("Other", (BATCH_NORM,), {})(2)})
        assert "PG006" in named(model, audit(model, weight_decay_norm=0.0))


class TestPoint04FunctionsAndErrors:
    def test_the_function_gets_a_leading_dot_at_the_root(self) -> None:
        seen = Seen()
        audit(base_lr=LR, lr_factor_func=seen)
        names = {name if "." in name else f".{name}" for name, _ in Model().named_parameters()}
        assert seen.names == names

    def test_it_is_not_asked_about_frozen_ones_nor_second_names(self) -> None:
        model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        model[1].weight = model[0].weight
        model[1].bias.requires_grad_(False)
        seen = Seen()
        audit(model, base_lr=LR, lr_factor_func=seen)
        assert seen.names == {"0.weight", "0.bias"}

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"bias_lr_factor": 2.0}, "bias_lr_factor requires base_lr"),
            ({"lr_factor_func": lambda name: 1.0}, "lr_factor_func requires base_lr"),
            ({"weight_decay_bias": 0.0, "overrides": {"bias": {"lr": 1.0}}}, "Conflicting overrides for 'bias'"),
            ({"base_lr": 1.0, "bias_lr_factor": 2, "overrides": {"bias": {}}}, "Conflicting overrides for 'bias'"),
        ],
        ids=["factor", "function", "conflict", "empty conflict"],
    )
    def test_value_errors(self, options: dict[str, Any], message: str) -> None:
        # No parameter has to be called bias, nor be there at all.
        with pytest.raises(ConfigError, match=f"ValueError: {message}"):
            audit(flat("weight"), **options)

    def test_the_optimizers_lr_is_no_base_lr(self) -> None:
        with pytest.raises(ConfigError, match="requires base_lr"):
            audit(optimizer={"type": "SGD", "lr": 0.1}, bias_lr_factor=2.0)

    def test_the_callers_overrides_stay_as_they_are(self) -> None:
        # detectron2 itself adds `bias` to them, so that its second call with the same dict raises.
        overrides = {"pos_embed": {"weight_decay": 0.0}}
        given = copy.deepcopy(overrides)
        first = settings(weight_decay_bias=0.0, overrides=overrides)
        assert settings(weight_decay_bias=0.0, overrides=overrides) == first
        assert overrides == given

    @pytest.mark.parametrize(
        ("function", "message"),
        [
            (lambda name: 1 / 0, r'the function raises ZeroDivisionError.* "\.pos_embed"'),
            (lambda name: None, 'returns "None" for'),
            (lambda name: "2", 'returns "2" for'),
            (lambda name: float("nan"), 'returns "nan" for'),
            (lambda name: -1.0, 'returns "-1.0" for'),
        ],
        ids=["raises", "None", "text", "nan", "negative"],
    )
    def test_a_function_without_an_answer(self, function: Callable[[str], Any], message: str) -> None:
        with pytest.raises(ConfigError, match=message):
            audit(base_lr=LR, lr_factor_func=function)

    @pytest.mark.parametrize("option", ["norm_decay_mult", "weight_decay_norms", "params"])
    def test_an_unknown_argument(self, option: str) -> None:
        with pytest.raises(ConfigError, match="TypeError: unexpected keyword argument"):
            audit(None, None, **{option: 0.0})

    @pytest.mark.parametrize(
        "options",
        [
            {"overrides": {"bias": None}},
            {"overrides": {"bias": {"lr": None}}},
            {"overrides": {"bias": {"weight_decay": -1}}},
            {"overrides": {"bias": {"params": []}}},
            {"overrides": {"bias": {"param_names": ["x"]}}},
            {"overrides": ["bias"]},
            {"base_lr": "1e-3"},
            {"lr_factor_func": 0.5},
        ],
        ids=str,
    )
    def test_what_is_no_setting(self, options: dict[str, Any]) -> None:
        with pytest.raises(ConfigError):
            audit(**options)


class TestPoint05Groups:
    def test_the_published_table_of_merging(self) -> None:
        hyperparameters = {
            "p1": {"lr": 1.0, "weight_decay": 4.0},
            "p2": {"lr": 2.0, "weight_decay": 3.0, "momentum": 2.0},
            "p6": {"lr": 2.0, "weight_decay": 3.0, "momentum": 2.0},
            "p3": {"lr": 2.0, "weight_decay": 3.0, "momentum": 2.0},
            "p4": {"lr": 1.0, "weight_decay": 3.0},
            "p5": {"lr": 2.0, "momentum": 2.0},
        }
        assert groups(audit(flat(*hyperparameters), overrides=hyperparameters)) == [
            (["p1"], {"lr": 1.0, "weight_decay": 4.0}),
            (["p2", "p6", "p3"], {"lr": 2.0, "weight_decay": 3.0, "momentum": 2.0}),
            (["p4"], {"lr": 1.0, "weight_decay": 3.0}),
            (["p5"], {"lr": 2.0, "momentum": 2.0}),
        ]

    def test_the_published_table_of_writing_over(self) -> None:
        # What is written later stays; what it does not name keeps its place.
        found = groups(
            audit(
                flat("p1", "p2", "p3", "p4", "p5"),
                base_lr=1.0,
                weight_decay=3.0,
                overrides={
                    "p1": {"weight_decay": 4.0},
                    "p2": {"lr": 2.0, "momentum": 2.0},
                    "p3": {"lr": 2.0, "momentum": 2.0},
                },
            )
        )
        assert found == [
            (["p1"], {"lr": 1.0, "weight_decay": 4.0}),
            (["p2", "p3"], {"lr": 2.0, "weight_decay": 3.0, "momentum": 2.0}),
            (["p4", "p5"], {"lr": 1.0, "weight_decay": 3.0}),
        ]

    def test_first_seen_first(self) -> None:
        assert [names for names, _ in groups(audit(weight_decay_norm=0.0))] == [
            ["pos_embed", "conv.weight", "conv.bias", "own.weight", "own.bias", "fc.weight", "fc.bias"],
            ["norm.weight", "norm.bias"],
        ]

    def test_the_order_of_writing_counts(self) -> None:
        found = groups(
            audit(
                flat("a", "b", "c"),
                overrides={
                    "a": {"lr": 1.0, "weight_decay": 0.0},
                    "b": {"weight_decay": 0.0, "lr": 1.0},
                    "c": {"lr": 1.0, "weight_decay": 0.0},
                },
            )
        )
        assert [names for names, _ in found] == [["a", "c"], ["b"]]

    def test_what_is_written_over_keeps_its_place(self) -> None:
        found = groups(
            audit(flat("a", "b"), base_lr=1.0, weight_decay=1.0, overrides={"b": {"weight_decay": 1.0, "lr": 1.0}})
        )
        assert [names for names, _ in found] == [["a", "b"]]

    def test_equal_values_of_other_types_are_equal(self) -> None:
        report = audit(flat("a", "b", "c"), overrides={"a": {"x": True}, "b": {"x": 1}, "c": {"x": 1.0}})
        assert [names for names, _ in groups(report)] == [["a", "b", "c"]]
        assert [repr(row.setting.extra) for row in report.params] == ["{'x': True}"] * 3

    def test_a_value_that_cannot_be_hashed(self) -> None:
        with pytest.raises(ConfigError, match="TypeError: unhashable type: 'list'"):
            audit(overrides={"bias": {"betas": [0.9, 0.99]}}, optimizer={"type": "AdamW"})
        audit(overrides={"bias": {"betas": (0.9, 0.99)}}, optimizer={"type": "AdamW"})
        audit(overrides={"nowhere": {"betas": [0.9, 0.99]}}, optimizer={"type": "AdamW"})

    def test_keys_that_no_one_gave_are_the_optimizers(self) -> None:
        report = audit(weight_decay_norm=0.0, optimizer={"type": "AdamW"})
        assert [held for _, held in groups(report)] == [{}, {"weight_decay": 0.0}]
        assert (report["fc.weight"].lr, report["fc.weight"].weight_decay) == (0.001, 0.01)

    @pytest.mark.parametrize(("word", "hint"), [("lr_mult", "absolute: lr"), ("decay_mult", "absolute: weight_decay")])
    def test_keys_that_no_optimizer_looks_for_are_reported(self, word: str, hint: str) -> None:
        (finding,) = [f for f in audit(overrides={"bias": {word: 2.0}}).findings if f.code == "PG011"]
        assert f'"{word}" in paramwise_cfg.overrides["bias"] has no effect' in finding.message
        assert finding.hint is not None
        assert hint in finding.hint
