"""Models that list their parameters or children in ways of their own: the real libraries ask the model's methods, each
library others; a wrong guess gives wrong values without a word.
"""

from __future__ import annotations

from typing import Any

import pytest

import pgaudit
from pgaudit.explanation import explanations
from tests.parity.client import Oracle
from tests.parity.compare import Case, audit, compare, refuses
from tests.parity.layer_decays import Named, layered
from tests.parity.overrides import WAYS
from tests.parity.trees import Spec, block, build, node

ADAMW = {"type": "AdamW", "lr": 0.5, "weight_decay": 0.25}
LAYERS = {"no_weight_decay": ["pos_embed"], "group_matcher": {"stem": "^pos|^patch", "blocks": "^blocks\\.(\\d+)"}}
TREE = block(
    pos_embed=[1, 2],
    patch=node("Conv2d", 3, 2, 1),
    blocks=block("ModuleList", **{str(i): block(norm=node("LayerNorm", 2), fc=node("Linear", 2, 2)) for i in range(3)}),
    head=node("Linear", 2, 2),
)
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "timm": [{}, {"layer_decay": 0.75}],
    "transformers": [{}],
    "mmcv": [{}, {"norm_decay_mult": 0.0, "custom_keys": {"blocks.1": {"lr_mult": 0.1}}}],
    "mmengine": [{}, {"norm_decay_mult": 0.0, "custom_keys": {"blocks.1": {"lr_mult": 0.1}}}],
}
EVERYWHERE = ("", "blocks.1", "blocks", "head")


@pytest.fixture(params=OPTIONS)
def library(request: pytest.FixtureRequest) -> Oracle:
    """Each of the real ones."""
    oracle: Oracle = request.getfixturevalue(request.param)
    return oracle


@pytest.mark.parametrize("way", WAYS)
def test_each_way_in_each_place(library: Oracle, way: str) -> None:
    for path in EVERYWHERE:
        spec: Spec = {"root": TREE, "says": LAYERS, "lists": [[path, way]]}
        for options in OPTIONS[library.constructor]:
            compare(library, {"model": spec, "optimizer": ADAMW, "paramwise_cfg": options})


LAYER_DECAYS: dict[str, tuple[Any, dict[str, Any]]] = {
    "mmpretrain_layer_decay": (layered(TREE), {"layer_decay_rate": 0.75, "norm_decay_mult": 0.0}),
    "mmseg_layer_decay": (block(backbone={**TREE, "kind": "BEiT"}), {"num_layers": 3, "decay_rate": 0.75}),
    "mmpose_layer_decay": (block(backbone=TREE), {"num_layers": 3, "layer_decay_rate": 0.75}),
    "mmseg_force_default": (TREE, {"norm_decay_mult": 0.0, "force_default_settings": True}),
}


@pytest.mark.parametrize("constructor", LAYER_DECAYS)
@pytest.mark.parametrize("way", WAYS)
def test_each_way_under_layer_decay(mmpretrain: Oracle, way: str, constructor: str) -> None:
    root, options = LAYER_DECAYS[constructor]
    inside = "backbone" if root["children"][0][0] == "backbone" else "blocks.1"
    for path in ("", inside, f"{inside}.blocks.1".removeprefix("blocks.1.")):
        case: Case = {"model": {"root": root, "lists": [[path, way]]}, "optimizer": ADAMW, "paramwise_cfg": options}
        compare(Named(mmpretrain, constructor), case)


def test_a_checkpoint_wrapper_gives_timm_the_names_inside(timm: Oracle) -> None:
    options = {"layer_decay": 0.75}
    bare: Spec = {"root": TREE, "says": LAYERS}
    wrapped: Spec = {**bare, "lists": [["", "checkpoint_wrapper"]]}
    settings = []
    for spec in (bare, wrapped):
        case: Case = {"model": spec, "optimizer": ADAMW, "paramwise_cfg": options}
        assert compare(timm, case)
        report = audit(build(spec), case, "timm")
        settings.append([(row.name, row.weight_decay, row.setting.lr_scale, row.group) for row in report.params])
    assert settings[0] == settings[1]
    assert len({scale for _, _, scale, _ in settings[0]}) > 2
    assert report["_checkpoint_wrapped_module.head.bias"] is report["head.bias"]


def test_trainer_decays_nothing_there_and_says_why(transformers: Oracle) -> None:
    case: Case = {"model": {"root": TREE, "lists": [["", "checkpoint_wrapper"]]}, "optimizer": ADAMW}
    assert compare(transformers, case)
    report = audit(build(case["model"]), case, "transformers")
    assert {(row.group, row.weight_decay) for row in report.params} == {(1, 0.0)}
    (explained,) = explanations(report, [report["head.weight"]])
    ((tried, _),) = [occurrence.evaluations for occurrence in explained.occurrences]
    assert tried.rule.full == "unlisted_name"
    assert "get_parameter_names() lists; that goes by modules, and has no such name" in tried.why


