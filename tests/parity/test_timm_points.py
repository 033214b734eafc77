"""What timm's create_optimizer_v2 does, point by point, each shown by the real one.

The values that a test expects are written out to be read; `both` has compared pgaudit with the real timm on every
parameter before a test sees any of them.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

import pgaudit
from tests.parity import trees
from tests.parity.both_timm import ADAMW, BothTimm, Group, rules
from tests.parity.client import Oracle
from tests.parity.compare import Case, audit, compare, our_groups, real_groups
from tests.parity.trees import Spec, block, node

LINEAR = node("Linear", 2, 2)
NORM = node("LayerNorm", 2)
PLAIN: Spec = {"root": block(cls_token=[1, 1, 2], fc=LINEAR, norm=NORM)}
VIT: Spec = {"timm": "vit_tiny_patch16_224"}


@pytest.fixture
def both(timm: Oracle) -> BothTimm:
    return BothTimm(timm)


class TestPoint01Precedence:
    @pytest.mark.parametrize("layer_decay", [0.0, 0, 0.65, 1.0, 1])
    def test_layer_decay_comes_first_unless_it_is_null(self, both: BothTimm, layer_decay: float) -> None:
        by_layer = both.groups(PLAIN, layer_decay=layer_decay)
        assert {group.lr_scale for group in by_layer} == {1.0}
        assert both.groups(PLAIN, layer_decay=None) == both.groups(PLAIN)
        assert {group.lr_scale for group in both.groups(PLAIN)} == {None}

    def test_the_optimizer_s_own_weight_decay_becomes_0(self, timm: Oracle) -> None:
        for options in ({}, {"layer_decay": 0.5}):
            answer = timm.ask(model=PLAIN, optimizer=ADAMW, paramwise_cfg=options)
            assert answer["defaults"]["weight_decay"] == (0.0).hex()
            report = audit(trees.build(PLAIN), {"optimizer": ADAMW, "paramwise_cfg": options}, "timm")
            assert (report.defaults.weight_decay, report.base.weight_decay) == (0.0, 0.25)
            assert report.optimizer.call["weight_decay"] == 0.25, "a report shows what the config says"

    def test_a_function_for_groups_cannot_be_read(self) -> None:
        config = {"constructor": "timm", "optimizer": ADAMW, "paramwise_cfg": {"param_group_fn": "mine:groups"}}
        with pytest.raises(pgaudit.ConfigError, match="param_group_fn is a function"):
            pgaudit.audit(trees.build(PLAIN), config)


class TestPoint02WeightDecay:
    def test_vectors_and_biases_are_not_decayed(self, both: BothTimm) -> None:
        spec: Spec = {"root": block(scalar=[], table=[2, 2], deep=block(bias=[2, 2], q_bias=[2, 2]), fc=LINEAR)}
        assert both.groups(spec) == [
            Group(("scalar", "deep.bias", "fc.bias"), 0.0),  # a matrix called bias is one
            Group(("table", "deep.q_bias", "fc.weight"), 0.25),
        ]

    def test_a_bias_at_the_root_has_no_dot_before_it(self, both: BothTimm) -> None:
        assert both.groups({"root": block(bias=[2, 2])}) == [Group(("bias",), 0.25)]

    def test_unless_the_filter_is_off(self, both: BothTimm) -> None:
        assert both.groups(PLAIN, filter_bias_and_bn=False) == [
            Group(("cls_token", "fc.weight", "fc.bias", "norm.weight", "norm.bias"), 0.25)
        ]

    @pytest.mark.parametrize(
        ("pattern", "exempt"),
        [
            ("cls_token", ["cls_token"]),
            ("cls", []),  # the whole name
            ("cls*", ["cls_token"]),
            ("*.weight", ["fc.weight"]),
            ("[cf]*", ["cls_token", "fc.weight"]),
            ("fc?weight", ["fc.weight"]),
            ("CLS_TOKEN", []),  # case matters, on this operating system
            ("[!c]*", ["fc.weight"]),
        ],
    )
    def test_the_model_s_own_names_are_globs(self, both: BothTimm, pattern: str, exempt: list[str]) -> None:
        report = both.report({**PLAIN, "says": {"no_weight_decay": [pattern]}})
        matrices = {name: report[name].weight_decay for name in ("cls_token", "fc.weight")}
        assert [name for name, decay in matrices.items() if decay == 0] == exempt
        for name in exempt:
            assert rules(report, name) == ("default", f"no_weight_decay.{pattern}".removesuffix(f".{name}"))

    @pytest.mark.parametrize("decay", [{}, {"weight_decay": 0}, {"weight_decay": 0.0}, {"weight_decay": None}])
    def test_without_weight_decay_all_are_in_one_group(self, both: BothTimm, decay: dict[str, Any]) -> None:
        (group,) = both.groups(PLAIN, {"type": "adamw", "lr": 0.5, **decay})
        assert (len(group.names), group.weight_decay) == (5, 0.0)

    def test_the_groups_order_and_the_missing_ones(self, both: BothTimm) -> None:
        fallback = {"fallback_list": ["norm.*", "cls_token"]}
        assert both.groups(PLAIN, **fallback) == [
            Group(("fc.bias",), 0.0),
            Group(("fc.weight",), 0.25),
            Group(("norm.weight", "norm.bias"), 0.0, None, True),
            Group(("cls_token",), 0.25, None, True),
        ]
        assert [group.names for group in both.groups({"root": block(fc=node("Linear", 2, 2, bias=False))})] == [
            ("fc.weight",)
        ]

    def test_the_model_s_own_names_may_join_the_fallback(self, both: BothTimm) -> None:
        spec: Spec = {**PLAIN, "says": {"no_weight_decay": ["cls_token"]}}
        joined = both.groups(spec, fallback_no_weight_decay=True, fallback_list=["fc.weight"])
        assert [(group.names, group.fallback) for group in joined] == [
            (("fc.bias", "norm.weight", "norm.bias"), False),
            (("cls_token",), True),
            (("fc.weight",), True),
        ]

    def test_frozen_ones_are_passed_over_in_silence(self, both: BothTimm) -> None:
        report = both.report({**PLAIN, "frozen": ["fc.weight", "norm.bias"]})
        assert report["fc.weight"].group is None
        assert rules(report, "fc.weight") == ("frozen", "frozen")
        assert "PG010" not in {finding.code for finding in report.findings}

    def test_of_a_tied_one_the_first_name_decides(self, both: BothTimm) -> None:
        tied: Spec = {"root": block(a=LINEAR, bias=block(bias=[2, 2])), "ties": [["bias.bias", "a.weight"]]}
        assert both.groups(tied) == [Group(("a.bias",), 0.0), Group(("a.weight",), 0.25)]

    def test_of_a_model_s_parameters_those_that_it_names(self, timm: Oracle) -> None:
        """A report may have rows for others: OpenMMLab's constructors meet them."""
        for kind in ("HeadOnly", "DottedNames"):
            for root in (node(kind), block(inner=node(kind), fc=LINEAR)):
                for options in ({}, {"layer_decay": 0.5}):
                    case: Case = {"model": {"root": root}, "optimizer": ADAMW, "paramwise_cfg": options}
                    report = audit(trees.build({"root": root}), case, "timm")
                    assert our_groups(report, {}) == real_groups(timm.ask(**case))

    def test_no_weight_decay_is_called_first_and_may_fail(self, both: BothTimm) -> None:
        raising: Spec = {**PLAIN, "says": {"no_weight_decay": "decay_that_raises"}}
        assert both.refuse(raising) == "RuntimeError: not built yet"
        nothing: Spec = {**PLAIN, "says": {"no_weight_decay": "decay_of_nothing"}}
        assert "not iterable" in both.refuse(nothing)
        assert both.groups(nothing, {"type": "sgd", "lr": 0.5}), "nobody asks whether a name is in it"
        assert both.groups({**nothing, "root": NORM}, layer_decay=0.5), "nor about vectors under layer decay"

    def test_parameters_without_a_shape_yet(self, both: BothTimm) -> None:
        lazy: Spec = {"root": block(fc=node("LazyLinear", 4))}
        assert both.groups(lazy) == [Group(("fc.weight", "fc.bias"), 0.0)], "vectors, until they have one"
        assert both.groups(lazy, filter_bias_and_bn=False) == [Group(("fc.weight", "fc.bias"), 0.25)]


