"""What mmengine's default constructor does otherwise than mmcv's, point by point, each shown by the real one; and that
the rest is the same.

The values that a test expects are written out to be read; `both` has compared pgaudit with the real constructor on
every parameter before a test sees any of them.
"""

from __future__ import annotations

from typing import Any

import pytest

from pgaudit.config import load_config
from pgaudit.constructors import CONSTRUCTORS
from pgaudit.core.errors import ConfigError
from pgaudit.core.setting import Setting
from tests.parity import test_mmcv_points as mmcv_points
from tests.parity.both import DECAY, LR, SGD, Both, case_of
from tests.parity.client import Oracle
from tests.parity.compare import Case, audit, compare, real_groups, refuses
from tests.parity.test_mmcv_points import CONV, DEPTHWISE, LINEAR, NORM
from tests.parity.trees import Spec, block, build, node

WITHOUT_LR = {"type": "SGD", "weight_decay": DECAY}
WITHOUT_DECAY = {"type": "SGD", "lr": LR}


@pytest.fixture
def both(mmengine: Oracle) -> Both:
    """pgaudit and the real mmengine."""
    return Both(mmengine)


@pytest.fixture
def mmcv(mmengine: Oracle) -> Oracle:
    """Lets mmcv's own points be asked of mmengine."""
    return mmengine


def held(oracle: Oracle, model: Any, name: str, **paramwise_cfg: Any) -> Setting:
    """What pgaudit says of one parameter, once both agree."""
    case = case_of(model, SGD, None, paramwise_cfg)
    assert compare(oracle, case)
    return audit(build(case["model"]), case, oracle.constructor)[name].setting


class TestOrderOfWeightDecay:
    MODEL = block(norm=NORM, dw=DEPTHWISE, fc=LINEAR, gamma=[2])

    def test_norm_then_bias_then_depthwise_then_flat(self, both: Both) -> None:
        rules: dict[str, Any] = {
            "norm_decay_mult": 2.0,
            "bias_decay_mult": 4.0,
            "dwconv_decay_mult": 8.0,
            "flat_decay_mult": 16.0,
        }
        settings = both.agree(self.MODEL, **rules)
        assert {name: decay / DECAY for name, (_, decay) in settings.items() if decay} == {
            **{"gamma": 16.0, "norm.weight": 2.0, "norm.bias": 2.0},
            **{"dw.weight": 8.0, "dw.bias": 4.0},
            **{"fc.weight": 1.0, "fc.bias": 4.0},
        }


class TestUnsetMultipliers:
    MODEL = block(norm=NORM, dw=DEPTHWISE, fc=LINEAR)

    def exempt(self, both: Both, **rules: Any) -> set[str]:
        return {name for name, (_, decay) in both.agree(self.MODEL, **rules).items() if decay == 0.0}

    def test_what_is_not_given_leaves_the_next_one_its_turn(self, both: Both) -> None:
        assert self.exempt(both, bias_decay_mult=0.0) == {"norm.bias", "dw.bias", "fc.bias"}
        assert self.exempt(both, dwconv_decay_mult=0.0) == {"dw.weight", "dw.bias"}
        assert self.exempt(both, flat_decay_mult=0.0) == {"norm.weight", "norm.bias", "dw.bias", "fc.bias"}

    def test_null_is_not_given(self, both: Both) -> None:
        names = ("norm_decay_mult", "bias_lr_mult", "dcn_offset_lr_mult", "dwconv_decay_mult")
        rules = dict.fromkeys(names)
        assert both.agree(self.MODEL, bias_decay_mult=0.0, **rules) == both.agree(self.MODEL, bias_decay_mult=0.0)
        settings = both.agree(self.MODEL, flat_decay_mult=None, bias_decay_mult=None)
        assert set(settings.values()) == {(LR, DECAY)}

    def test_only_mmcv_refuses_null(self, both: Both) -> None:
        assert refuses(build({"root": LINEAR}), case_of(LINEAR, SGD, None, {"bias_decay_mult": None}))


