"""What mmcv 1.x's default constructor does, point by point, each shown by the real one.

The values that a test expects are written out to be read; `both` has compared pgaudit with the real
constructor on every parameter before a test sees any of them.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

import pgaudit
from tests.parity import trees
from tests.parity.both import DECAY, LR, SGD, Both, case_of
from tests.parity.client import Oracle
from tests.parity.compare import Case, audit, compare, refuses
from tests.parity.trees import Node, Spec, block, build, node

CONV = node("Conv2d", 2, 4, 1)
DEPTHWISE = node("Conv2d", 4, 4, 1, groups=4)
NORM = node("BatchNorm2d", 2)
LINEAR = node("Linear", 2, 2)


class TestPoint01Config:
    def test_the_rest_of_the_optimizer_config_is_the_optimizer(self, both: Both) -> None:
        optimizer = {"type": "SGD", "lr": LR, "momentum": 0.9, "nesterov": True}
        assert both.agree(LINEAR, optimizer) == {"weight": (LR, 0.0), "bias": (LR, 0.0)}

    def test_base_values_may_both_be_missing(self, both: Both) -> None:
        # Without `bias`, nothing is multiplied: torch's own defaults hold.
        model = node("Linear", 2, 2, bias=False)
        assert both.agree(model, {"type": "SGD"}, bias_lr_mult=2.0) == {"weight": (0.001, 0.0)}

    def test_constructor_and_paramwise_cfg_stand_inside_the_optimizer(self, both: Both) -> None:
        optimizer = {
            **SGD,
            "constructor": "DefaultOptimizerConstructor",
            "paramwise_cfg": {"norm_decay_mult": 0.0},
        }
        given = copy.deepcopy(optimizer)
        report = pgaudit.audit(build({"root": NORM}), {"optimizer": optimizer})
        decays = {p["name"]: p["weight_decay"] for p in report.to_dict()["params"]}
        expected = both.agree(NORM, norm_decay_mult=0.0)
        assert decays == {name: decay for name, (_, decay) in expected.items()} != {}
        assert optimizer == given, "the caller's config is not touched"


class TestPoint02Validation:
    @pytest.mark.parametrize(
        "paramwise_cfg",
        [["norm_decay_mult"], "norm_decay_mult", 1, {"custom_keys": ["head"]}],
        ids=str,
    )
    def test_wrong_types(self, both: Both, paramwise_cfg: Any) -> None:
        assert "TypeError" in both.refuse(LINEAR, paramwise_cfg=paramwise_cfg)

    def test_optimizer_is_a_dict(self, mmcv: Oracle) -> None:
        case: Case = {"model": {"root": LINEAR}, "optimizer": ["SGD"]}
        assert mmcv.ask(**case)["error"]["type"] == "TypeError"
        assert refuses(build(case["model"]), case, mmcv.constructor)

    @pytest.mark.parametrize("optimizer", [{"type": "SGD", "lr": LR}, {**SGD, "weight_decay": None}])
    @pytest.mark.parametrize(
        "paramwise_cfg",
        [
            {"bias_decay_mult": 1.0},
            {"norm_decay_mult": 0.0},
            {"dwconv_decay_mult": 0.0},
            {"custom_keys": {"nowhere": {"decay_mult": 1.0}}},
        ],
        ids=str,
    )
    def test_a_decay_rule_needs_a_base_decay(
        self, both: Both, optimizer: dict[str, Any], paramwise_cfg: dict[str, Any]
    ) -> None:
        error = both.refuse(LINEAR, optimizer, **paramwise_cfg)
        assert error.startswith("ValueError:")
        assert "base_wd should not be None" in error

    def test_unknown_keys_are_ignored(self, both: Both) -> None:
        plain = both.agree(block(norm=NORM), custom_keys={"norm": {"lr_mult": 2.0}})
        assert plain == both.agree(
            block(norm=NORM),
            flat_decay_mult=0.0,
            norm_decay_multi=0.0,
            custom_keys={"norm": {"lr_mult": 2.0, "decay_multi": 0.0}},
        )
        assert plain["norm.weight"] == (2 * LR, DECAY)


class TestPoint03Unwrapping:
    INNER = block(head=LINEAR)

    def test_any_attribute_called_module_is_the_model(self, both: Both) -> None:
        wrapped = block(module=self.INNER, head=node("Linear", 2, 2, bias=False), scale=[1])
        settings = both.agree(wrapped, custom_keys={"module": {"lr_mult": 2.0}})
        # Names lose the prefix, so the key is dead; the siblings are in no group.
        assert settings["head.bias"] == (LR, DECAY)
        assert settings["scale"] == (None, None)

    def test_also_a_property(self, both: Both) -> None:
        wrapped = block("PropertyWrapper", inner=self.INNER, lost=LINEAR)
        settings = both.agree(wrapped, bias_lr_mult=2.0)
        assert settings["head.bias"] == (2 * LR, DECAY)

    def test_also_data_parallel(self, both: Both) -> None:
        model = trees.build({"root": self.INNER})
        bare = audit(model, {"optimizer": SGD}).to_dict()["params"]
        assert audit(trees.data_parallel(model), {"optimizer": SGD}).to_dict()["params"] == bare

    def test_also_in_vain(self, both: Both) -> None:
        assert "AttributeError" in both.refuse(block("MethodNamedModule", head=LINEAR))

    def test_a_deeper_one_is_a_name_like_any_other(self, both: Both) -> None:
        settings = both.agree(block(net=block(module=LINEAR)), bias_lr_mult=2.0)
        assert settings["net.module.bias"] == (2 * LR, DECAY)


class TestPoint04WithoutRules:
    MODEL = block(fc=LINEAR, norm=NORM)
    TREE: Spec = {"ties": [["norm.weight", "fc.bias"]], "frozen": ["norm.bias"]}

    @pytest.mark.parametrize("paramwise_cfg", [None, {}], ids=str)
    def test_one_group_with_frozen_and_without_ties(self, mmcv: Oracle, paramwise_cfg: Any) -> None:
        case: Case = {"model": {"root": self.MODEL, **self.TREE}, "optimizer": SGD}
        assert compare(mmcv, case) == compare(mmcv, {**case, "paramwise_cfg": paramwise_cfg}) == 6
        report = audit(build(case["model"]), case, mmcv.constructor).to_dict()
        assert [group["parameters"] for group in report["groups"]] == [3]
        assert [p["aliases"] for p in report["params"]] == [[], ["norm.weight"], []]

    @pytest.mark.parametrize("rules", [{"custom_keys": {}}, {"bypass_duplicate": True}, {"x": 0}], ids=str)
    def test_anything_truthy_makes_a_group_of_each(self, mmcv: Oracle, rules: dict[str, Any]) -> None:
        case: Case = {"model": {"root": self.MODEL}, "optimizer": SGD, "paramwise_cfg": rules}
        assert compare(mmcv, case) == 8
        report = audit(build(case["model"]), case, mmcv.constructor).to_dict()
        assert [group["parameters"] for group in report["groups"]] == [1, 1, 1, 1]


class TestPoint05Walk:
    def test_own_parameters_come_before_those_of_children(self, both: Both) -> None:
        model = block(first=LINEAR, second=block(last=NORM, own=[1]), token=[1])
        assert list(both.agree(model, bias_lr_mult=1.0)) == [
            "token",
            *("first.weight", "first.bias"),
            *("second.own", "second.last.weight", "second.last.bias"),
        ]

    def test_a_module_twice_under_one_parent_is_visited_once(self, both: Both) -> None:
        shared: Spec = {"shares": [["", "again", "head"]]}
        settings = both.agree(block(head=LINEAR), tree=shared, custom_keys={"again": {"lr_mult": 2.0}})
        assert settings == {"head.weight": (LR, DECAY), "head.bias": (LR, DECAY)}

    def test_but_not_across_parents(self, both: Both) -> None:
        shared: Spec = {"shares": [["b", "again", "a.head"]]}
        model = block(a=block(head=LINEAR), b=block())
        assert "more than one parameter group" in both.refuse(model, tree=shared, bias_lr_mult=2.0)


class TestPoint06FrozenAndDuplicates:
    def test_frozen_parameters_stay_in_at_base_values(self, both: Both) -> None:
        settings = both.agree(
            block(head=NORM),
            tree={"frozen": ["head.weight"]},
            norm_decay_mult=0.0,
            custom_keys={"weight": {"lr_mult": 2.0, "decay_mult": 2.0}},
        )
        assert settings == {"head.weight": (LR, DECAY), "head.bias": (LR, 0.0)}

    def test_bypass_names_the_module_and_skips(self, mmcv: Oracle, both: Both) -> None:
        tied: Spec = {"ties": [["out.weight", "in.weight"]]}
        model = block(**{"in": LINEAR, "out": LINEAR})
        case = case_of(model, SGD, tied, {"bypass_duplicate": True})
        warning = "out is duplicate. It is skipped since bypass_duplicate=True"
        assert mmcv.ask(**case)["warnings"] == [warning]
        assert list(both.agree(model, tree=tied, bypass_duplicate=True)) == [*("in.weight", "in.bias", "out.bias")]

    def test_bypass_does_not_see_frozen_duplicates(self, both: Both) -> None:
        tied: Spec = {"ties": [["b.weight", "a.weight"]], "frozen": ["a.weight"]}
        error = both.refuse(block(a=LINEAR, b=LINEAR), tree=tied, bypass_duplicate=True)
        assert "more than one parameter group" in error


class TestPoint07CustomKeys:
    MODEL = block(conv=CONV, norm=NORM, net=block(conv=CONV), cls_token=[1])

    def keys(self, both: Both, keys: Any) -> dict[str, float | None]:
        """The lr of each parameter as a multiple of the base lr, under custom keys."""
        settings = both.agree(self.MODEL, custom_keys={k: {"lr_mult": v} for k, v in keys.items()})
        return {name: lr / LR for name, (lr, _) in settings.items() if lr is not None}

    def test_the_longest_matching_key_wins(self, both: Both) -> None:
        lr = self.keys(both, {"conv": 2.0, "net.conv": 4.0, "net": 8.0})
        assert (lr["conv.weight"], lr["net.conv.weight"]) == (2.0, 4.0)

    def test_of_equal_length_the_alphabet_decides_whatever_the_order(self, both: Both) -> None:
        for keys in ({"weig": 4.0, "conv": 2.0}, {"conv": 2.0, "weig": 4.0}):
            lr = self.keys(both, keys)
            assert (lr["conv.weight"], lr["norm.weight"], lr["conv.bias"]) == (2.0, 4.0, 2.0)

    def test_a_root_parameter_has_a_leading_dot_and_a_root_child_has_none(self, both: Both) -> None:
        lr = self.keys(both, {".cls_token": 2.0, ".conv": 4.0})
        assert (lr["cls_token"], lr["conv.weight"], lr["net.conv.weight"]) == (2.0, 1.0, 4.0)

    def test_the_empty_key_matches_all_that_no_other_does(self, both: Both) -> None:
        lr = self.keys(both, {"": 2.0, "norm": 4.0})
        assert (lr["cls_token"], lr["norm.bias"], lr["conv.bias"]) == (2.0, 4.0, 2.0)

    def test_a_key_for_lr_alone_restores_full_decay(self, both: Both) -> None:
        rules: dict[str, Any] = {
            "norm_decay_mult": 0.0,
            "bias_decay_mult": 0.0,
            "bias_lr_mult": 4.0,
        }
        settings = both.agree(self.MODEL, custom_keys={"norm": {"lr_mult": 2.0}}, **rules)
        assert settings["norm.bias"] == (2 * LR, DECAY)
        assert settings["conv.bias"] == (4 * LR, 0.0)

    def test_an_empty_setting_is_a_match_too(self, both: Both) -> None:
        settings = both.agree(self.MODEL, norm_decay_mult=0.0, custom_keys={"norm": {}})
        assert settings["norm.weight"] == (LR, DECAY)

    def test_without_a_base_decay_a_key_sets_the_lr_only(self, both: Both) -> None:
        optimizer = {"type": "AdamW", "lr": LR}
        settings = both.agree(self.MODEL, optimizer, custom_keys={"norm": {"lr_mult": 2.0}})
        assert settings["norm.weight"] == (2 * LR, 0.01)

    def test_absolute_values_in_a_key_are_ignored(self, both: Both) -> None:
        keys = {"norm": {"lr": 7.0, "weight_decay": 7.0, "wd_mult": 7.0}}
        assert both.agree(self.MODEL, custom_keys=keys)["norm.weight"] == (LR, DECAY)

    def test_a_key_without_a_setting(self, both: Both) -> None:
        assert "AttributeError" in both.refuse(self.MODEL, custom_keys={"norm": None})

    def test_a_key_that_is_a_number(self, mmcv: Oracle) -> None:
        case: Case = {"model": {"root": self.MODEL}, "optimizer": SGD}
        answer = mmcv.ask(**case, paramwise_cfg="custom_keys: {0: {lr_mult: 2.0}}")
        assert answer["error"]["type"] == "TypeError"
        keys = {"custom_keys": {0: {"lr_mult": 2.0}}}
        assert refuses(build(case["model"]), {**case, "paramwise_cfg": keys}, mmcv.constructor)


class TestPoint08LearningRate:
    def test_a_bias_multiplier_spares_norms(self, both: Both) -> None:
        model = block(conv=CONV, dw=DEPTHWISE, norm=NORM, fc=LINEAR)
        settings = both.agree(model, bias_lr_mult=2.0)
        assert {name for name, (lr, _) in settings.items() if lr == 2 * LR} == {*("conv.bias", "dw.bias", "fc.bias")}

    def test_the_offset_multiplier_overrides_it(self, both: Both) -> None:
        model = block(dcn=block("DeformConv2dPack", conv_offset=CONV))
        settings = both.agree(model, bias_lr_mult=2.0, dcn_offset_lr_mult=4.0)
        assert settings == {
            "dcn.weight": (LR, DECAY),
            "dcn.bias": (2 * LR, DECAY),
            "dcn.conv_offset.weight": (4 * LR, DECAY),
            "dcn.conv_offset.bias": (4 * LR, DECAY),
        }

    def test_the_offset_multiplier_goes_by_a_substring_of_the_path(self, both: Both) -> None:
        other = {**CONV, "params": [["conv_offset_scale", [1]]]}
        pack = block("ModulatedDeformConv2dPack", other=other, fc=LINEAR)
        rules: dict[str, Any] = {"bias_lr_mult": 2.0, "dcn_offset_lr_mult": 4.0}
        named = both.agree(block(my_conv_offset2=pack), **rules)
        assert named["my_conv_offset2.other.weight"] == (4 * LR, DECAY)
        assert named["my_conv_offset2.fc.weight"] == (LR, DECAY), "not a Conv2d"
        plain = both.agree(block(dcn=pack), **rules)
        assert plain["dcn.other.weight"] == (LR, DECAY)
        assert plain["dcn.other.conv_offset_scale"] == (LR, DECAY), "the module's path, no more"


class TestPoint09WeightDecay:
    MODEL = block(norm=NORM, dw=DEPTHWISE, fc=LINEAR)

    def test_norm_then_depthwise_then_bias(self, both: Both) -> None:
        rules: dict[str, Any] = {
            "norm_decay_mult": 2.0,
            "dwconv_decay_mult": 4.0,
            "bias_decay_mult": 8.0,
        }
        settings = both.agree(self.MODEL, **rules)
        assert {name: decay / DECAY for name, (_, decay) in settings.items() if decay} == {
            **{"norm.weight": 2.0, "norm.bias": 2.0},
            **{"dw.weight": 4.0, "dw.bias": 4.0},
            **{"fc.weight": 1.0, "fc.bias": 8.0},
        }

    def test_a_branch_without_its_multiplier_still_captures(self, both: Both) -> None:
        settings = both.agree(self.MODEL, bias_decay_mult=0.0)
        assert [name for name, (_, decay) in settings.items() if decay == 0.0] == ["fc.bias"]


class TestPoint10Norms:
    @pytest.mark.parametrize(
        ("norm", "covered"),
        [
            (node("BatchNorm1d", 2), True),
            (node("BatchNorm3d", 2), True),
            (node("SyncBatchNorm", 2), True),
            (node("InstanceNorm2d", 2, affine=True), True),
            (node("GroupNorm", 1, 2), True),
            (node("LayerNorm", 2), True),
            (node("SubclassedBatchNorm", 2), True),
            (node("RMSNorm", 2), False),
            (node("GlobalResponseNorm"), False),
            (node("HandWrittenNorm"), False),
            (node("FakeBatchNorm2d"), False),
        ],
        ids=lambda value: value["kind"] if isinstance(value, dict) else str(value),
    )
    def test_by_class_not_by_name(self, both: Both, norm: Node, covered: bool) -> None:
        settings = both.agree(block(norm=norm), norm_decay_mult=0.0)
        assert {decay for _, decay in settings.values()} == {0.0 if covered else DECAY}

    def test_a_norm_takes_all_its_own_parameters(self, both: Both) -> None:
        norm = {**NORM, "params": [["gate", [2]]]}
        assert both.agree(block(norm=norm), norm_decay_mult=0.0)["norm.gate"] == (LR, 0.0)


class TestPoint11Depthwise:
    @pytest.mark.parametrize(
        ("conv", "covered"),
        [
            (DEPTHWISE, True),
            (node("Conv2d", 4, 8, 1, groups=4), True),
            (node("Conv2d", 1, 8, 1), True),  # one channel in, one group: the quirk
            (node("StandardizedConv2d", 4, 4, 1, groups=4), True),
            (node("WeightNormConv2d", 1, 2, 1, bias=False), False),  # held by a grandchild
            (node("Conv2d", 4, 4, 1, groups=2), False),
            (node("Conv1d", 4, 4, 1, groups=4), False),
            (node("Conv3d", 4, 4, 1, groups=4), False),
            (node("ConvTranspose2d", 4, 4, 1, groups=4), False),
            (node("FakeConv2d", 1, 1), False),
        ],
        ids=lambda value: f"{value['kind']}{value['args']}" if isinstance(value, dict) else str(value),
    )
    def test_a_conv2d_with_as_many_groups_as_inputs(self, both: Both, conv: Node, covered: bool) -> None:
        settings = both.agree(block(conv=conv), dwconv_decay_mult=0.0)
        assert {decay for _, decay in settings.values()} == {0.0 if covered else DECAY}


class TestPoint12DeformableConvolutions:
    RULES: dict[str, Any] = {"bias_lr_mult": 2.0, "bias_decay_mult": 2.0, "dcn_offset_lr_mult": 4.0}

    @pytest.mark.parametrize(
        ("kind", "recognised"),
        [
            ("DeformConv2d", True),
            ("DeformConv2dPack", True),
            ("ModulatedDeformConv2d", True),
            ("ModulatedDeformConv2dPack", True),
            ("UserDeformPack", True),
            ("OtherDeformConv2d", False),
        ],
    )
    def test_by_the_class_of_the_immediate_parent(self, both: Both, kind: str, recognised: bool) -> None:
        settings = both.agree(block(dcn=block(kind, conv_offset=CONV)), **self.RULES)
        # Its own bias is an ordinary one; the offset's takes neither bias multiplier.
        assert settings["dcn.bias"] == (2 * LR, 2 * DECAY)
        assert settings["dcn.conv_offset.weight"] == (4 * LR if recognised else LR, DECAY)
        ordinary = (2 * LR, 2 * DECAY)
        assert settings["dcn.conv_offset.bias"] == ((4 * LR, DECAY) if recognised else ordinary)

    def test_a_sequential_between_them_hides_it(self, both: Both) -> None:
        offset = {"kind": "Sequential", "children": [["0", CONV]]}
        settings = both.agree(block(dcn=block("DeformConv2dPack", conv_offset=offset)), **self.RULES)
        assert settings["dcn.conv_offset.0.weight"] == (LR, DECAY)
        assert settings["dcn.conv_offset.0.bias"] == (2 * LR, 2 * DECAY)

    def test_a_depthwise_offset_takes_the_depthwise_decay(self, both: Both) -> None:
        model = block(dcn=block("DeformConv2dPack", conv_offset=DEPTHWISE))
        settings = both.agree(model, dwconv_decay_mult=0.0, **self.RULES)
        assert settings["dcn.conv_offset.bias"] == (4 * LR, 0.0)

    def test_the_root_counts_as_a_parent(self, both: Both) -> None:
        settings = both.agree(block("DeformConv2dPack", conv_offset=CONV), **self.RULES)
        assert settings["conv_offset.weight"] == (4 * LR, DECAY)


class TestPoint13WhatIsABias:
    def test_only_what_is_called_bias(self, both: Both) -> None:
        model = block(
            mha=node("MultiheadAttention", 4, 2),
            rnn=node("LSTM", 2, 2),
            attn=node("AlibiAttention"),
            bias=[1],
        )
        settings = both.agree(model, bias_lr_mult=2.0, bias_decay_mult=0.0)
        assert {name for name, (lr, decay) in settings.items() if (lr, decay) == (2 * LR, 0.0)} == {
            *("bias", "mha.out_proj.bias", "attn.bias")
        }


class TestPoint14MissingBaseValues:
    def test_an_ordinary_bias_needs_a_base_lr_though_no_rule_asks(self, both: Both) -> None:
        assert "TypeError" in both.refuse(LINEAR, {"type": "SGD", "weight_decay": DECAY}, x=0)

    def test_a_matching_key_needs_a_base_lr(self, both: Both) -> None:
        keys = {"norm": {"decay_mult": 0.0}}
        optimizer = {"type": "SGD", "weight_decay": DECAY}
        assert "TypeError" in both.refuse(block(norm=NORM), optimizer, custom_keys=keys)

    def test_otherwise_the_default_of_the_class_holds(self, both: Both) -> None:
        optimizer = {"type": "AdamW", "weight_decay": DECAY}
        settings = both.agree(block(norm=NORM), optimizer, norm_decay_mult=0.0)
        assert settings["norm.bias"] == (0.001, 0.0)

    @pytest.mark.parametrize(("optimizer", "decay"), [("AdamW", 0.01), ("Adam", 0.0), ("SGD", 0.0), ("Rprop", 0.0)])
    def test_a_missing_decay_is_the_class_s_own(self, both: Both, optimizer: str, decay: float) -> None:
        settings = both.agree(LINEAR, {"type": optimizer, "lr": LR}, bias_lr_mult=2.0)
        assert settings == {"weight": (LR, decay), "bias": (2 * LR, decay)}

    @pytest.mark.parametrize("rule", ["bias_decay_mult", "bias_lr_mult"])
    def test_an_explicit_null_is_no_number(self, both: Both, rule: str) -> None:
        assert "TypeError" in both.refuse(LINEAR, **{rule: None})


class TestPoint15Ties:
    MODEL = block(encoder=LINEAR, decoder=LINEAR)
    TREE: Spec = {"ties": [["decoder.weight", "encoder.weight"]]}

    def test_across_parents_torch_refuses(self, both: Both) -> None:
        error = both.refuse(self.MODEL, tree=self.TREE, bias_lr_mult=2.0)
        assert error.startswith("ValueError:")
        assert "some parameters appear in more than one parameter group" in error

    def test_with_bypass_the_first_name_decides(self, both: Both) -> None:
        keys = {"decoder": {"lr_mult": 2.0}}
        settings = both.agree(self.MODEL, tree=self.TREE, bypass_duplicate=True, custom_keys=keys)
        assert settings == {
            "encoder.weight": (LR, DECAY),
            "encoder.bias": (LR, DECAY),
            "decoder.bias": (2 * LR, DECAY),
        }

    def test_two_names_in_one_module_are_one_parameter(self, both: Both) -> None:
        tied: Spec = {"ties": [["bias", "weight"]]}
        settings = both.agree(node("LayerNorm", 2), tree=tied, bias_lr_mult=2.0)
        assert settings == {"weight": (LR, DECAY)}


class TestPoint16NothingElse:
    def test_no_extra_group_keys_and_no_warning_for_a_dead_key(self, mmcv: Oracle) -> None:
        keys = {"nowhere": {"lr_mult": 2.0, "note": "ignored"}, "weight": {"note": "ignored"}}
        case = case_of(LINEAR, SGD, None, {"custom_keys": keys})
        answer = mmcv.ask(**case)
        assert answer["warnings"] == []
        assert [group["extra"] for group in answer["groups"]] == [{}, {}]
        assert compare(mmcv, case)
        report = audit(build(case["model"]), case, mmcv.constructor).to_dict()
        assert {str(row["extra"]) for row in report["params"] + report["groups"]} == {"{}"}
