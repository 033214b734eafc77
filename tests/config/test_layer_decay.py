"""Which layer decay a config means, and what may stand in it."""

from __future__ import annotations

from typing import Any

import pytest

from pgaudit.config import load_config
from pgaudit.constructors import CONSTRUCTORS
from pgaudit.core.errors import ConfigError, UsageError

SHARED = "LearningRateDecayOptimizerConstructor"
NAMED: dict[str, Any] = {"num_layers": 6, "decay_rate": 0.7, "layer_decay_rate": 0.7}


def _config(constructor: str, options: Any = None, **top: Any) -> dict[str, Any]:
    wrapper = {"optimizer": {"type": "AdamW", "lr": 0.1, "weight_decay": 0.1}, "constructor": constructor}
    return {"optim_wrapper": {**wrapper, "paramwise_cfg": options}, **top}


@pytest.mark.parametrize(
    ("constructor", "scope", "expected"),
    [
        (SHARED, "mmdet", "mmdet_layer_decay"),
        (SHARED, "mmseg", "mmseg_layer_decay"),
        (f"mmdet.{SHARED}", "mmseg", "mmdet_layer_decay"),
        (f"mmseg.{SHARED}", None, "mmseg_layer_decay"),
        ("mmdet_layer_decay", "mmseg", "mmdet_layer_decay"),
        ("LearningRateDecayOptimWrapperConstructor", "mmpretrain", "mmpretrain_layer_decay"),
        ("LearningRateDecayOptimWrapperConstructor", None, "mmpretrain_layer_decay"),
        ("DefaultOptimWrapperConstructor", "mmdet", "mmengine"),
        ("LayerDecayOptimWrapperConstructor", "mmpose", "mmpose_layer_decay"),
        ("LayerDecayOptimWrapperConstructor", None, "mmpose_layer_decay"),
        ("mmpose.LayerDecayOptimWrapperConstructor", "mmdet", "mmpose_layer_decay"),
        ("ForceDefaultOptimWrapperConstructor", "mmseg", "mmseg_force_default"),
    ],
)
def test_a_default_scope_is_looked_in_first(constructor: str, scope: str | None, expected: str) -> None:
    assert load_config(_config(constructor, NAMED, default_scope=scope)).constructor == expected


@pytest.mark.parametrize("scope", ["", "mmaction.", "mmyolo."])
@pytest.mark.parametrize(
    "name", ["SwinOptimWrapperConstructor", "TSMOptimWrapperConstructor", "YOLOv5OptimizerConstructor"]
)
def test_the_class_of_another_library_is_unknown_and_no_typo(scope: str, name: str) -> None:
    with pytest.raises(ConfigError, match=f'unknown constructor "{scope}{name}"') as raised:
        load_config(_config(scope + name, NAMED))
    assert str(raised.value.findings[0].hint).startswith("known: torch, mmcv, ")


def test_a_typo_in_a_class_is_one() -> None:
    with pytest.raises(ConfigError, match='unknown constructor "LayerDecayOptimWraperConstructor"') as raised:
        load_config(_config("LayerDecayOptimWraperConstructor", NAMED))
    assert raised.value.findings[0].hint == 'did you mean "LayerDecayOptimWrapperConstructor"?'


@pytest.mark.parametrize("scope", [None, "mmengine", 3])
def test_a_name_of_two_libraries_is_refused_with_both(scope: object) -> None:
    with pytest.raises(ConfigError, match=f'2 libraries have a constructor "{SHARED}"') as raised:
        load_config(_config(SHARED, NAMED, default_scope=scope))
    assert raised.value.findings[0].hint == "name one: mmdet_layer_decay or mmseg_layer_decay"
    with pytest.raises(UsageError, match="2 libraries"):
        load_config(_config("mmengine", NAMED), constructor=SHARED)


def test_a_typo_in_default_scope_is_one() -> None:
    config = {"optimizer": {"type": "SGD", "lr": 0.1}, "default_scop": "mmdet"}
    with pytest.raises(ConfigError, match='unknown key "default_scop"') as raised:
        load_config(config)
    assert "default_scope" in str(raised.value.findings[0].hint)


FAULTS: list[tuple[str, Any, str]] = [
    ("mmdet_layer_decay", {"num_layers": 6}, '"decay_rate" is missing; .* TypeError: None \\*\\* a number'),
    ("mmdet_layer_decay", {"decay_rate": 0.7}, '"num_layers" is missing; .* TypeError: None \\+ 2'),
    ("mmdet_layer_decay", {**NAMED, "num_layers": "6"}, "expected a number, got the text .*add_params counts with it"),
    ("mmseg_layer_decay", {**NAMED, "decay_type": 1}, "expected a name, got the number 1; .* looks for words in it"),
    (
        "mmseg_layer_decay",
        {**NAMED, "custom_keys": [1]},
        "expected a mapping; .* custom_keys must be a dict",
    ),
    ("mmseg_old_layer_decay", {"num_layers": 6}, '"layer_decay_rate" is missing; .* would raise KeyError'),
    ("mmseg_old_layer_decay", {}, "would raise KeyError: 'layer_decay_rate'"),
    ("mmseg_old_layer_decay", None, "would raise AttributeError, for it calls .update"),
    ("mmpose_layer_decay", {"num_layers": 6}, '"layer_decay_rate" is missing; .* TypeError: None \\*\\* a number'),
    ("mmpose_layer_decay", None, "would raise AttributeError, for it calls .get"),
    ("mmpretrain_layer_decay", {"layer_decay_rate": None}, "expected a number, got nothing"),
    ("mmpretrain_layer_decay", {"layer_decay_rate": True}, "expected a number, got true"),
    ("mmpretrain_layer_decay", {"custom_keys": {"fc": {"params": []}}}, "in place of the group's parameters"),
    ("mmseg_force_default", {"force_default_settings": "yes"}, "expected true or false"),
]


@pytest.mark.parametrize(("constructor", "options", "message"), FAULTS, ids=[f"{f[0]}-{f[1]}" for f in FAULTS])
def test_what_the_library_would_fail_on(constructor: str, options: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(_config(constructor, options))


@pytest.mark.parametrize("name", [name for name in CONSTRUCTORS if name.endswith("_layer_decay")])
def test_the_place_of_a_fault(name: str, tmp_path: Any) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "optimizer: {type: SGD, lr: 0.1, weight_decay: 0.1}\n"
        f"constructor: {name}\n"
        "paramwise_cfg:\n"
        "  num_layers: 6\n"
        "  decay_rate: 0.5\n"
        "  layer_decay_rate: 0.5\n"
        "  custom_keys: 3\n"
    )
    if name == "mmseg_old_layer_decay":
        path.write_text(path.read_text().replace("custom_keys: 3", "layer_decay_rates: 3"))
        load_config(path)
        return
    with pytest.raises(ConfigError) as raised:
        load_config(path)
    location = raised.value.findings[0].location
    assert location is not None
    assert location.line == 7