class TestFlatDecay:
    def test_goes_by_the_number_of_dimensions(self, both: Both) -> None:
        model = block(scalar=[], vector=[3], row=[1, 3], norm=NORM, rnn=node("LSTM", 2, 2), act=node("PReLU"))
        settings = both.agree(model, flat_decay_mult=0.0)
        assert {name for name, (_, decay) in settings.items() if decay == 0.0} == {
            *("vector", "norm.weight", "norm.bias", "rnn.bias_ih_l0", "rnn.bias_hh_l0", "act.weight")
        }

    def test_leaves_out_what_is_inside_a_deformable_convolution(self, both: Both) -> None:
        dcn = block("DeformConv2dPack", conv_offset=CONV, norm=NORM)
        settings = both.agree(block(dcn=dcn), flat_decay_mult=0.0)
        assert {name for name, (_, decay) in settings.items() if decay == 0.0} == {"dcn.bias"}

    def test_a_lazy_parameter_counts_as_flat(self, both: Both) -> None:
        settings = both.agree(block(conv=node("LazyConv2d", 4, 1), one=[]), flat_decay_mult=0.0)
        assert settings == {"one": (LR, DECAY), "conv.weight": (LR, 0.0), "conv.bias": (LR, 0.0)}

    def test_needs_no_base_decay(self, both: Both) -> None:
        assert both.agree(LINEAR, WITHOUT_DECAY, flat_decay_mult=0.5) == {"weight": (LR, 0.0), "bias": (LR, 0.0)}
        optimizer = {"type": "AdamW", "lr": LR}
        assert both.agree(LINEAR, optimizer, flat_decay_mult=0.5)["bias"] == (LR, 0.01)

    @pytest.mark.parametrize("mult", [0.0, None])
    @pytest.mark.parametrize("rule", ["bias_decay_mult", "norm_decay_mult", "dwconv_decay_mult"])
    def test_the_others_need_one_even_if_null(self, both: Both, rule: str, mult: Any) -> None:
        assert "base_wd should not be None" in both.refuse(LINEAR, WITHOUT_DECAY, **{rule: mult})

    def test_a_key_with_decay_mult_needs_one(self, both: Both) -> None:
        keys = {"nowhere": {"decay_mult": 1.0}}
        assert "base_wd should not be None" in both.refuse(LINEAR, WITHOUT_DECAY, custom_keys=keys)


class TestFrozen:
    MODEL = block(head=NORM, fc=LINEAR)
    TREE: Spec = {"frozen": ["head.weight"]}

    def test_skipped_with_a_warning(self, mmengine: Oracle, both: Both) -> None:
        case = case_of(self.MODEL, SGD, self.TREE, {"norm_decay_mult": 0.0})
        warning = "head.weight is skipped since its requires_grad=False"
        assert mmengine.ask(**case)["warnings"] == [warning]
        settings = both.agree(self.MODEL, tree=self.TREE, norm_decay_mult=0.0)
        assert (settings["head.weight"], settings["head.bias"]) == ((None, None), (LR, 0.0))

    def test_is_said_to_be_frozen_not_lost(self, mmengine: Oracle) -> None:
        case = case_of(self.MODEL, SGD, self.TREE, {"norm_decay_mult": 0.0})
        report = audit(build(case["model"]), case, "mmengine")
        assert report["head.weight"].group is None
        assert {count.rule.option: count.parameters for count in report.rules} == {
            **{"default": 2, "frozen": 1, "norm_decay_mult": 1}
        }
        (finding,) = [finding for finding in report.findings if finding.code == "PG010"]
        assert finding.params == ("head.weight",)
        assert "left out of the optimizer, with a warning" in finding.message

    def test_kept_where_there_are_no_options(self, both: Both) -> None:
        assert both.agree(self.MODEL, tree=self.TREE)["head.weight"] == (LR, DECAY)

    def test_all_of_them(self, both: Both) -> None:
        tree: Spec = {"frozen": ["weight", "bias"]}
        assert "empty parameter list" in both.refuse(LINEAR, tree=tree, bias_lr_mult=1.0)
        case = case_of(LINEAR, SGD, tree, {"bias_lr_mult": 1.0})
        with pytest.raises(ConfigError, match="every parameter is frozen, and mmengine's"):
            audit(build(case["model"]), case, "mmengine")
        assert both.agree(LINEAR, tree=tree) == {"weight": (LR, DECAY), "bias": (LR, DECAY)}

    def test_a_conv_without_channels_fails_even_if_frozen(self, both: Both) -> None:
        tree: Spec = {"frozen": ["0.weight", "0.bias"]}
        model = block("Sequential", **{"0": node("OddConv2d", "groups"), "1": LINEAR})
        assert "AttributeError" in both.refuse(model, tree=tree, bias_lr_mult=1.0)