class TestPoint03LayerDecay:
    def test_it_asks_for_no_name(self, both: BothTimm) -> None:
        spec: Spec = {"root": block(deep=block(bias=[2, 2]), vector=[2])}
        assert both.groups(spec, layer_decay=0.5) == [Group(("vector",), 0.0, 1.0), Group(("deep.bias",), 0.25, 1.0)]
        assert both.groups(spec) == [Group(("vector", "deep.bias"), 0.0)]

    STACK = block(stem=LINEAR, blocks=block(**{"0": LINEAR, "1": LINEAR, "10": LINEAR}), norm=NORM, head=LINEAR)
    MATCHER: dict[str, Any] = {
        "stem": "^stem",
        "blocks": [[r"^blocks\.(\d+)", None], ["^norm", [99999]]],
    }

    def test_layers_by_the_model_s_matcher(self, both: BothTimm) -> None:
        spec: Spec = {"root": self.STACK, "says": {"group_matcher": self.MATCHER}}
        report = both.report(spec, layer_decay=0.5)
        scales = {row.name: row.setting.lr_scale for row in report.params if row.name.endswith("weight")}
        assert scales == {
            "stem.weight": 0.5**4,
            "blocks.0.weight": 0.5**3,
            "blocks.1.weight": 0.5**2,
            "blocks.10.weight": 0.5,  # by number, not by letter
            "norm.weight": 0.5,  # goes with the layer before it
            "head.weight": 1.0,
        }

    def test_groups_in_the_order_in_which_they_are_first_seen(self, both: BothTimm) -> None:
        spec: Spec = {"root": block(head=LINEAR, stem=LINEAR), "says": {"group_matcher": {"stem": "^stem"}}}
        assert both.groups(spec, layer_decay=0.5) == [
            Group(("head.weight",), 0.25, 1.0),
            Group(("head.bias",), 0.0, 1.0),
            Group(("stem.weight",), 0.25, 0.5),
            Group(("stem.bias",), 0.0, 0.5),
        ]

    def test_a_name_is_matched_from_its_beginning(self, both: BothTimm) -> None:
        says = {"group_matcher": {"a": "blocks", "b": "stem"}}
        inner: Spec = {"root": block(net=block(stem=LINEAR), head=LINEAR), "says": says}
        assert {group.lr_scale for group in both.groups(inner, layer_decay=0.5)} == {1.0}

    def test_without_a_matcher_a_layer_every_dozen_names(self, both: BothTimm) -> None:
        layers = {str(i): LINEAR for i in range(9)}
        spec: Spec = {"root": block(trunk=block(**layers), fc=LINEAR), "says": {"pretrained_cfg": {"classifier": "fc"}}}
        report = both.report(spec, layer_decay=0.5)
        assert report["trunk.5.bias"].setting.lr_scale == 0.25
        assert report["trunk.6.weight"].setting.lr_scale == 0.5
        assert report["fc.weight"].setting.lr_scale == 1.0

    def test_the_classifier_is_what_names_begin_with(self, both: BothTimm) -> None:
        spec: Spec = {
            "root": block(fc_norm=NORM, fc=LINEAR, x=LINEAR),
            "says": {"pretrained_cfg": {"classifier": "fc"}},
        }
        report = both.report(spec, layer_decay=0.5)
        assert [report[name].setting.lr_scale for name in ("x.weight", "fc_norm.weight")] == [0.5, 1.0]

    def test_without_either_it_does_nothing_and_says_nothing(self, both: BothTimm) -> None:
        report = both.report(PLAIN, layer_decay=0.1)
        assert {row.setting.lr_scale for row in report.params} == {1.0}
        (finding,) = [finding for finding in report.findings if finding.code == "PG017"]
        assert finding.message == "layer decay puts 5 of 5 tensors into layer 0"
        assert finding.hint is not None
        assert "neither group_matcher() nor pretrained_cfg['classifier']" in finding.hint

    def test_frozen_ones_shape_the_layers(self, both: BothTimm) -> None:
        layers = {str(i): LINEAR for i in range(9)}
        spec: Spec = {
            "root": block(**layers),
            "frozen": [f"{i}.{name}" for i in range(6) for name in ("weight", "bias")],
            "says": {"pretrained_cfg": {"classifier": "8"}},
        }
        report = both.report(spec, layer_decay=0.5)
        assert report["0.weight"].group is None
        assert report["6.weight"].setting.lr_scale == 0.5, "the second dozen, though the first is frozen"

    def test_the_least_scale(self, both: BothTimm) -> None:
        spec: Spec = {"root": self.STACK, "says": {"group_matcher": self.MATCHER}}
        report = both.report(spec, layer_decay=0.5, layer_decay_min_scale=0.3)
        assert report["stem.weight"].setting.lr_scale == 0.3
        assert rules(report, "stem.weight")[0] == "layer_decay_min_scale"
        assert rules(report, "head.weight")[0] == "layer_decay"

    @pytest.mark.parametrize(
        ("matcher", "error"),
        [
            ("matcher_without_coarse", "TypeError: matcher_without_coarse() got an unexpected keyword argument"),
            ("matcher_of_words", "ValueError: could not convert string to float"),
            ("matcher_of_nothing", "TypeError"),
            ("matcher_of_unlike_things", "TypeError"),
        ],
    )
    def test_a_matcher_may_fail(self, both: BothTimm, matcher: str, error: str) -> None:
        spec: Spec = {**PLAIN, "says": {"group_matcher": matcher}}
        assert both.refuse(spec, layer_decay=0.5).startswith(error)
        assert both.groups(spec), "nobody asks it without layer decay"

    @pytest.mark.parametrize("matcher", ["matcher_by_depth", "matcher_by_length"])
    def test_a_matcher_may_be_a_function(self, both: BothTimm, matcher: str) -> None:
        spec: Spec = {"root": self.STACK, "says": {"group_matcher": matcher}}
        assert len({group.lr_scale for group in both.groups(spec, layer_decay=0.5)}) > 1

    def test_scales_too_large_for_a_number(self, both: BothTimm) -> None:
        spec: Spec = {"root": self.STACK, "says": {"group_matcher": self.MATCHER}}
        assert both.refuse(spec, layer_decay=1e300).startswith("OverflowError")

    def test_zero_to_the_power_of_zero(self, both: BothTimm) -> None:
        spec: Spec = {"root": self.STACK, "says": {"group_matcher": self.MATCHER}}
        assert {group.lr_scale for group in both.groups(spec, layer_decay=0)} == {0, 1}

    def test_a_real_model(self, both: BothTimm) -> None:
        groups = both.groups(VIT, layer_decay=0.65)
        assert len(groups) == 28
        assert groups[0].names == ("cls_token", "pos_embed", "patch_embed.proj.bias")
        assert groups[0].lr_scale == 0.65**13
        assert groups[-1] == Group(("head.bias",), 0.0, 1.0)


