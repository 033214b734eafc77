"""What transformers' Trainer does, point by point, each shown by the real one.

The values that a test expects are written out to be read; both sides have been compared on every parameter before a
test sees any of them.
"""

from __future__ import annotations

from typing import Any

import pytest

import pgaudit
from tests.parity.both import DECAY, LR, Both
from tests.parity.client import Oracle
from tests.parity.compare import Case, audit, compare, refuses
from tests.parity.trees import Node, Spec, block, build, node

ADAMW = {"type": "AdamW", "lr": LR, "weight_decay": DECAY}
LINEAR = node("Linear", 2, 2)
PLAIN = node("Linear", 2, 2, bias=False)
LAYER_NORM = node("LayerNorm", 2)
OTHER_NORM = node("HandWrittenNorm")


@pytest.fixture
def trainer(transformers: Oracle) -> Both:
    """pgaudit and the real Trainer."""
    return Both(transformers)


def decayed(trainer: Both, model: Node, **tree: Any) -> set[str]:
    """The parameters with weight decay; all others that train have none."""
    settings = trainer.agree(model, ADAMW, tree=tree)
    assert {decay for _, decay in settings.values()} <= {DECAY, 0.0, None}
    return {name for name, (_, decay) in settings.items() if decay == DECAY}


def rules(model: Node) -> dict[str, str]:
    """The rule that pgaudit names for each parameter without weight decay."""
    report = audit(build({"root": model}), {"optimizer": ADAMW}, "transformers")
    found = {row.name: row.setting.weight_decay_rule for row in report.params if row.weight_decay == 0}
    return {name: rule.full for name, rule in found.items() if rule}


class TestPoint01Groups:
    def test_decay_comes_first_then_none(self, transformers: Oracle) -> None:
        answer = transformers.ask(model={"root": LINEAR}, optimizer=ADAMW)
        assert [group["names"] for group in answer["groups"]] == [["weight"], ["bias"]]
        assert compare(transformers, {"model": {"root": LINEAR}, "optimizer": ADAMW}) == 4

    def test_both_are_there_even_if_empty(self, transformers: Oracle) -> None:
        for model, groups, index in (
            (block(norm=LAYER_NORM), [[], ["norm.weight", "norm.bias"]], 1),
            (PLAIN, [["weight"], []], 0),
        ):
            case: Case = {"model": {"root": model}, "optimizer": ADAMW}
            assert [group["names"] for group in transformers.ask(**case)["groups"]] == groups
            compare(transformers, case)
            report = audit(build(case["model"]), case, "transformers")
            assert {row.group for row in report.params} == {index}
            assert [group.index for group in report.groups] == [index]

    def test_frozen_ones_are_left_out_in_silence(self, trainer: Both) -> None:
        settings = trainer.agree(block(fc=LINEAR), ADAMW, tree={"frozen": ["fc.weight"]})
        assert settings == {"fc.weight": (None, None), "fc.bias": (LR, 0.0)}

    def test_with_all_frozen_there_is_an_optimizer_of_nothing(self, trainer: Both) -> None:
        settings = trainer.agree(PLAIN, ADAMW, tree={"frozen": ["weight"]})
        assert settings == {"weight": (None, None)}

    def test_one_lr_for_all(self, trainer: Both) -> None:
        assert {lr for lr, _ in trainer.agree(block(a=LINEAR, norm=LAYER_NORM), ADAMW).values()} == {LR}

    @pytest.mark.parametrize("optimizer", [{"type": "AdamW"}, {"type": "AdamW", "lr": None, "weight_decay": None}])
    def test_defaults_are_those_of_training_arguments(self, trainer: Both, optimizer: dict[str, Any]) -> None:
        # Not AdamW's own, of 0.001 and 0.01.
        assert trainer.agree(LINEAR, optimizer) == {"weight": (5e-5, 0.0), "bias": (5e-5, 0.0)}

    def test_trainers_own_adamw_is_torchs_with_its_own_defaults(self, transformers: Oracle) -> None:
        answer = transformers.ask(model={"root": LINEAR}, optimizer=None)
        assert answer == transformers.ask(model={"root": LINEAR}, optimizer={"type": "AdamW"})

    def test_the_weight_decay_goes_to_groups_alone(self, transformers: Oracle) -> None:
        defaults = transformers.ask(model={"root": LINEAR}, optimizer=ADAMW)["defaults"]
        assert float.fromhex(defaults["weight_decay"].strip('"')) == 0.01
        report = audit(build({"root": LINEAR}), {"optimizer": ADAMW}, "transformers")
        assert report.optimizer.call == {"type": "AdamW", "lr": LR}

    def test_all_other_arguments_go_to_the_class(self, trainer: Both) -> None:
        settings = trainer.agree(LINEAR, {"type": "SGD", "lr": LR, "weight_decay": DECAY, "momentum": 0.9})
        assert settings == {"weight": (LR, DECAY), "bias": (LR, 0.0)}
        assert "TypeError" in trainer.refuse(LINEAR, {"type": "SGD", "betas": [0.9, 0.99]})