class TestDuplicates:
    MODEL = block(**{"in": LINEAR, "out": LINEAR})
    TIED: Spec = {"ties": [["out.weight", "in.weight"]]}

    def test_a_frozen_one_is_never_in_a_group_and_so_no_duplicate(self, mmengine: Oracle, both: Both) -> None:
        tree: Spec = {**self.TIED, "frozen": ["in.weight"]}
        for rules in ({"bypass_duplicate": True}, {"bias_lr_mult": 1.0}):
            assert both.agree(self.MODEL, tree=tree, **rules)["in.weight"] == (None, None)
            warnings = mmengine.ask(**case_of(self.MODEL, SGD, tree, rules))["warnings"]
            assert warnings == [f"{name}.weight is skipped since its requires_grad=False" for name in ("in", "out")]

    def test_bypass_names_the_module_and_skips(self, mmengine: Oracle, both: Both) -> None:
        case = case_of(self.MODEL, SGD, self.TIED, {"bypass_duplicate": True})
        warning = "out is duplicate. It is skipped since bypass_duplicate=True"
        assert mmengine.ask(**case)["warnings"] == [warning]
        assert list(both.agree(self.MODEL, tree=self.TIED, bypass_duplicate=True)) == [
            *("in.weight", "in.bias", "out.bias")
        ]