class TestPoint04TheLrIsNotScaled:
    def test_only_timm_s_schedulers_read_the_scale(self, timm: Oracle) -> None:
        case: Case = {"model": VIT, "optimizer": {**ADAMW, "lr": 1e-3}, "paramwise_cfg": {"layer_decay": 0.65}}
        built, scheduled = timm.ask(**case), timm.ask(**case, schedule=True)
        assert {group["lr"] for group in built["groups"]} == {(1e-3).hex()}
        report = audit(trees.build(VIT), case, "timm")
        assert {row.lr for row in report.params} == {1e-3}
        theirs = {name: group["lr"] for group in scheduled["groups"] for name in group["names"]}
        ours = {row.name: float(row.scheduled_lr or 0.0).hex() for row in report.params}
        assert ours == theirs
        assert len(set(ours.values())) == 14

    def test_no_scale_without_layer_decay(self, timm: Oracle) -> None:
        answer = timm.ask(model=PLAIN, optimizer=ADAMW, schedule=True)
        assert {group["lr"] for group in answer["groups"]} == {(0.5).hex()}
        report = audit(trees.build(PLAIN), {"optimizer": ADAMW}, "timm")
        assert {row.scheduled_lr for row in report.params} == {None}

    def test_a_threshold_leaves_out_and_freezes(self, both: BothTimm) -> None:
        from timm.optim._optim_factory import create_optimizer_v2

        report = both.report(VIT, layer_decay=0.75, layer_decay_no_opt_scale=0.1)
        left_out = [row.name for row in report.params if row.group is None]
        real = trees.build(VIT)
        create_optimizer_v2(real, "adamw", lr=0.5, layer_decay=0.75, layer_decay_no_opt_scale=0.1)
        assert left_out == [name for name, p in real.named_parameters() if not p.requires_grad]
        assert len(left_out) == 52
        assert rules(report, "cls_token") == ("layer_decay_no_opt_scale", "layer_decay_no_opt_scale")
        (finding,) = [finding for finding in report.findings if finding.code == "PG010"]
        assert finding.message.startswith("layer_decay_no_opt_scale leaves out 52 tensors (")
        assert list(finding.params) == left_out

    @pytest.mark.parametrize("threshold", [0, 0.0, None])
    def test_no_threshold(self, both: BothTimm, threshold: float | None) -> None:
        assert len(both.groups(VIT, layer_decay=0.65, layer_decay_no_opt_scale=threshold)) == 28

    def test_the_least_scale_may_save_a_layer(self, both: BothTimm) -> None:
        options = {"layer_decay": 0.65, "layer_decay_no_opt_scale": 0.1, "layer_decay_min_scale": 0.1}
        assert len(both.groups(VIT, **options)) == 28

    def test_a_threshold_over_everything(self, both: BothTimm) -> None:
        assert "empty parameter list" in both.refuse(PLAIN, layer_decay=0.5, layer_decay_no_opt_scale=2.0)

    def test_pgaudit_freezes_nothing(self) -> None:
        model = trees.build(VIT)
        options = {"layer_decay": 0.65, "layer_decay_no_opt_scale": 0.1}
        audit(model, {"optimizer": ADAMW, "paramwise_cfg": options}, "timm")
        assert all(parameter.requires_grad for parameter in model.parameters())