class TestPoint02NoDecay:
    def test_below_a_layer_norm_child(self, trainer: Both) -> None:
        assert decayed(trainer, block(ln=LAYER_NORM, fc=PLAIN)) == {"fc.weight"}
        assert rules(block(ln=LAYER_NORM)) == {"ln.weight": "layer_norm", "ln.bias": "layer_norm"}

    def test_at_any_depth_below_it(self, trainer: Both) -> None:
        model = block(a=block("LayerNormBlock", fc=PLAIN, scale=[2]), b=PLAIN)
        assert decayed(trainer, model) == {"b.weight"}
        assert rules(model) == dict.fromkeys(("a.weight", "a.bias", "a.scale", "a.fc.weight"), "layer_norm")

    @pytest.mark.parametrize(
        ("name", "key"),
        [
            ("q_bias", "bias"),
            ("BIAS", "bias"),
            ("debiased", "bias"),
            ("LayerNorm_scale", "layernorm"),
            ("input_rmsnorm", "rmsnorm"),
            ("norm", r"(?:^|\.)norm(?:$|\.)"),
            ("Norm", r"(?:^|\.)norm(?:$|\.)"),
            ("q_norm", r"_norm(?:$|\.)"),
        ],
    )
    def test_a_name_in_small_letters(self, trainer: Both, name: str, key: str) -> None:
        for model, full in (
            (block(**{name: [2, 2]}), name),
            (block(a=block(**{name: [2, 2]})), f"a.{name}"),
            (block(a=block(**{name: block(b=PLAIN)})), f"a.{name}.b.weight"),
        ):
            assert decayed(trainer, model) == set()
            assert rules(model) == {full: f"forbidden_name.{key}"}

    @pytest.mark.parametrize("name", ["norm1", "norms", "denorm", "norm_scale", "bn", "ln_f", "batchnorm", "b.ias"])
    def test_names_that_come_near(self, trainer: Both, name: str) -> None:
        leaf, *parents = reversed(name.split("."))
        model = block(**{leaf: [2, 2]})
        for parent in parents:
            model = block(**{parent: model})
        assert decayed(trainer, model) == {name}
        assert decayed(trainer, block(a=block(b=model))) == {f"a.b.{name}"}

    def test_an_expression_reaches_across_the_dots_of_relative_names(self, trainer: Both) -> None:
        model = block(norm=block(norm=block(x=PLAIN)), x_norm=block(y=PLAIN), y=block(norm=[2], x=PLAIN))
        assert decayed(trainer, model) == {"y.x.weight"}

    def test_the_class_is_named_before_expressions(self) -> None:
        assert rules(block(norm=LAYER_NORM, layernorm=OTHER_NORM)) == {
            "norm.weight": "layer_norm",
            "norm.bias": "layer_norm",
            "layernorm.weight": "forbidden_name.layernorm",
            "layernorm.bias": "forbidden_name.bias",
        }