def test_custom_keys_search_the_names_of_the_walk_and_explanations_show_them(mmcv: Oracle) -> None:
    keys = {"_checkpoint_wrapped_module.head": {"lr_mult": 2.0}}
    spec: Spec = {"root": TREE, "lists": [["", "checkpoint_wrapper"]]}
    case: Case = {"model": spec, "optimizer": ADAMW, "paramwise_cfg": {"custom_keys": keys}}
    assert compare(mmcv, case)
    report = audit(build(spec), case, "mmcv")
    assert report["head.weight"].lr == 1.0
    assert report["head.weight"].param.aliases == ("_checkpoint_wrapped_module.head.weight",)
    (explained,) = explanations(report, [report["head.weight"]])
    assert [occurrence.name for occurrence in explained.occurrences] == ["_checkpoint_wrapped_module.head.weight"]
    assert "PG001" not in {finding.code for finding in report.findings}


@pytest.mark.parametrize("constructor", ["rules", "regex", "basecls", "rtdetr"])
def test_constructors_without_a_library_match_the_names_that_the_model_gives(constructor: str) -> None:
    configs: dict[str, Any] = {
        "rules": {"paramwise_cfg": {"rules": [{"match": "blocks.*", "weight_decay": 0.0}]}, "optimizer": ADAMW},
        "regex": {"paramwise_cfg": {"wd_mults": [["blocks.*", 0.0], [".*", 1.0]]}, "optimizer": ADAMW},
        "basecls": {"solver": {"weight_decay": [[0, "^blocks"], 0.25]}},
        "rtdetr": {"paramwise_cfg": {"params": [{"params": "^blocks", "weight_decay": 0.0}]}, "optimizer": ADAMW},
    }
    model = build({"root": TREE, "lists": [["", "checkpoint_wrapper"]]})
    report = pgaudit.audit(model, {"constructor": constructor, **configs[constructor]})
    assert {row.name.partition(".")[0] for row in report.params if row.weight_decay == 0} == {"blocks"}
    assert "PG001" not in {finding.code for finding in report.findings}


def test_a_property_that_raises_matters_only_to_those_who_ask_for_it() -> None:
    spec: Spec = {"root": TREE, "lists": [["", "module raises"]]}
    for constructor in ("timm", "transformers", "detectron2", "rules", "regex"):
        case: Case = {"model": spec, "optimizer": ADAMW, "paramwise_cfg": {}}
        if constructor in ("rules", "regex"):
            case["paramwise_cfg"] = {"rules": []} if constructor == "rules" else {"wd_mults": [[".*", 1.0]]}
        assert len(audit(build(spec), case, constructor).params) == 17, constructor
    for constructor in ("mmcv", "mmengine"):
        with pytest.raises(pgaudit.ModelError, match="attribute `module` raises RuntimeError: no list"):
            audit(build(spec), {"optimizer": ADAMW, "paramwise_cfg": {}}, constructor)


def test_trainer_cannot_list_a_scripted_module(transformers: Oracle) -> None:
    for path in ("", "head"):
        spec: Spec = {"root": block(head=node("Linear", 2, 2)), "lists": [[path, "scripted"]]}
        case: Case = {"model": spec, "optimizer": ADAMW}
        assert transformers.ask(**case)["error"]["type"] == "TypeError"
        assert refuses(build(spec), case, "transformers")
        with pytest.raises(pgaudit.ConfigError, match="named_children.. and _parameters, and would raise TypeError"):
            audit(build(spec), case, "transformers")


def test_trainer_makes_groups_for_each_device_mesh(transformers: Oracle) -> None:
    for meshes in (
        {"blocks.0.fc.weight": "a"},
        {"head.weight": "b", "blocks.0.fc.weight": "a", "head.bias": "a", "patch.weight": "b"},
        dict.fromkeys(("pos_embed", "patch.weight", "patch.bias"), "a"),
    ):
        case: Case = {"model": {"root": TREE, "meshes": meshes}, "optimizer": ADAMW}
        assert compare(transformers, case)
        groups = transformers.ask(**case)["groups"]
        assert len(groups) > 2
        frozen = [name for name, _ in build({"root": TREE}).named_parameters() if name not in meshes]
        compare(transformers, {**case, "model": {**case["model"], "frozen": frozen}})