class TestPoint05WrappersHideTheModel:
    def test_a_wrapper_decays_tokens(self, both: BothTimm) -> None:
        assert both.report(VIT)["cls_token"].weight_decay == 0.0
        wrapped = both.report({**VIT, "wrapped": True})
        assert wrapped["net.cls_token"].weight_decay == 0.25
        assert wrapped["net.pos_embed"].weight_decay == 0.25
        assert wrapped["net.blocks.0.norm1.weight"].weight_decay == 0.0

    def test_and_has_one_layer(self, both: BothTimm) -> None:
        wrapped = both.report({**VIT, "wrapped": True}, layer_decay=0.65)
        assert {row.setting.lr_scale for row in wrapped.params} == {1.0}
        assert "PG017" in {finding.code for finding in wrapped.findings}

    def test_an_attribute_called_module_is_a_child_like_any_other(self, both: BothTimm) -> None:
        report = both.report({"root": block(module=LINEAR, other=LINEAR)})
        assert [row.name for row in report.params] == ["module.weight", "module.bias", "other.weight", "other.bias"]


class TestOptimizers:
    """What create_optimizer_v2 calls, which the points do not tell."""

    @pytest.mark.parametrize("name", ["sgd", "SGD", "Sgd", "nesterov", "anything_sgd"])
    def test_sgd_has_nesterov_momentum(self, both: BothTimm, name: str) -> None:
        report = both.report(PLAIN, {"type": name, "lr": 0.5})
        assert (report.optimizer.call["momentum"], report.optimizer.call["nesterov"]) == (0.9, True)

    def test_arguments_of_the_config_win(self, both: BothTimm) -> None:
        report = both.report(PLAIN, {"type": "sgd", "lr": 0.5, "nesterov": False, "momentum": 0.0})
        assert (report.optimizer.call["momentum"], report.optimizer.call["nesterov"]) == (0.0, False)

    def test_arguments_that_do_not_fit_are_dropped(self, both: BothTimm) -> None:
        report = both.report(PLAIN, {"type": "adamw", "lr": 0.5, "momentum": 0.8})
        assert "momentum" not in report.optimizer.call
        report = both.report(PLAIN, {"type": "sgd", "lr": 0.5, "eps": 1e-6, "betas": [0.9, 0.99]})
        assert not {"eps", "betas"} & set(report.optimizer.call)

    def test_without_an_lr_the_class_s_own_holds(self, both: BothTimm) -> None:
        report = both.report(PLAIN, {"type": "adamw", "weight_decay": 0.25}, layer_decay=0.5)
        assert {row.lr for row in report.params} == {1e-3}

    @pytest.mark.parametrize("name", ["asgd", "adamw_lookahead", "torch.optim:AdamW", "", "fusedadam", "bnbadam"])
    def test_what_the_registry_does_not_know(self, both: BothTimm, name: str) -> None:
        both.refuse(PLAIN, {"type": name, "lr": 0.5})

    def test_a_class_is_no_name(self) -> None:
        model = trees.build(PLAIN)
        with pytest.raises(pgaudit.ConfigError, match="AttributeError: type object 'AdamW' has no attribute 'lower'"):
            audit(model, {"optimizer": {"type": torch.optim.AdamW, "lr": 0.5}}, "timm")

    @pytest.mark.parametrize("key", ["weight_decay_exclude_1d", "opt", "model_or_params"])
    @pytest.mark.parametrize("section", ["optimizer", "paramwise_cfg"])
    def test_arguments_that_stand_twice(self, both: BothTimm, key: str, section: str) -> None:
        if section == "optimizer":
            assert "multiple values" in both.refuse(PLAIN, {**ADAMW, key: True})
        else:
            assert "multiple values" in both.refuse(PLAIN, **{key: True})

    @pytest.mark.parametrize("key", ["custom_keys", "norm_decay_mult", "layer_deca"])
    def test_options_of_others_would_go_to_the_class(self, both: BothTimm, key: str) -> None:
        assert "unexpected keyword argument" in both.refuse(PLAIN, **{key: 1.0})

    def test_lookahead_wraps(self, both: BothTimm) -> None:
        optimizer = {**ADAMW, "type": "lookahead_adamw"}
        assert len(both.groups(PLAIN, optimizer)) == 2
        built: Any = pgaudit.build_optimizer(trees.build(PLAIN), {"constructor": "timm", "optimizer": optimizer})
        assert type(built).__name__ == "Lookahead"
        assert type(built._base_optimizer) is torch.optim.AdamW