class TestCopiedSettings:
    MODEL = block(norm=NORM, fc=LINEAR)

    def settings(self, both: Both, settings: dict[str, Any], optimizer: Any = SGD) -> tuple[float | None, float | None]:
        return both.agree(self.MODEL, optimizer, custom_keys={"fc": settings})["fc.weight"]

    def test_a_value_of_its_own_wins_over_the_multiplier(self, both: Both) -> None:
        assert self.settings(both, {"lr": 3.0, "lr_mult": 2.0, "decay_mult": 2.0}) == (3.0, 2 * DECAY)
        assert self.settings(both, {"lr_mult": 2.0, "weight_decay": 3.0, "decay_mult": 2.0}) == (2 * LR, 3.0)
        assert self.settings(both, {"lr": 0, "weight_decay": 0}) == (0.0, 0.0)

    def test_a_weight_decay_of_its_own_needs_no_base(self, both: Both) -> None:
        assert self.settings(both, {"weight_decay": 3.0}, WITHOUT_DECAY) == (LR, 3.0)
        assert self.settings(both, {"lr_mult": 2.0}, WITHOUT_DECAY) == (2 * LR, 0.0)

    def test_an_lr_of_its_own_needs_a_base_all_the_same(self, both: Both) -> None:
        error = both.refuse(self.MODEL, WITHOUT_LR, custom_keys={"fc": {"lr": 3.0}})
        assert error.startswith("TypeError")

    def test_everything_is_in_the_group_in_this_order(self, mmengine: Oracle) -> None:
        keys = {"fc": {"momentum": 0.5, "lr": 3.0, "lr_mult": 2.0, "note": "x", "decay_mult": 0.0}}
        setting = held(mmengine, self.MODEL, "fc.weight", custom_keys=keys)
        assert setting.written == (
            *(("lr", 3.0), ("weight_decay", 0.0), ("momentum", 0.5)),
            *(("lr_mult", 2.0), ("note", "x"), ("decay_mult", 0.0)),
        )
        assert (setting.lr, setting.weight_decay) == (3.0, 0.0)
        assert held(mmengine, self.MODEL, "norm.weight", custom_keys=keys).written == ()

    def test_options_write_what_they_make_and_no_more(self, mmengine: Oracle) -> None:
        setting = held(mmengine, self.MODEL, "fc.bias", bias_lr_mult=2.0, bias_decay_mult=0.0)
        assert setting.written == (("lr", 2 * LR), ("weight_decay", 0.0))

    @pytest.mark.parametrize("setting", ["lr_mult", "decay_mult"])
    @pytest.mark.parametrize("value", ["x", None], ids=str)
    def test_what_is_no_number(self, both: Both, setting: str, value: Any) -> None:
        assert both.refuse(self.MODEL, custom_keys={"fc": {setting: value}}).startswith("TypeError")

    @pytest.mark.parametrize("setting", ["lr", "weight_decay"])
    def test_null_is_written_too_and_would_fail_in_the_first_step(self, mmengine: Oracle, setting: str) -> None:
        case = case_of(self.MODEL, SGD, None, {"custom_keys": {"fc": {setting: None}}})
        assert [group[setting] for group in mmengine.ask(**case)["groups"]][-1] is None
        assert refuses(build(case["model"]), case, "mmengine")

    @pytest.mark.parametrize("value", [[], None, "x"], ids=str)
    def test_a_key_cannot_name_the_parameters(self, mmengine: Oracle, value: Any) -> None:
        case = case_of(self.MODEL, SGD, None, {"custom_keys": {"fc": {"params": value}}})
        assert "error" in mmengine.ask(**case) or [] in [g["names"] for g in mmengine.ask(**case)["groups"]]
        assert refuses(build(case["model"]), case, "mmengine")

    def test_what_torch_refuses_in_a_group(self, both: Both) -> None:
        keys = {"fc": {"param_names": ["a"]}}
        assert both.refuse(self.MODEL, custom_keys=keys).startswith("ValueError")

    def test_the_rest_of_the_groups_is_filled_in(self, mmengine: Oracle) -> None:
        optimizer = {"type": "Adam", "lr": LR, "betas": [0.8, 0.9]}
        keys = {"fc": {"betas": [0.5, 0.6], "amsgrad": True}, "norm": {"betas": [0.8, 0.9]}}
        case = case_of(self.MODEL, optimizer, None, {"custom_keys": keys})
        assert compare(mmengine, case) == 8
        extra = [group[3] for group in real_groups(mmengine.ask(**case)).values()]
        assert [sorted(keys) for keys in extra] == [[], [], ["amsgrad", "betas"], ["amsgrad", "betas"]]


class TestLearningRate:
    def test_a_bias_gets_one_of_its_own_only_by_its_option(self, mmengine: Oracle) -> None:
        for rules, count in (({"bias_decay_mult": 0.0}, 1), ({"bias_lr_mult": 1.0, "bias_decay_mult": 0.0}, 2)):
            assert len(held(mmengine, LINEAR, "bias", **rules).written) == count

    def test_so_no_base_lr_is_needed_where_nothing_multiplies_it(self, both: Both) -> None:
        assert both.agree(LINEAR, WITHOUT_LR, bias_decay_mult=0.0) == {"weight": (0.001, DECAY), "bias": (0.001, 0.0)}
        assert both.refuse(LINEAR, WITHOUT_LR, bias_lr_mult=1.0).startswith("TypeError")
        assert both.agree(NORM, WITHOUT_LR, bias_lr_mult=1.0)["bias"] == (0.001, DECAY)
        keys = {"weight": {"decay_mult": 0.0}}
        assert both.refuse(LINEAR, WITHOUT_LR, custom_keys=keys).startswith("TypeError")


