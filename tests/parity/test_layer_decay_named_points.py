"""What the layer decays of mmdet and mmseg do, point by point, each shown by the real ones; and the tables of their own
tests, transcribed.
"""

from __future__ import annotations

from typing import Any

import pytest

from pgaudit.core.assignment import ParamAssignment
from tests.parity.both import DECAY, LR, SGD, Both, case_of
from tests.parity.client import Oracle
from tests.parity.compare import audit, refuses
from tests.parity.layer_decays import Named
from tests.parity.trees import Node, block, build, node

CONV, LINEAR, NORM = node("Conv2d", 2, 2, 1), node("Linear", 2, 2), node("BatchNorm2d", 2)
HALF: dict[str, Any] = {"num_layers": 2, "decay_rate": 0.5}


def detector(kind: str = "ConvNeXt", head: Node = LINEAR, **members: Node | list[int] | None) -> Node:
    """A backbone of a class, and a head."""
    return block(backbone=block(kind, **members), head=head)


def several(item: Node, count: int) -> Node:
    """A list of modules."""
    return block("ModuleList", **{str(number): item for number in range(count)})


def rows(both: Both, model: Node, optimizer: Any = SGD, tree: Any = None, **options: Any) -> list[ParamAssignment]:
    """pgaudit's rows, on which both agree."""
    both.agree(model, optimizer, tree=tree, **options)
    case = case_of(model, optimizer, tree, options)
    return list(audit(build(case["model"]), case, both.oracle.constructor).params)


def codes(both: Both, model: Node, **options: Any) -> set[tuple[str, str | None]]:
    """The findings, and what each is about."""
    case = case_of(model, SGD, None, options)
    report = audit(build(case["model"]), case, both.oracle.constructor)
    return {(finding.code, finding.key) for finding in report.findings}


class TestPoint1WhatIsRead:
    def test_three_options_and_no_other(self, named: Both) -> None:
        strays: dict[str, Any] = {
            "custom_keys": {"backbone": {"lr_mult": 8.0, "decay_mult": 0.0}},
            "bias_lr_mult": 2.0,
            "bias_decay_mult": 4.0,
            "norm_decay_mult": 4.0,
            "dwconv_decay_mult": 4.0,
            "flat_decay_mult": 4.0,
            "dcn_offset_lr_mult": 4.0,
            "bypass_duplicate": True,
            "layer_decay_rate": 0.9,
        }
        model = detector(norm0=NORM, patch=CONV)
        plain, strayed = named.agree(model, **HALF), named.agree(model, **HALF, **strays)
        assert plain == strayed
        assert codes(named, model, **HALF, **strays) >= {("PG014", name) for name in strays}

    def test_decay_type_is_layer_wise_unless_told_otherwise(self, named: Both) -> None:
        model = detector(stages=several(several(CONV, 1), 2))
        assert named.agree(model, **HALF) == named.agree(model, **HALF, decay_type="layer_wise")

    @pytest.mark.parametrize(("missing", "operation"), [("num_layers", "+"), ("decay_rate", "** or pow()")])
    def test_neither_number_may_be_missing(self, named: Both, missing: str, operation: str) -> None:
        options = {name: value for name, value in HALF.items() if name != missing}
        error = named.refuse(detector(), **options, decay_type="layer_wise")
        assert error.startswith(f"TypeError: unsupported operand type(s) for {operation}")

    def test_empty_options_are_one_group(self, named: Both) -> None:
        given = named.agree(block(head=LINEAR), tree={"frozen": ["head.bias"]})
        assert given == {"head.weight": (LR, DECAY), "head.bias": (LR, DECAY)}

    def test_what_is_not_read_is_validated_all_the_same(self, named: Both) -> None:
        assert named.refuse(detector(), **HALF, custom_keys=[1]).startswith("TypeError: ")
        sgd = {"type": "SGD", "lr": LR}
        only_vectors = detector(head=block(scale=[2]))
        assert named.refuse(only_vectors, sgd, **HALF, norm_decay_mult=0.0).startswith("ValueError: base_wd")
        assert named.agree(only_vectors, sgd, **HALF) == {"head.scale": (LR, 0.0)}