def _names() -> list[str]:
    from timm.optim._optim_factory import list_optimizers

    return [name for name in list_optimizers(exclude_filters=["bnb*", "fused*"]) if isinstance(name, str)]


NAMES = _names()
SMALL: Spec = {
    "root": block(cls_token=[1, 1, 2], conv=node("Conv2d", 2, 4, 1), fc=LINEAR, norm=NORM, head=LINEAR),
    "says": {"no_weight_decay": ["cls_token"], "group_matcher": {"conv": "^conv", "rest": "^(fc|norm)"}},
}


@pytest.mark.parametrize("prefix", ["", "lookahead_"])
@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_of_the_registry(timm: Oracle, name: str, prefix: str) -> None:
    for options in ({}, {"fallback_no_weight_decay": True}):
        for more in ({"lr": 1e-3}, {}):
            optimizer = {"type": prefix + name, "weight_decay": 0.05, **more}
            compare(timm, {"model": SMALL, "optimizer": optimizer, "paramwise_cfg": options})


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_is_built_as_timm_builds_it(timm: Oracle, name: str) -> None:
    from tests.parity.answers import described

    optimizer = {"type": name, "lr": 1e-3, "weight_decay": 0.05}
    case: Case = {"model": PLAIN, "optimizer": optimizer}
    real = timm.ask(**case)
    model = trees.build(PLAIN)
    ours = described(pgaudit.build_optimizer(model, {"constructor": "timm", "optimizer": optimizer}), model)
    assert ours["defaults"] == real["defaults"]
    assert sorted(map(str, ours["groups"])) == sorted(map(str, real["groups"]))
