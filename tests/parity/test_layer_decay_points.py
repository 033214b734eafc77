"""What mmpretrain's layer decay does, point by point, each shown by the real one.

The values that a test expects are written out to be read; `layers` has compared pgaudit with the real constructor on
every parameter before a test sees any of them. Bases and rates are powers of two.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.parity.both import DECAY, LR, SGD, Both, case_of
from tests.parity.client import Oracle
from tests.parity.compare import audit
from tests.parity.layer_decays import Named, classifier, layered
from tests.parity.trees import Node, block, build, node

LINEAR, NORM = node("Linear", 2, 2), node("LayerNorm", 2)
DEPTHWISE = node("Conv2d", 4, 4, 1, groups=4)
RATE = 0.5


def model(**members: Node | list[int] | None) -> Node:
    """Four layers: every name is in the second, unless it is given."""
    return layered(block(**members), 4, salt="unused", **{name: [1, 4] for name in _names(members)})


def _names(members: dict[str, Any]) -> list[str]:
    bare = build({"root": block(**members)})
    return [name for name, _ in bare.named_parameters(remove_duplicate=False)]


def codes(layers: Both, inner: Node, optimizer: Any = SGD, **paramwise_cfg: Any) -> set[tuple[str, str | None]]:
    """The findings of a case, and what each is about."""
    case = case_of(inner, optimizer, None, paramwise_cfg)
    report = audit(build(case["model"]), case, layers.oracle.constructor)
    return {(finding.code, finding.key) for finding in report.findings}


def extra(layers: Both, inner: Node, **paramwise_cfg: Any) -> dict[str, dict[str, Any]]:
    """What each group holds beside lr and weight decay, on which both agree."""
    layers.agree(inner, **paramwise_cfg)
    case = case_of(inner, SGD, None, paramwise_cfg)
    report = audit(build(case["model"]), case, layers.oracle.constructor)
    return {row.name: row.setting.extra for row in report.params}


class TestPoint1TheModelSaysItsLayers:
    def test_the_root_has_to_have_get_layer_depth(self, layers: Both) -> None:
        inside = block(backbone=layered(block(fc=LINEAR)))
        error = layers.refuse(inside, layer_decay_rate=RATE)
        assert error.startswith("NotImplementedError: The layer-wise learning rate decay need the model")

    def test_what_it_raises_is_raised(self, layers: Both) -> None:
        failing = layered(block(fc=LINEAR, head=LINEAR), fails="head.bias")
        assert layers.refuse(failing, layer_decay_rate=RATE) == "NotImplementedError: no layer for head.bias"

    def test_frozen_parameters_are_skipped_and_not_asked_about(self, layers: Both) -> None:
        failing = layered(block(fc=LINEAR, head=LINEAR), fails="head.bias")
        given = layers.agree(failing, tree={"frozen": ["head.bias"]}, layer_decay_rate=1.0)
        assert given["head.bias"] == (None, None)
        assert given["head.weight"] == (LR, DECAY)

    def test_a_model_without_trainable_parameters_is_refused(self, layers: Both) -> None:
        frozen = {"frozen": ["fc.weight", "fc.bias"]}
        error = layers.refuse(model(fc=LINEAR), tree=frozen, layer_decay_rate=RATE)
        assert error == "ValueError: optimizer got an empty parameter list"

    def test_empty_options_are_one_group_with_frozen_parameters_and_no_layers(self, layers: Both) -> None:
        given = layers.agree(block(fc=LINEAR), tree={"frozen": ["fc.bias"]})
        assert given == {"fc.weight": (LR, DECAY), "fc.bias": (LR, DECAY)}

    def test_there_is_no_bypass_duplicate(self, layers: Both) -> None:
        tied = {"ties": [["head.weight", "fc.weight"]]}
        twice = model(fc=LINEAR, head=LINEAR)
        error = layers.refuse(twice, tree=tied, layer_decay_rate=RATE, bypass_duplicate=True)
        assert error.endswith("some parameters appear in more than one parameter group")
        assert ("PG014", "bypass_duplicate") in codes(layers, twice, layer_decay_rate=RATE, bypass_duplicate=True)

    def test_names_begin_inside_module(self, layers: Both) -> None:
        inner = layered(block(fc=LINEAR), 4, **{"fc.weight": [3, 4], "fc.bias": [2, 4]})
        given = layers.agree(block(module=inner, beside=LINEAR), layer_decay_rate=RATE)
        assert (given["fc.weight"], given["fc.bias"]) == ((LR, DECAY), (LR / 2, DECAY))
        assert given["beside.weight"] == (None, None)


class TestPoint2NamesHaveNoLeadingDot:
    def test_a_leading_dot_misses_the_root(self, layers: Both) -> None:
        rooted = model(cls_token=[1, 1, 2], backbone=block(cls_token=[1, 1, 2]))
        key = {".cls_token": {"decay_mult": 0.0}}
        given = layers.agree(rooted, layer_decay_rate=1.0, custom_keys=key)
        assert given == {"cls_token": (LR, DECAY), "backbone.cls_token": (LR, 0.0)}

    def test_a_key_begins_the_name(self, layers: Both) -> None:
        given = layers.agree(model(fc=LINEAR), layer_decay_rate=1.0, custom_keys={"fc.w": {"decay_mult": 0.5}})
        assert given == {"fc.weight": (LR, DECAY / 2), "fc.bias": (LR, DECAY)}


class TestPoint3WeightDecay:
    def test_custom_keys_then_norms_then_biases_then_vectors(self, layers: Both) -> None:
        net = model(norm=NORM, fc=LINEAR, scale=[2], table=[2, 2], head=block(norm=NORM))
        given = layers.agree(
            net,
            layer_decay_rate=1.0,
            norm_decay_mult=0.5,
            bias_decay_mult=2.0,
            flat_decay_mult=4.0,
            custom_keys={"head": {"decay_mult": 8.0}},
        )
        assert {name: decay for name, (_, decay) in given.items()} == {
            "scale": DECAY * 4,
            "table": DECAY,
            "norm.weight": DECAY / 2,
            "norm.bias": DECAY / 2,
            "fc.weight": DECAY,
            "fc.bias": DECAY * 2,
            "head.norm.weight": DECAY * 8,
            "head.norm.bias": DECAY * 8,
        }

    def test_an_option_that_is_not_given_is_passed_over(self, layers: Both) -> None:
        given = layers.agree(model(norm=NORM), layer_decay_rate=1.0, norm_decay_mult=None, bias_decay_mult=0.5)
        assert given == {"norm.weight": (LR, DECAY), "norm.bias": (LR, DECAY / 2)}

    def test_the_longest_key_wins_then_the_alphabet(self, layers: Both) -> None:
        keys = {"fc": {"decay_mult": 2.0}, "c.wei": {"decay_mult": 4.0}, "fc.we": {"decay_mult": 8.0}}
        given = layers.agree(model(fc=LINEAR), layer_decay_rate=1.0, custom_keys=keys)
        assert given == {"fc.weight": (LR, DECAY * 4), "fc.bias": (LR, DECAY * 2)}

    def test_what_else_a_key_says_updates_the_group(self, layers: Both) -> None:
        keys = {"fc": {"decay_mult": 2.0, "weight_decay": 0.125, "momentum": 0.5, "tag": "x"}}
        given = layers.agree(model(fc=LINEAR), layer_decay_rate=1.0, custom_keys=keys)
        assert given["fc.weight"] == (LR, 0.125)
        held = extra(layers, model(fc=LINEAR), layer_decay_rate=1.0, custom_keys=keys)["fc.weight"]
        assert (held["momentum"], held["tag"]) == (0.5, "x")
        assert "decay_mult" not in held
        found = codes(layers, model(fc=LINEAR), layer_decay_rate=RATE, custom_keys=keys)
        assert {("PG011", "tag"), ("PG011", "decay_mult")} <= found
        assert ("PG011", "momentum") not in found

    def test_depthwise_convolutions_have_no_rule(self, layers: Both) -> None:
        given = layers.agree(model(dw=DEPTHWISE), layer_decay_rate=1.0, dwconv_decay_mult=0.0)
        assert given == {"dw.weight": (LR, DECAY), "dw.bias": (LR, DECAY)}
        assert ("PG014", "dwconv_decay_mult") in codes(
            layers, model(dw=DEPTHWISE), layer_decay_rate=RATE, dwconv_decay_mult=0.0
        )

    def test_biases_of_deformable_convolutions_are_biases_and_vectors(self, layers: Both) -> None:
        offset = {**node("DeformConv2d", 2, 1), "children": [["conv_offset", node("Conv2d", 2, 4, 1)]]}
        given = layers.agree(model(dcn=offset), layer_decay_rate=1.0, bias_decay_mult=0.5)
        assert given["dcn.conv_offset.bias"] == (LR, DECAY / 2)
        given = layers.agree(model(dcn=offset), layer_decay_rate=1.0, flat_decay_mult=0.5)
        assert given["dcn.conv_offset.bias"] == (LR, DECAY / 2)


class TestPoint4TheLayerDecidesTheLr:
    def test_the_rate_to_the_power_of_the_layers_above(self, layers: Both) -> None:
        depths = {"stem.weight": [0, 4], "stem.bias": [1, 4], "fc.weight": [2, 4], "fc.bias": [3, 4]}
        given = layers.agree(layered(block(stem=LINEAR, fc=LINEAR), **depths), layer_decay_rate=RATE)
        assert [lr for lr, _ in given.values()] == [LR / 8, LR / 4, LR / 2, LR]

    def test_a_layer_beyond_the_last_has_more_than_the_base(self, layers: Both) -> None:
        deep = layered(block(fc=LINEAR), **{"fc.weight": [4, 4], "fc.bias": [5, 4]})
        given = layers.agree(deep, layer_decay_rate=RATE)
        assert [lr for lr, _ in given.values()] == [LR * 2, LR * 4]

    def test_without_a_rate_it_is_one(self, layers: Both) -> None:
        assert layers.agree(model(fc=LINEAR), bias_decay_mult=0.0)["fc.bias"] == (LR, 0.0)

    def test_lr_mult_is_stored_and_has_no_effect(self, layers: Both) -> None:
        keys = {"fc": {"lr_mult": 8.0}}
        given = layers.agree(model(fc=LINEAR), layer_decay_rate=RATE, custom_keys=keys)
        assert given["fc.weight"] == (LR / 4, DECAY)
        held = extra(layers, model(fc=LINEAR), layer_decay_rate=RATE, custom_keys=keys)
        assert held["fc.weight"] == {"lr_mult": 8.0, "lr_scale": 0.25, "layer_id": 1}
        assert ("PG014", "lr_mult") in codes(layers, model(fc=LINEAR), layer_decay_rate=RATE, custom_keys=keys)

    def test_a_custom_lr_is_overwritten(self, layers: Both) -> None:
        keys = {"fc": {"lr": 8.0, "lr_scale": 3.0, "layer_id": 7, "param_name": "mine"}}
        given = layers.agree(model(fc=LINEAR), layer_decay_rate=RATE, custom_keys=keys)
        assert given["fc.weight"] == (LR / 4, DECAY)
        held = extra(layers, model(fc=LINEAR), layer_decay_rate=RATE, custom_keys=keys)
        assert held["fc.weight"] == {"lr_scale": 0.25, "layer_id": 1}
        found = codes(layers, model(fc=LINEAR), layer_decay_rate=RATE, custom_keys=keys)
        assert {("PG014", "lr"), ("PG014", "lr_scale"), ("PG011", "layer_id"), ("PG011", "param_name")} <= found

    def test_no_schedule_reads_lr_scale(self, mmpretrain: Oracle, layers: Both) -> None:
        case = case_of(model(fc=LINEAR), SGD, None, {"layer_decay_rate": RATE})
        report = audit(build(case["model"]), case, layers.oracle.constructor)
        assert {row.scheduled_lr for row in report.params} == {None}
        # A warm-up that ends after one step, in the real library: at its height the lr is that of the group.
        answer = layers.oracle.ask(**case, scheduled=True)
        heights = {float.fromhex(group["height"]) for group in answer["groups"]}
        assert heights == {LR / 4} == {row.lr for row in report.params}

    def test_one_group_a_parameter(self, layers: Both) -> None:
        case = case_of(model(fc=LINEAR, head=LINEAR), SGD, None, {"layer_decay_rate": RATE})
        answer = layers.oracle.ask(**case)
        assert [group["names"] for group in answer["groups"]] == [
            ["fc.weight"],
            ["fc.bias"],
            ["head.weight"],
            ["head.bias"],
        ]

    @pytest.mark.parametrize("custom_keys", [{}, {"fc": {"weight_decay": 0.125}}], ids=str)
    def test_without_a_base_decay_a_debug_message_fails(self, layers: Both, custom_keys: dict[str, Any]) -> None:
        sgd = {"type": "SGD", "lr": LR}
        error = layers.refuse(model(fc=LINEAR), sgd, layer_decay_rate=RATE, custom_keys=custom_keys)
        assert error == "KeyError: 'weight_decay'"

    def test_a_decay_rule_without_a_base_decay_fails_before(self, layers: Both) -> None:
        error = layers.refuse(model(fc=LINEAR), {"type": "SGD", "lr": LR}, norm_decay_mult=0.0)
        assert error == "ValueError: base_wd should not be None"

    def test_without_an_lr(self, layers: Both) -> None:
        error = layers.refuse(model(fc=LINEAR), {"type": "SGD", "weight_decay": DECAY}, layer_decay_rate=RATE)
        assert error.startswith("TypeError")

    def test_a_rate_of_zero_below_the_last_layer(self, layers: Both) -> None:
        deep = layered(block(fc=LINEAR), **{"fc.weight": [3, 4], "fc.bias": [2, 4]})
        assert layers.agree(deep, layer_decay_rate=0.0) == {"fc.weight": (LR, DECAY), "fc.bias": (0.0, DECAY)}
        beyond = layered(block(fc=LINEAR), **{"fc.weight": [3, 4], "fc.bias": [4, 4]})
        assert layers.refuse(beyond, layer_decay_rate=0.0).startswith("ZeroDivisionError")


VIT = {"backbone.cls_token": 0, "backbone.pos_embed": 0, "backbone.patch_embed.projection.bias": 0}
STEM = "backbone.patch_embed.projection.weight"

# Of each backbone: how many layers there are, and the layers of parameters that tell one rule from another.
DEPTHS: dict[str, tuple[dict[str, Any], int, dict[str, int]]] = {
    "vit": (
        {"type": "VisionTransformer", "arch": "deit-tiny"},
        14,
        {
            **VIT,
            "backbone.layers.0.ln1.weight": 1,
            "backbone.layers.11.ffn.layers.1.bias": 12,
            "backbone.ln1.weight": 13,
            "head.fc.weight": 13,
        },
    ),
    "beit": (
        {"type": "BEiTViT", "arch": "deit-tiny"},
        14,
        {
            "backbone.cls_token": 0,
            STEM: 0,
            "backbone.layers.0.gamma_1": 1,
            "backbone.layers.11.gamma_2": 12,
            "backbone.ln2.weight": 13,
            "head.fc.bias": 13,
        },
    ),
    "sam": (
        {"type": "ViTSAM", "arch": "base"},
        14,
        {
            "backbone.pos_embed": 0,
            STEM: 0,
            "backbone.layers.3.attn.rel_pos_h": 4,
            "backbone.channel_reduction.0.weight": 13,
        },
    ),
    # The third stage counts three blocks for one; twelve layers where it has more than nine blocks.
    "convnext": (
        {"type": "ConvNeXt", "arch": "tiny"},
        8,
        {
            "backbone.downsample_layers.0.0.weight": 0,
            "backbone.stages.0.2.gamma": 1,
            "backbone.downsample_layers.1.0.weight": 2,
            "backbone.stages.1.0.gamma": 2,
            "backbone.downsample_layers.2.0.weight": 3,
            "backbone.stages.2.0.gamma": 3,
            "backbone.stages.2.2.gamma": 3,
            "backbone.stages.2.3.gamma": 4,
            "backbone.stages.2.8.gamma": 5,
            "backbone.downsample_layers.3.0.weight": 6,
            "backbone.stages.3.0.gamma": 6,
            "backbone.norm3.weight": 7,
            "head.fc.weight": 7,
        },
    ),
    "convnext_deep": (
        {"type": "ConvNeXt", "arch": {"depths": [3, 3, 27, 3], "channels": [8, 16, 32, 64]}},
        14,
        {"backbone.stages.2.26.gamma": 11, "backbone.stages.3.0.gamma": 12, "backbone.norm3.weight": 13},
    ),
    # Its table of absolute positions is looked for under another name, and so counts as the head.
    "swin": (
        {"type": "SwinTransformer", "arch": "tiny", "use_abs_pos_embed": True},
        14,
        {
            STEM: 0,
            "backbone.absolute_pos_embed": 13,
            "backbone.stages.0.blocks.0.norm1.weight": 1,
            "backbone.stages.0.downsample.norm.weight": 2,
            "backbone.stages.2.blocks.5.norm1.weight": 10,
            "backbone.norm3.weight": 13,
            "head.fc.weight": 13,
        },
    ),
    # Stages are looked for below `backbone.` in so many words; the stem counts as layer 0.
    "resnet": (
        {"type": "ResNet", "depth": 50},
        8,
        {
            "backbone.conv1.weight": 0,
            "backbone.layer1.2.conv1.weight": 1,
            "backbone.layer2.0.conv1.weight": 2,
            "backbone.layer2.3.conv1.weight": 3,
            "backbone.layer3.0.conv1.weight": 4,
            "backbone.layer3.5.conv1.weight": 5,
            "backbone.layer4.0.conv1.weight": 6,
            "head.fc.weight": 7,
        },
    ),
}


class TestPoint5TheModelsOfTheLibrary:
    @pytest.mark.parametrize("name", DEPTHS)
    def test_layers(self, mmpretrain: Oracle, name: str) -> None:
        backbone, last, expected = DEPTHS[name]
        answer = _asked(mmpretrain, backbone)
        assert [tuple(group) for group in answer["ours"]] == [
            (g["names"], g["lr"], g["weight_decay"], g["extra"]) for g in answer["groups"]
        ]
        held = {names[0]: (float.fromhex(lr), extra) for names, lr, _, extra in answer["ours"]}
        found = {param: float.fromhex(held[param][1]["layer_id"]) for param in expected}
        assert found == expected
        assert {param: held[param][0] for param in expected} == {
            param: LR * RATE ** (last - layer - 1) for param, layer in expected.items()
        }
        assert "PG017" not in answer["findings"]

    def test_a_small_resnet_fails(self, mmpretrain: Oracle) -> None:
        answer = _asked(mmpretrain, {"type": "ResNet", "depth": 18})
        assert answer["error"]["type"] == "NotImplementedError"
        assert "raises NotImplementedError" in answer["refused"]

    def test_a_hivit_is_flat(self, mmpretrain: Oracle) -> None:
        answer = _asked(mmpretrain, {"type": "HiViT", "arch": "tiny"})
        layers = {names[0]: float.fromhex(extra["layer_id"]) for names, _, _, extra in answer["ours"]}
        inside = {name: layer for name, layer in layers.items() if name.startswith("backbone.")}
        stem = {
            "pos_embed",
            *(f"patch_embed.{part}.{leaf}" for part in ("proj", "norm") for leaf in ("weight", "bias")),
        }
        assert (len(inside), len(set(inside.values()))) == (155, 2)
        assert {name for name, layer in inside.items() if layer == 0} == {f"backbone.{name}" for name in stem}
        assert "PG017" in answer["findings"]


def _asked(mmpretrain: Oracle, backbone: dict[str, Any]) -> dict[str, Any]:
    return Named(mmpretrain, "mmpretrain_layer_decay").ask(
        model=classifier(**backbone), optimizer=SGD, paramwise_cfg={"layer_decay_rate": RATE}, ours=True
    )
