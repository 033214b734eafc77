"""What mmpose's layer decay does, point by point, each shown by the real one."""

from __future__ import annotations

from typing import Any

import pytest

from pgaudit.explanation import explain
from tests.parity.both import DECAY, LR, SGD, Both, case_of
from tests.parity.client import Oracle
from tests.parity.compare import audit
from tests.parity.layer_decays import Named
from tests.parity.trees import Node, block, build, node

LINEAR, CONV = node("Linear", 2, 2), node("Conv2d", 2, 2, 1)
HALF: dict[str, Any] = {"num_layers": 2, "layer_decay_rate": 0.5}


@pytest.fixture
def mmpose(mmpretrain: Oracle) -> Both:
    return Both(Named(mmpretrain, "mmpose_layer_decay"))


def estimator(kind: str = "Block", **members: Node | list[int] | None) -> Node:
    """A backbone of a class, and a head."""
    return block(backbone=block(kind, **members), head=LINEAR)


def several(item: Node, count: int) -> Node:
    """A list of modules."""
    return block("ModuleList", **{str(number): item for number in range(count)})


def lrs(both: Both, model: Node, **options: Any) -> dict[str, float | None]:
    """The lr of each parameter, on which both agree."""
    return {name: lr for name, (lr, _) in both.agree(model, **options).items()}


@pytest.mark.parametrize("kind", ["Block", "ConvNeXt", "BEiT"])
def test_layers_go_by_names_whatever_the_class(mmpose: Both, kind: str) -> None:
    model = estimator(
        kind,
        cls_token=[1, 1, 2],
        mask_token=[1, 1, 2],
        pos_embed=[1, 4, 2],
        patch_embed=CONV,
        layers=several(LINEAR, 2),
    )
    found = lrs(mmpose, model, **HALF)
    assert {name: lr for name, lr in found.items() if not name.endswith("bias")} == {
        "backbone.cls_token": LR / 8,
        "backbone.mask_token": LR / 8,
        "backbone.pos_embed": LR / 8,
        "backbone.patch_embed.weight": LR / 8,
        "backbone.layers.0.weight": LR / 4,
        "backbone.layers.1.weight": LR / 2,
        "head.weight": LR,
    }


def test_a_layer_beyond_the_last_is_faster_than_the_head(mmpose: Both) -> None:
    assert lrs(mmpose, estimator(layers=several(LINEAR, 4)), **HALF)["backbone.layers.3.weight"] == LR * 2


def test_vectors_biases_and_all_that_is_called_pos_embed_do_not_decay(mmpose: Both) -> None:
    model = estimator(
        pos_embed=[1, 4, 2], cls_token=[1, 1, 2], pos_embed_proj=LINEAR, scale=[2], bias=[2, 2], q_bias=[1, 2]
    )
    decays = {name: decay for name, (_, decay) in mmpose.agree(model, **HALF).items()}
    assert {name for name, decay in decays.items() if decay == DECAY} == {
        "backbone.cls_token",
        "backbone.q_bias",
        "head.weight",
    }


def test_nothing_else_is_read(mmpose: Both) -> None:
    strays: dict[str, Any] = {
        "custom_keys": {"bias": {"decay_multi": 0.0}, "norm": {"decay_mult": 0.0, "lr_mult": 8.0}},
        "bias_lr_mult": 2.0,
        "norm_decay_mult": 4.0,
        "flat_decay_mult": 4.0,
        "bypass_duplicate": True,
        "decay_rate": 0.25,
        "decay_type": "stage_wise",
    }
    model = estimator(layers=several(LINEAR, 2), norm=node("LayerNorm", 2))
    assert mmpose.agree(model, **HALF, **strays) == mmpose.agree(model, **HALF)
    case = case_of(model, SGD, None, {**HALF, **strays})
    report = audit(build(case["model"]), case, "mmpose_layer_decay")
    about = {finding.key: finding for finding in report.findings if finding.code in ("PG011", "PG014")}
    assert set(about) == set(strays), "custom_keys as a whole, and no key in it"
    message, hint = about["custom_keys"].message, about["custom_keys"].hint
    assert message == '"custom_keys" is an option of OpenMMLab\'s constructors; mmpose_layer_decay ignores it'
    assert hint == "this constructor reads layer_decay_rate, num_layers, and nothing else: remove it"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"num_layers": 2}, "TypeError: unsupported operand type(s) for ** or pow()"),  # 0.5 is not its default
        ({"layer_decay_rate": 0.5}, "TypeError: unsupported operand type(s) for +"),
        ({**HALF, "custom_keys": [1]}, "TypeError: "),
        ({**HALF, "num_layers": "2"}, "TypeError: "),
    ],
    ids=str,
)
def test_what_fails(mmpose: Both, options: dict[str, Any], error: str) -> None:
    assert mmpose.refuse(estimator(), **options).startswith(error)


def test_options_have_to_be_there_and_may_be_empty(mmpose: Both) -> None:
    assert mmpose.refuse(estimator(), paramwise_cfg=None).startswith("AttributeError")
    assert mmpose.refuse(estimator(), paramwise_cfg=[]).startswith("AttributeError")
    given = mmpose.agree(block(head=LINEAR), tree={"frozen": ["head.bias"]}, paramwise_cfg={})
    assert given == {"head.weight": (LR, DECAY), "head.bias": (LR, DECAY)}


@pytest.mark.parametrize("name", ["layers", "layers_norm", "layersX"])
def test_names_that_begin_like_layers(mmpose: Both, name: str) -> None:
    module: dict[str, Any] = {name: CONV}
    parameter: dict[str, Any] = {name: [2]}
    assert mmpose.refuse(estimator(**module), **HALF).startswith(("IndexError", "ValueError"))
    assert mmpose.refuse(estimator(**parameter), **HALF).startswith("IndexError")


def test_frozen_ones_are_left_out_and_tied_ones_go_by_their_first_name(mmpose: Both) -> None:
    model = estimator(layers=several(LINEAR, 2))
    tree = {"frozen": ["backbone.layers.0.bias"], "ties": [["backbone.layers.0.weight", "head.weight"]]}
    given = mmpose.agree(model, tree=tree, **HALF)
    assert given["backbone.layers.0.weight"] == (LR / 4, DECAY)
    assert "head.weight" not in given
    assert given.get("backbone.layers.0.bias", (None, None)) == (None, None)


@pytest.mark.parametrize("order", [("backbone", "head"), ("head", "backbone")])
def test_two_layers_of_one_number_share_the_first_ones_lr(mmpose: Both, order: tuple[str, str]) -> None:
    parts: dict[str, Node] = {"backbone": block("Block", layers=several(LINEAR, 3)), "head": LINEAR}
    model = block(**{name: parts[name] for name in order})
    options = {**HALF, "num_layers": 2.5}  # layers 3 and 3.5 are both "layer_3"
    found = lrs(mmpose, model, **options)
    assert found["backbone.layers.2.weight"] == found["head.weight"]
    case = case_of(model, SGD, None, options)
    report = audit(build(case["model"]), case, "mmpose_layer_decay")
    for name, lr in found.items():
        assert explain(report, name).results[0].value == lr