class TestPoint2NoDecay:
    def test_vectors_and_biases(self, named: Both) -> None:
        model = detector(head=block(fc=LINEAR, scale=[2], bias=[2, 2], scalar=[], q_bias=[1, 2], gamma=[1, 2]))
        decays = {name: decay for name, (_, decay) in named.agree(model, **HALF).items()}
        assert decays == {
            "head.scale": 0.0,
            "head.bias": 0.0,  # of two dimensions, and its name ends in .bias
            "head.scalar": DECAY,  # of no dimension
            "head.q_bias": DECAY,
            "head.gamma": DECAY,
            "head.fc.weight": DECAY,
            "head.fc.bias": 0.0,
        }

    def test_tokens_are_spared_at_the_root_alone(self, named: Both) -> None:
        tokens: dict[str, Any] = {"cls_token": [1, 1, 2], "pos_embed": [1, 4, 2], "mask_token": [1, 1, 2]}
        model = {**detector(**tokens), "params": [[name, shape] for name, shape in tokens.items()]}
        decays = {name: decay for name, (_, decay) in named.agree(model, **HALF).items()}
        assert {name for name, decay in decays.items() if not decay} == {"cls_token", "pos_embed", "head.bias"}
        assert decays["backbone.pos_embed"] == decays["backbone.cls_token"] == DECAY

    def test_a_bias_of_the_root_has_no_dot_before_it(self, named: Both) -> None:
        model = {**detector(), "params": [["bias", [2, 2]]]}
        assert named.agree(model, **HALF)["bias"] == (LR, DECAY)


class TestPoint3DecayTypeAndBackbone:
    def test_two_layers_are_added(self, named: Both) -> None:
        assert [row.setting.extra["lr_scale"] for row in rows(named, detector(cls_token=[1, 1, 2]), **HALF)] == [
            *(0.5**3, 1.0, 1.0),
        ]

    @pytest.mark.parametrize("decay_type", ["layer_wise_vit", "my_layer_wise_way", "stage_wise_layer_wise"])
    def test_layer_wise_stands_anywhere_in_the_word(self, named: Both, decay_type: str) -> None:
        model = detector(stages=several(several(CONV, 4), 3))
        assert named.agree(model, **HALF, decay_type=decay_type) == named.agree(model, **HALF)

    @pytest.mark.parametrize("decay_type", ["layerwise", "stage_wise ", "Stage_wise", ""])
    def test_another_word_is_an_unbound_local(self, named: Both, decay_type: str) -> None:
        assert named.refuse(detector(), **HALF, decay_type=decay_type).startswith("UnboundLocalError")
        assert named.refuse(detector("Block"), **HALF, decay_type=decay_type).startswith("UnboundLocalError")

    @pytest.mark.parametrize("decay_type", ["layer_wise", "stage_wise"])
    def test_the_class_of_the_backbone_has_to_be_known(self, named: Both, decay_type: str) -> None:
        assert named.refuse(detector("Block"), **HALF, decay_type=decay_type) == "NotImplementedError: "
        assert named.agree(detector("TinyConvNeXtV2"), **HALF, decay_type=decay_type)

    def test_there_has_to_be_a_backbone(self, named: Both) -> None:
        assert named.refuse(block(head=LINEAR), **HALF).startswith("AttributeError")

    @pytest.mark.parametrize("kind", ["BEiT", "MAE"])
    def test_mmseg_knows_transformers_and_mmdet_does_not(self, mmseg: Both, mmdet: Both, kind: str) -> None:
        model = detector(kind, cls_token=[1, 1, 2], patch_embed=CONV, layers=several(LINEAR, 2), norm=NORM)
        lrs = {name: lr for name, (lr, _) in mmseg.agree(model, **HALF).items()}
        assert lrs == {
            "backbone.cls_token": LR / 8,
            "backbone.patch_embed.weight": LR / 8,
            "backbone.patch_embed.bias": LR / 8,
            "backbone.layers.0.weight": LR / 4,
            "backbone.layers.0.bias": LR / 4,
            "backbone.layers.1.weight": LR / 2,
            "backbone.layers.1.bias": LR / 2,
            **dict.fromkeys(("backbone.norm.weight", "backbone.norm.bias", "head.weight", "head.bias"), LR),
        }
        assert mmseg.refuse(model, **HALF, decay_type="stage_wise") == "NotImplementedError: "
        assert mmdet.refuse(model, **HALF) == "NotImplementedError: "

    @pytest.mark.parametrize(
        ("members", "error"),
        [
            ({"stages": several(several(CONV, 1), 5)}, "UnboundLocalError"),
            ({"downsample_layers": several(CONV, 5)}, "UnboundLocalError"),
            ({"stages": several(block(norm=NORM), 1)}, "ValueError: invalid literal for int"),
            ({"stages": block(first=CONV)}, "ValueError: invalid literal for int"),
            ({"downsample_layers": [2]}, "IndexError"),
        ],
        ids=["stages", "downsampling", "block", "stage", "short"],
    )
    def test_names_that_cannot_be_placed(self, named: Both, members: dict[str, Any], error: str) -> None:
        assert named.refuse(detector(**members), **HALF).startswith(error)

    def test_too_few_layers_are_more_than_the_base(self, named: Both) -> None:
        # Blocks 9 to 11 of the third stage are layer 6, of layers 0 to 3.
        model = detector(stages=several(several(block(gamma=[2]), 12), 3))
        given = named.agree(model, **HALF)
        assert given["backbone.stages.2.11.gamma"] == (LR * 8, 0.0)