class TestLog:
    def test_names_all_that_is_written_into_a_group(self, mmengine: Oracle) -> None:
        model = block(fc=LINEAR, norm=NORM, token=[3])
        keys = {"fc": {"lr_mult": 2.0, "momentum": 0.5}}
        case = case_of(model, SGD, None, {"custom_keys": keys, "flat_decay_mult": 0.0, "bias_lr_mult": 2.0})
        report = audit(build(case["model"]), case, "mmengine")
        assert mmengine.ask(**case, log=True)["warnings"] == [
            f"paramwise_options -- {row.name}:{key}={value}"
            for row in report.params
            for key, value in row.setting.written
        ]


class TestOptimizers:
    def test_the_first_argument_may_have_any_name(self, both: Both) -> None:
        optimizer = {"type": "tests.parity.modules:OddlyNamed", "lr": LR}
        assert both.agree(LINEAR, optimizer)["bias"] == (LR, 0.0)
        assert both.agree(LINEAR, optimizer, bias_lr_mult=2.0)["bias"] == (2 * LR, 0.0)

    def test_torchs_adafactor_has_another_name(self, both: Both) -> None:
        optimizer = {"type": "TorchAdafactor", "lr": LR, "weight_decay": DECAY}
        assert both.agree(LINEAR, optimizer, bias_decay_mult=0.0)["bias"] == (LR, 0.0)

    def test_a_class_of_torch_by_its_dotted_path(self, both: Both) -> None:
        optimizer = {"type": "torch.optim.AdamW", "lr": LR, "weight_decay": DECAY}
        assert both.agree(LINEAR, optimizer, bias_decay_mult=0.0)["bias"] == (LR, 0.0)

    def test_adafactor_is_that_of_transformers(self) -> None:
        config = load_config({"constructor": "mmengine", "optimizer": {"type": "Adafactor", "lr": LR}})
        assert CONSTRUCTORS["mmengine"].optimizer(config).type == "transformers:Adafactor"

    def test_the_wrapper_shows_a_group_that_is_not_the_models(self, mmengine: Oracle) -> None:
        case: Case = {"model": {"root": LINEAR}, "optimizer": SGD, "paramwise_cfg": {"bias_lr_mult": 2.0}}
        groups = mmengine.ask(**case)["groups"]
        *same, phantom = mmengine.ask(**case, wrapper=True)["groups"]
        assert same == groups
        assert phantom["names"] == ["?"]
        assert compare(mmengine, case) == 4


class TestPoint03Unwrapping(mmcv_points.TestPoint03Unwrapping):
    """As mmcv."""


class TestPoint04WithoutRules(mmcv_points.TestPoint04WithoutRules):
    """As mmcv."""


class TestPoint05Walk(mmcv_points.TestPoint05Walk):
    """As mmcv."""


class TestPoint07CustomKeys(mmcv_points.TestPoint07CustomKeys):
    """As mmcv, but for what is copied."""

    def test_absolute_values_in_a_key_are_ignored(self, both: Both) -> None:
        keys = {"norm": {"lr": 7.0, "weight_decay": 8.0, "wd_mult": 7.0}}
        assert both.agree(self.MODEL, custom_keys=keys)["norm.weight"] == (7.0, 8.0)


class TestPoint08LearningRate(mmcv_points.TestPoint08LearningRate):
    """As mmcv."""


class TestPoint10Norms(mmcv_points.TestPoint10Norms):
    """As mmcv."""


class TestPoint11Depthwise(mmcv_points.TestPoint11Depthwise):
    """As mmcv."""


class TestPoint12DeformableConvolutions(mmcv_points.TestPoint12DeformableConvolutions):
    """As mmcv."""


class TestPoint13WhatIsABias(mmcv_points.TestPoint13WhatIsABias):
    """As mmcv."""


class TestPoint15Ties(mmcv_points.TestPoint15Ties):
    """As mmcv."""
