"""Configs of all layouts, and every way in which one can be wrong."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from pgaudit import Config, ConfigError, UsageError, load_config
from pgaudit.config.layouts import OWN as OWN_KEYS
from pgaudit.config.layouts import SCHEDULES
from pgaudit.config.schema import FILE
from pgaudit.core.location import Location


def _load(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "f.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def _errors(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, text)
    return [problem.sentence.replace(str(tmp_path / "f.yaml"), "f") for problem in caught.value.findings]


MMCV = """\
optimizer:
  type: SGD
  lr: 0.1
  weight_decay: 1.0e-4
  paramwise_cfg:
    norm_decay_mult: 0
    custom_keys: {fc: {lr_mult: 10}}
optimizer_config: {grad_clip: null}
lr_config: {policy: step, step: [30, 60]}
model: {type: ImageClassifier, backbone: {type: ResNet}}
"""
OWN = """\
model: resnet50
optimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}
paramwise_cfg:
  norm_decay_mult: 0
  custom_keys: {fc: {lr_mult: 10}}
"""


@pytest.mark.parametrize(("text", "layout", "line"), [(MMCV, "mmcv", 7), (OWN, "pgaudit", 5)])
def test_layouts_lead_to_the_same_policy(tmp_path: Path, text: str, layout: str, line: int) -> None:
    config = _load(tmp_path, text)
    assert (config.layout, config.constructor) == (layout, "mmcv")
    assert config.optimizer == {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4}
    assert config.paramwise_cfg == {"norm_decay_mult": 0, "custom_keys": {"fc": {"lr_mult": 10}}}
    position = config.location("paramwise_cfg", "custom_keys", "fc")
    assert position is not None
    assert position.line == line


REST = """\
norm_cfg: {type: BN, 0: x}
img_norm_cfg: {mean: [1, 2], to_rgb: !!python/tuple [1]}
data: {palette: {0: [1, 2, 3]}, a: 1, a: 2, timeout: 12:30:00, on: 0755}
model: {type: Net, class_weight: {1: 2.0}}
something_of_our_own: {lr: 1e-4}
"""


@pytest.mark.parametrize("text", [MMCV.partition("optimizer_config")[0], OWN.partition("\n")[2]])
def test_the_rest_of_a_training_config_is_left_alone_whatever_it_holds(tmp_path: Path, text: str) -> None:
    config = _load(tmp_path, text + REST)
    assert config.optimizer == {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4}
    assert (config.model, config.ambiguous) == (None, ())


def test_a_typo_of_an_own_key_is_one_in_a_training_config_too(tmp_path: Path) -> None:
    assert _errors(tmp_path, MMCV + "paramwise_cgf: {}\n") == [
        'f:11:1: unknown key "paramwise_cgf" (did you mean "paramwise_cfg"?)'
    ]


def test_a_config_that_builds_on_others_is_incomplete(tmp_path: Path) -> None:
    errors = _errors(tmp_path, "_base_: [a.py]\n" + MMCV)
    assert errors == ["f:1:1: _base_: pgaudit reads one file, and `_base_` names others (write the whole config out)"]


def test_a_librarys_own_config_object() -> None:
    class LibraryConfig:
        _cfg_dict = MappingProxyType({"optimizer": MappingProxyType({"type": "SGD", "lr": 0.1})})

    config = load_config(LibraryConfig())  # type: ignore[arg-type]
    assert (config.layout, config.optimizer) == ("mmcv", {"type": "SGD", "lr": 0.1})


@pytest.mark.parametrize("source", [3, ["a"], b"a.yaml", None])
def test_what_is_no_config(source: object) -> None:
    with pytest.raises(UsageError, match="a config is a path, a mapping or a Config"):
        load_config(source)  # type: ignore[arg-type]


def test_a_mapping_that_contains_itself() -> None:
    circle: dict[str, object] = {"optimizer": {"type": "SGD"}}
    circle["paramwise_cfg"] = circle
    with pytest.raises(UsageError, match="contains itself"):
        load_config(circle)


MMENGINE = """optim_wrapper:
  type: AmpOptimWrapper
  optimizer: {type: AdamW, lr: 1.0e-3}
  paramwise_cfg: {flat_decay_mult: 0}