class TestPoint4Groups:
    def test_names_order_and_what_they_hold(self, named: Both) -> None:
        model = detector(norm=NORM, stages=several(several(CONV, 1), 1), head=CONV)
        found = [(row.name, row.group, row.setting.extra["group_name"]) for row in rows(named, model, **HALF)]
        assert found == [
            ("backbone.norm.weight", 0, "layer_3_no_decay"),
            ("backbone.norm.bias", 0, "layer_3_no_decay"),
            ("backbone.stages.0.0.weight", 1, "layer_1_decay"),
            ("backbone.stages.0.0.bias", 2, "layer_1_no_decay"),
            ("head.weight", 3, "layer_3_decay"),
            ("head.bias", 0, "layer_3_no_decay"),
        ]

    def test_frozen_ones_are_skipped_and_tied_ones_stand_once(self, named: Both) -> None:
        model = detector(stages=several(several(LINEAR, 1), 1), neck=LINEAR)
        tree = {"frozen": ["head.bias"], "ties": [["head.weight", "backbone.stages.0.0.weight"]]}
        given = named.agree(model, tree=tree, **HALF)
        assert given["head.bias"] == (None, None)
        assert given["backbone.stages.0.0.weight"] == (LR / 4, DECAY)
        assert "head.weight" not in given

    def test_all_frozen(self, named: Both) -> None:
        error = named.refuse(block(backbone=block("ConvNeXt"), fc=block(a=[2])), tree={"frozen": ["fc.a"]}, **HALF)
        assert error == "ValueError: optimizer got an empty parameter list"

    def test_without_a_base_decay_the_groups_hold_none_and_no_step_works(self, named: Both) -> None:
        case = case_of(detector(), {"type": "SGD", "lr": LR}, None, HALF)
        answer = named.oracle.ask(**case)
        assert [group["weight_decay"] for group in answer["groups"]] == [None, (0.0).hex()]
        assert refuses(build(case["model"]), case, named.oracle.constructor)

    def test_flat_where_nothing_is_below_the_backbones_names(self, named: Both) -> None:
        assert ("PG017", "layer_decay") in codes(named, detector(blocks=several(LINEAR, 3)), **HALF)
        layered = detector(stages=several(several(LINEAR, 3), 3))
        assert ("PG017", "layer_decay") not in codes(named, layered, **HALF)


class TestPoint5TheDeprecatedClass:
    OPTIONS: dict[str, Any] = {"num_layers": 2, "layer_decay_rate": 0.5}

    @pytest.fixture
    def old(self, mmpretrain: Oracle) -> Both:
        return Both(Named(mmpretrain, "mmseg_old_layer_decay"))

    @pytest.mark.parametrize("kind", ["BEiT", "ConvNeXt"])
    def test_it_is_the_other_in_other_words(self, old: Both, mmseg: Both, kind: str) -> None:
        model = detector(kind, cls_token=[1, 1, 2], layers=several(LINEAR, 2), stages=several(several(CONV, 2), 2))
        assert old.agree(model, **self.OPTIONS) == mmseg.agree(model, **HALF)
        assert old.agree(model, **self.OPTIONS, decay_type="nonsense", decay_rate=0.1) == mmseg.agree(model, **HALF)
        found = codes(old, model, **self.OPTIONS, decay_type="nonsense", decay_rate=0.1)
        assert {("PG014", "decay_type"), ("PG014", "decay_rate")} <= found

    @pytest.mark.parametrize(
        ("options", "error"),
        [({}, "KeyError: 'layer_decay_rate'"), ({"num_layers": 2}, "KeyError: 'layer_decay_rate'")],
        ids=str,
    )
    def test_a_rate_is_needed(self, old: Both, options: dict[str, Any], error: str) -> None:
        assert old.refuse(detector(), **options) == error
        assert old.refuse(detector(), paramwise_cfg=None).startswith("AttributeError")