class TestPoint03Quirks:
    @pytest.mark.parametrize("kind", ["HandWrittenNorm", "BatchNorm2d", "GlobalResponseNorm", "RMSNorm"])
    @pytest.mark.parametrize("name", ["norm1", "bn1", "gn", "ln_f"])
    def test_norms_of_other_classes_and_names_are_decayed(self, trainer: Both, kind: str, name: str) -> None:
        model = block(**{name: node(kind, 2)})
        weight = "gamma" if kind == "GlobalResponseNorm" else "weight"
        assert f"{name}.{weight}" in decayed(trainer, model)
        report = audit(build({"root": model}), {"optimizer": ADAMW}, "transformers")
        assert "PG006" in {finding.code for finding in report.findings}

    def test_but_not_what_is_called_bias_there(self, trainer: Both) -> None:
        assert decayed(trainer, block(norm1=OTHER_NORM)) == {"norm1.weight"}

    @pytest.mark.parametrize("name", ["debias_proj", "relative_attention_bias"])
    def test_bias_anywhere_in_a_name(self, trainer: Both, name: str) -> None:
        model = block(**{name: PLAIN})
        assert decayed(trainer, model) == set()
        report = audit(build({"root": model}), {"optimizer": ADAMW}, "transformers")
        # The expression is Trainer's own: no config could say it otherwise.
        assert not {"PG003", "PG016"} & {finding.code for finding in report.findings}

    def test_a_root_that_is_a_layer_norm_is_decayed(self, trainer: Both) -> None:
        assert decayed(trainer, LAYER_NORM) == {"weight"}
        assert decayed(trainer, block("LayerNormBlock", fc=PLAIN, ln=LAYER_NORM)) == {"weight", "fc.weight"}

    def test_the_first_name_of_tied_ones_decides(self, trainer: Both) -> None:
        model = block(head=PLAIN, norm=PLAIN)
        assert decayed(trainer, model, ties=[["norm.weight", "head.weight"]]) == {"head.weight"}
        model = block(norm=PLAIN, head=PLAIN)
        assert decayed(trainer, model, ties=[["head.weight", "norm.weight"]]) == set()

    def test_also_of_a_module_in_two_places(self, trainer: Both) -> None:
        model = block(a=block(fc=LINEAR), norm=block())
        assert decayed(trainer, model, shares=[["norm", "x", "a.fc"]]) == {"a.fc.weight"}

    def test_also_of_one_parameter_twice_in_a_module(self, trainer: Both) -> None:
        model = block(a=[2, 2], norm=[2, 2])
        assert decayed(trainer, model, ties=[["norm", "a"]]) == {"a"}
        assert decayed(trainer, block(norm=[2, 2], a=[2, 2]), ties=[["a", "norm"]]) == set()

    def test_a_parameter_that_the_model_does_not_list_is_in_no_group(self, transformers: Oracle) -> None:
        case: Case = {"model": {"root": node("HeadOnlyNamed")}, "optimizer": ADAMW}
        answer = transformers.ask(**case)
        assert [group["names"] for group in answer["groups"]] == [["head.weight"], ["head.bias"]]
        report = audit(build(case["model"]), case, "transformers")
        assert {row.name: row.group for row in report.params if row.group is not None} == {
            "head.weight": 0,
            "head.bias": 1,
        }

    def test_a_module_inside_itself(self, transformers: Oracle) -> None:
        spec: Spec = {"root": block(a=block(fc=LINEAR)), "shares": [["a", "again", "a"]]}
        assert transformers.ask(model=spec, optimizer=ADAMW)["error"]["type"] == "RecursionError"
        assert refuses(build(spec), {"model": spec, "optimizer": ADAMW}, "transformers")


def test_paramwise_options_are_read_by_nobody() -> None:
    config = {"constructor": "transformers", "optimizer": ADAMW, "paramwise_cfg": {"norm_decay_mult": 0.0}}
    report = pgaudit.audit(build({"root": LINEAR}), config)
    assert [finding.key for finding in report.findings if finding.code == "PG014"] == ["paramwise_cfg"]