param_scheduler: []
"""


def test_mmengines_layout_leads_to_mmengine(tmp_path: Path) -> None:
    config = _load(tmp_path, MMENGINE)
    assert (config.layout, config.constructor, config.optimizer["type"]) == ("mmengine", "mmengine", "AdamW")
    assert config.location("paramwise_cfg", "flat_decay_mult") == Location(config.path, 4, 19)


def test_mmengines_layout_is_read_under_another_constructor(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(MMENGINE, encoding="utf-8")
    config = load_config(path, constructor="mmcv")
    assert (config.layout, config.constructor, config.optimizer["type"]) == ("mmengine", "mmcv", "AdamW")


WRAPPED = "optim_wrapper:\n  optimizer: {type: SGD, lr: 0.1, weight_decay: 0.1}\n  paramwise_cfg:\n"


@pytest.mark.parametrize("option", ["bias_lr_mult", "norm_decay_mult", "flat_decay_mult", "dcn_offset_lr_mult"])
def test_null_is_not_given_to_mmengine_and_wrong_to_mmcv(tmp_path: Path, option: str) -> None:
    assert _load(tmp_path, WRAPPED + f"    {option}: null\n").paramwise_cfg == {option: None}
    if option != "flat_decay_mult":
        (error,) = _errors(tmp_path, WRAPPED + f"    {option}: null\n  constructor: mmcv\n")
        assert "mmcv's DefaultOptimizerConstructor.add_params multiplies a base value by it" in error


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        (
            "lr: null",
            "expected a number, got nothing (null); mmengine's DefaultOptimWrapperConstructor.add_params writes",
        ),
        ("weight_decay: heavy", 'got the text "heavy"; mmengine'),
        ("lr: -1", "-1 is no use here"),
        ("lr_mult: null", "DefaultOptimWrapperConstructor.add_params multiplies a base value by it"),
        ("params: []", "would put this in place of the group's parameters (remove it)"),
    ],
)
def test_what_mmengine_cannot_copy_into_a_group(tmp_path: Path, setting: str, says: str) -> None:
    (error,) = _errors(tmp_path, WRAPPED + f"    custom_keys:\n      fc: {{{setting}}}\n")
    assert error.startswith("f:5:12: ")
    assert says in error


def test_a_solver_is_basecls(tmp_path: Path) -> None:
    config = _load(
        tmp_path, "solver: {basic_lr: 0.1, weight_decay: [[0, bias], 1.0e-4]}\nbatch_size: 32\nworld_size: 8\n"
    )
    assert (config.layout, config.constructor, config.world_size) == ("basecls", "basecls", 8)
    assert config.location("solver", "weight_decay", 0) == Location(config.path, 1, 40)


def test_the_librarys_own_name_of_a_constructor_is_understood(tmp_path: Path) -> None:
    text = "optimizer: {type: SGD, lr: 0.1, constructor: DefaultOptimizerConstructor}"
    assert _load(tmp_path, text).constructor == "mmcv"


def test_what_the_library_ignores_is_kept(tmp_path: Path) -> None:
    config = _load(
        tmp_path, "optimizer: {type: SGD, lr: 1}\nparamwise_cfg: {x: [1], custom_keys: {a: {wd_mult: {}}}}\n"
    )
    assert config.paramwise_cfg == {"x": [1], "custom_keys": {"a": {"wd_mult": {}}}}


def test_all_errors_of_a_file_come_in_one_run_in_its_order(tmp_path: Path) -> None:
    text = """\
optimzer: {}
optimizer:
  lr: -0.1
  weight_decay: .nan
paramwise_cfg:
  norm_decay_mult: "0"
  bias_lr_mult: true
  dwconv_decay_mult:
  bypass_duplicate: 1
  custom_keys:
    a: 0.1
    b: {lr_mult: .inf, decay_mult: [0]}