class TestPoint5TheForcingConstructor:
    KEYS = {"head": {"lr_mult": 4.0, "decay_mult": 2.0, "momentum": 0.5}}

    @pytest.fixture
    def forcing(self, mmpretrain: Oracle) -> Both:
        return Both(Named(mmpretrain, "mmseg_force_default"))

    def test_options_run_after_custom_keys(self, forcing: Both) -> None:
        model = block(head=block(fc=LINEAR, norm=NORM), fc=LINEAR)
        options: dict[str, Any] = {"custom_keys": self.KEYS, "bias_lr_mult": 2.0, "norm_decay_mult": 0.0}
        given = forcing.agree(model, **options, force_default_settings=True)
        assert given == {
            "head.fc.weight": (LR * 4, DECAY * 2),
            "head.fc.bias": (LR * 2, DECAY * 2),
            "head.norm.weight": (LR * 4, 0.0),
            "head.norm.bias": (LR * 4, 0.0),
            "fc.weight": (LR, DECAY),
            "fc.bias": (LR * 2, DECAY),
        }
        unforced = forcing.agree(model, **options)
        assert {lot for name, lot in unforced.items() if "head" in name} == {(LR * 4, DECAY * 2)}

    def test_frozen_ones_keep_a_group_at_the_base_values(self, forcing: Both) -> None:
        given = forcing.agree(block(head=LINEAR), tree={"frozen": ["head.bias"]}, custom_keys=self.KEYS)
        assert given["head.bias"] == (LR, DECAY)

    def test_duplicates_are_asked_for_before_frozen_ones(self, forcing: Both) -> None:
        tree = {"ties": [["head.weight", "fc.weight"]], "frozen": ["fc.weight"]}
        model = block(fc=LINEAR, head=LINEAR)
        assert forcing.agree(model, tree=tree, bypass_duplicate=True)["fc.weight"] == (LR, DECAY)

    def test_its_own_option_is_read(self, forcing: Both) -> None:
        found = codes(forcing, block(head=LINEAR), custom_keys=self.KEYS, force_default_settings=True, layer_decay=1)
        assert {key for code, key in found if code in ("PG011", "PG014")} == {"layer_decay"}


# The models and tables of mmdetection's and mmsegmentation's own tests: base lr 1, rate 2, weight decay 0.05.
STAGE = several(block(conv=node("Conv2d", 3, 4, 1)), 1)
TOY_CONVNEXT = block(
    "ConvNeXt",
    stages=several(STAGE, 4),
    norm0=NORM,
    cls_token=[1],
    mask_token=[1],
    pos_embed=[1],
    stem_norm=[1],
    **{f"downsample_norm{number}": NORM for number in range(4)},
    lin=[1],
    downsample_layers=several(block("Sequential", **{"0": node("Conv2d", 3, 4, 1)}), 4),
)
TOY_BEIT = block("BEiT", cls_token=[1], patch_embed=[1], layers=several(node("Conv2d", 3, 3, 1), 3))
TOY_MAE = block("MAE", cls_token=[1], pos_embed=[1], patch_embed=[1], layers=several(node("Conv2d", 3, 3, 1), 3))
STAGE_WISE = [(0.0, 128), (0.0, 1), *((d, s) for s in (64, 32, 16, 8) for d in (0.05, 0.0)), (0.05, 128), (0.05, 1)]
LAYER_WISE = [(0.0, 128), (0.0, 1), *((d, s) for s in (64, 32, 16, 2) for d in (0.05, 0.0)), (0.05, 128), (0.05, 1)]
TRANSFORMER = [(0.0, 16), *((d, s) for s in (8, 4, 2, 1) for d in (0.05, 0.0))]


class TestPublishedTables:
    @pytest.mark.parametrize(
        ("decay_type", "expected"), [("stage_wise", STAGE_WISE), ("layer_wise", LAYER_WISE)], ids=["stage", "layer"]
    )
    def test_convnext(self, named: Both, decay_type: str, expected: list[tuple[float, int]]) -> None:
        options = {"decay_rate": 2, "decay_type": decay_type, "num_layers": 6}
        assert table(named, TOY_CONVNEXT, options) == expected

    @pytest.mark.parametrize("backbone", [TOY_BEIT, TOY_MAE], ids=["beit", "mae"])
    def test_transformers(self, mmseg: Both, backbone: Node) -> None:
        options = {"decay_rate": 2, "decay_type": "layer_wise", "num_layers": 3}
        assert table(mmseg, backbone, options) == TRANSFORMER


def table(both: Both, backbone: Node, options: dict[str, Any]) -> list[tuple[float, int]]:
    """The weight decay and the scale of each group, in the groups' order; the lr is the scale."""
    adamw = {"type": "AdamW", "lr": 1, "betas": [0.9, 0.999], "weight_decay": 0.05}
    head = node("Conv2d", 2, 2, 1, groups=2)
    frozen = {"frozen": ["backbone.lin"]} if backbone is TOY_CONVNEXT else None
    found = rows(both, block(backbone=backbone, decode_head=head), adamw, frozen, **options)
    groups = {row.group: row for row in found if row.group is not None}
    assert all(row.lr == row.setting.extra["lr_scale"] for row in groups.values())
    return [(row.weight_decay or 0.0, int(row.lr or 0)) for _, row in sorted(groups.items())]