constructor: mmvc
"""
    multiplied = "mmcv's DefaultOptimizerConstructor.add_params multiplies a base value by it"
    assert _errors(tmp_path, text) == [
        'f:1:1: unknown key "optimzer" (did you mean "optimizer"?)',
        'f:2:1: "type" is missing',
        "f:3:3: optimizer.lr: -0.1 is no use here; a number from 0 up is",
        "f:4:3: optimizer.weight_decay: nan is no use here; a number from 0 up is",
        f'f:6:3: paramwise_cfg.norm_decay_mult: expected a number, got the text "0"; {multiplied}',
        f"f:7:3: paramwise_cfg.bias_lr_mult: expected a number, got true; {multiplied}",
        f"f:8:3: paramwise_cfg.dwconv_decay_mult: expected a number, got nothing (null); {multiplied}",
        "f:9:3: paramwise_cfg.bypass_duplicate: expected true or false, got the number 1",
        "f:11:5: paramwise_cfg.custom_keys.a: expected a mapping, got the number 0.1; "
        "mmcv's DefaultOptimizerConstructor.add_params would raise AttributeError, for it calls .get() on it",
        "f:12:9: paramwise_cfg.custom_keys.b.lr_mult: inf is no use here; a number from 0 up is",
        f"f:12:24: paramwise_cfg.custom_keys.b.decay_mult: expected a number, got a list; {multiplied}",
        'f:13:1: unknown constructor "mmvc" (did you mean "mmcv"?)',
    ]


ONE_ERROR = {
    "no mapping": ("- a\n", "f:1:1: a config is a mapping, not a list"),
    "no optimizer": ("model: resnet50\n", 'f:1:1: "optimizer" is missing'),
    "optimizer is a list": ("optimizer: [1]\n", "f:1:1: optimizer: expected a mapping, got a list"),
    "paramwise_cfg is a list": (
        "optimizer: {type: SGD, paramwise_cfg: []}\n",
        "f:1:24: optimizer.paramwise_cfg: expected a mapping, got a list; mmcv's DefaultOptimizerConstructor "
        "would raise TypeError: paramwise_cfg should be None or a dict",
    ),
    "custom_keys is a list": (
        "optimizer: {type: SGD}\nparamwise_cfg: {custom_keys: [a]}\n",
        "f:2:17: paramwise_cfg.custom_keys: expected a mapping, got a list; mmcv's DefaultOptimizerConstructor "
        "would raise TypeError: custom_keys must be a dict",
    ),
    "custom_keys is null": (
        "optimizer: {type: SGD}\nparamwise_cfg: {custom_keys: }\n",
        "f:2:17: paramwise_cfg.custom_keys: expected a mapping, got nothing (null); mmcv's DefaultOptimizerConstructor "
        "would raise TypeError: custom_keys must be a dict",
    ),
    "decay without base": (
        "optimizer: {type: SGD, lr: 1}\nparamwise_cfg: {custom_keys: {a: {decay_mult: 0}}}\n",
        "f:2:35: paramwise_cfg.custom_keys.a.decay_mult: there is no weight_decay to multiply; mmcv's "
        "DefaultOptimizerConstructor would raise ValueError: base_wd should not be None (give the optimizer a "
        "weight_decay)",
    ),
    "mmcv on a solver": (
        "constructor: mmcv\nsolver: {basic_lr: 0.1}\n",
        'f:1:1: "mmcv" does not read a `solver:` (constructor: basecls)',
    ),
    "basecls without a solver": (
        "constructor: basecls\noptimizer: {type: SGD}\n",
        "f:1:1: solver: BaseCls reads `solver:`, and this config has none (solver: {basic_lr: 0.1, "
        "weight_decay: 1.0e-4})",
    ),
    "world_size": (
        "solver: {}\nworld_size: 0\n",
        "f:2:1: world_size: 0 is no use here; a number from 1 up is",
    ),
    "world_size without a solver": (
        "optimizer: {type: SGD}\nworld_size: 8\n",
        "f:2:1: world_size: only BaseCls scales its lr by the number of processes (remove it)",
    ),
    "optimizer beside a solver": (
        "solver: {}\noptimizer: {type: SGD}\n",
        'f:2:1: "optimizer" and "solver" are both in this config; keep one of them',
    ),
    "betas": ("solver: {betas: [0.9]}\n", "f:1:10: solver.betas: expected two numbers"),
}


@pytest.mark.parametrize(("text", "message"), ONE_ERROR.values(), ids=ONE_ERROR.keys())
def test_one_error(tmp_path: Path, text: str, message: str) -> None:
    errors = _errors(tmp_path, text)
    assert len(errors) == 1
    assert errors[0].startswith(message)


def test_a_mapping_is_validated_as_a_file_is() -> None:
    with pytest.raises(ConfigError, match="optimizer.lr: expected a number"):
        load_config({"optimizer": {"type": "SGD", "lr": "0.1"}})


def test_missing_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "resnet.yaml").touch()
    with pytest.raises(ConfigError, match=r'no such config file.*did you mean ".*resnet.yaml"'):
        load_config(tmp_path / "resnte.yaml")
    with pytest.raises(ConfigError, match="is a folder"):
        load_config(tmp_path)
    with pytest.raises(ConfigError, match="cannot read"):
        load_config("nul\0")


def test_a_file_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(ConfigError, match="it is not a regular file .a device."):
        load_config("/dev/zero")


def test_a_config_that_was_read_for_one_constructor_is_not_for_another() -> None:
    config = load_config({"optimizer": {"type": "SGD"}})
    assert load_config(config, constructor="torch") is config
    with pytest.raises(UsageError, match="was read for torch"):
        load_config(config, constructor="basecls")


def test_a_constructor_asked_for_must_exist() -> None:
    with pytest.raises(UsageError, match=r'unknown constructor "mmvc" \(did you mean "mmcv"\?\)'):
        load_config({"optimizer": {"type": "SGD"}}, constructor="mmvc")


def test_the_keys_that_are_read_are_those_of_the_schema() -> None:
    assert {*OWN_KEYS, *SCHEDULES} == set(FILE["properties"])


def test_a_key_that_is_no_word_is_an_error_from_python_too() -> None:
    with pytest.raises(ConfigError):
        load_config({0: 1, "solver": {}})  # type: ignore[dict-item]
