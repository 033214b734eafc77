"""Whose layout a config has, which of its keys are left alone, and which are words of ours at a wrong place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from torch import nn
from torch.optim import SGD as SGDClass

import pgaudit
from pgaudit import Config, ConfigError, load_config
from pgaudit.cli import main
from pgaudit.config.misplaced import is_option, meant
from pgaudit.constructors import CONSTRUCTORS
from pgaudit.constructors.registry import option_names

SGD = {"type": "SGD", "lr": 0.1, "weight_decay": 0.5}
FC = {"custom_keys": {"fc": {"lr_mult": 10.0}}}
OWN: dict[str, Any] = {"optimizer": SGD, "paramwise_cfg": FC}

OPTIONS = frozenset(filter(is_option, option_names()))

ORDINARY_KEYS = """
seed scheduler schedulers lr_scheduler wandb epochs num_epochs max_epochs total_epochs base_lr lr weight_decay momentum
batch_size data dataset dataloader dataloaders loader workers num_workers device gpus amp fp16 precision model_ema ema
trainer training train val test eval evaluation loss losses criterion metrics logger logging log_interval log_level
checkpoint checkpoints resume output_dir work_dir save_dir experiment exp_name name tags notes version defaults hydra
augmentation augmentations transforms transform preprocess optimizers optimize optim optims optimizer_name
optimizer_config_path models model_name model_type model_cfg model_kwargs mode module modules node encoder decoder
expected experts expert except aspect inspect finding binding solve solves resolver silver instructor conductor
constructors constructed finder grad_clip clip_grad clip_grad_norm accumulate steps max_steps warmup warmup_steps
schedule rules overrides num_layers decay_rate mixup cutmix label_smoothing dropout drop_path layer_scale compile ddp
fsdp deepspeed distributed dist_url rank local_rank num_gpus nodes find_unused_parameters cudnn_benchmark deterministic
profile profiler debug callbacks hooks params parameters param_groups vocab_size image_size crop_size num_classes
pretrained weights freeze backbone neck head workflow_name custom_hooks TRAIN DATA MODEL_EMA OPTIMIZER Arch
""".split()
"""Top-level keys of training configs in the wild, and words that are near to ours."""


def _written(tmp_path: Path, config: Any) -> Path:
    path = tmp_path / "f.yaml"
    path.write_text(config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


def _policy(config: Config) -> tuple[object, ...]:
    return config.layout, config.constructor, config.optimizer, config.paramwise_cfg, config.misplaced


@pytest.mark.parametrize("own", [OWN, {"optimizer": SGD}, {"optimizer": {**SGD, "paramwise_cfg": FC}}])
def test_other_keys_of_a_training_config_are_left_alone(tmp_path: Path, own: dict[str, Any]) -> None:
    expected = _policy(load_config(own))
    for key in ORDINARY_KEYS:
        for value in (1, "text", [1], {"type": "x", 0: 1}):
            assert _policy(load_config({**own, key: value})) == expected, (key, value)
    everything = {**own, **dict.fromkeys(ORDINARY_KEYS, 1)}
    assert _policy(load_config(_written(tmp_path, everything))) == expected


SLIPS = {
    "optimzer": "optimizer",
    "otpimizer": "optimizer",
    "optimiser": "optimizer",
    "Optimizer": "optimizer",
    "paramwise_cgf": "paramwise_cfg",
    "paramwsie_cgf": "paramwise_cfg",
    "param_wise": "paramwise_cfg",
    "paramwise": "paramwise_cfg",
    "param_wise_cfg": "paramwise_cfg",
    "paramwise_config": "paramwise_cfg",
    "optim_wraper": "optim_wrapper",
    "constuctor": "constructor",
    "modle": "model",
    "model_agrs": "model_args",
    "sovler": "solver",
    "SLOVER": "SOLVER",
    "epxect": "expect",
    "fidings": "findings",
    "wrold_size": "world_size",
    "default_scop": "default_scope",
}
AROUND: dict[str, dict[str, Any]] = {
    "nothing": {},
    "ordinary keys": {"seed": 1, "wandb": {"project": "x"}},
    "a library's": {"lr_config": {"policy": "step"}},
}


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize(("slip", "own"), SLIPS.items())
def test_a_near_miss_of_a_key_that_is_read_is_an_error_whatever_stands_around(
    tmp_path: Path, slip: str, own: str, around: dict[str, Any]
) -> None:
    config = {"optimizer": SGD, **around, slip: {}}
    for source in (config, _written(tmp_path, config)):
        with pytest.raises(ConfigError) as caught:
            load_config(source)
        (problem,) = caught.value.findings
        assert (problem.message, problem.hint) == (f'unknown key "{slip}"', f'did you mean "{own}"?')
    assert problem.location is not None
    assert problem.location.line == len(yaml.safe_dump({"optimizer": SGD, **around}).splitlines()) + 1


def test_no_ordinary_key_is_taken_for_a_slip() -> None:
    assert [key for key in ORDINARY_KEYS if meant(key)] == []


def test_every_option_of_every_constructor_is_known_by_its_name() -> None:
    known = {
        option for name, constructor in CONSTRUCTORS.items() if name != "basecls" for option in constructor.options
    }
    assert known <= option_names()


LIBRARIES: dict[str, tuple[dict[str, Any], str]] = {
    "mmcv by its keys": ({"optimizer": SGD, "runner": {"type": "EpochBasedRunner"}}, "mmcv"),
    "mmcv by its data": ({"optimizer": SGD, "data": {"samples_per_gpu": 2}}, "mmcv"),
    "mmcv by nesting": ({"optimizer": {**SGD, "paramwise_cfg": {"bias_lr_mult": 2.0}}}, "mmcv"),
    "mmengine": ({"optim_wrapper": {"optimizer": SGD}}, "mmengine"),
    "mmengine, more of it": (
        {"default_scope": "mmpretrain", "train_cfg": {"by_epoch": True}, "optim_wrapper": {"optimizer": SGD}},
        "mmengine",
    ),
    "basecls": ({"solver": {"basic_lr": 0.1, "weight_decay": 0.5}}, "basecls"),
    "detectron2": ({"SOLVER": {"BASE_LR": 0.1}}, "detectron2"),
}


@pytest.mark.parametrize(("library", "layout"), LIBRARIES.values(), ids=LIBRARIES)
def test_an_option_where_the_library_does_not_look_is_a_finding_and_has_no_effect(
    tmp_path: Path, library: dict[str, Any], layout: str
) -> None:
    model = nn.Sequential()
    model.add_module("fc", nn.Linear(2, 2))
    bare = pgaudit.audit(model, library)
    settings = [(row.lr, row.weight_decay, row.group) for row in bare.params]
    assert bare.config.layout == layout
    strays: dict[str, Any] = {**dict.fromkeys(OPTIONS, 0.25), "paramwise_cfg": FC}
    for option, value in strays.items():
        path = _written(tmp_path, {option: value, **library})
        report = pgaudit.audit(model, str(path))
        (finding,) = [finding for finding in report.findings if finding.key == option]
        code = "PG014" if option == "paramwise_cfg" and layout in ("basecls", "detectron2") else "PG011"
        assert (finding.code, finding.severity) == (code, "error")
        assert (finding.location and finding.location.line) == 1
        assert [(row.lr, row.weight_decay, row.group) for row in report.params] == settings


OUTSIDE = {
    "constructor beside optim_wrapper": ({"optim_wrapper": {"optimizer": SGD}, "constructor": "mmcv"}, "PG011"),
    "optimizer beside optim_wrapper": ({"optim_wrapper": {"optimizer": SGD}, "optimizer": {"type": "Adam"}}, "PG014"),
    "paramwise_cfg beside another": ({"optimizer": {**SGD, "paramwise_cfg": {}}, "paramwise_cfg": FC}, "PG011"),
}


@pytest.mark.parametrize(("config", "code"), OUTSIDE.values(), ids=OUTSIDE)
def test_check_fails_for_what_the_library_does_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], config: dict[str, Any], code: str
) -> None:
    assert main(["check", "resnet18", str(_written(tmp_path, config)), "--format", "concise"]) == 1
    errors = [line for line in capsys.readouterr().out.splitlines() if "[" not in line.partition(" ")[2][:12]]
    assert len(errors) == 1
    assert f" {code} " in errors[0]


UNREAD_BY_THE_WRAPPER = ["custom_keys", "norm_decay_mult", "paramwise_cgf", "param_wise"]


@pytest.mark.parametrize("key", UNREAD_BY_THE_WRAPPER)
def test_a_wrapper_of_ones_own_does_not_read_what_is_about_parameters(tmp_path: Path, key: str) -> None:
    wrapper = {"type": "MyWrapper", "optimizer": SGD, "their_own": 1, key: {"fc": {"lr_mult": 10.0}}}
    report = pgaudit.audit(nn.Linear(2, 2), str(_written(tmp_path, {"optim_wrapper": wrapper})))
    (finding,) = [finding for finding in report.findings if finding.key == key]
    assert (finding.code, finding.severity) == ("PG011", "error")
    assert f'"{key}" in optim_wrapper has no effect' in finding.message
    assert (finding.location and finding.location.line) == list(wrapper).index(key) + 2 + len(SGD)


OF_A_CONSTRUCTOR: dict[str, dict[str, Any]] = {
    "rules": {"rules": [{"match": "*", "lr_mult": 2.0}], "unmatched": "freeze"},
    "detectron2": {"overrides": {"fc": {"lr": 1.0}}},
    "timm": {"fallback_list": ["fc"]},
}


@pytest.mark.parametrize("constructor", OF_A_CONSTRUCTOR)
def test_an_option_of_the_constructor_that_is_named_is_no_ordinary_key(tmp_path: Path, constructor: str) -> None:
    own = {"constructor": constructor, "optimizer": SGD}
    for key, value in OF_A_CONSTRUCTOR[constructor].items():
        path = _written(tmp_path, {**own, "seed": 1, key: value})
        for config in ({**own, key: value}, path):
            with pytest.raises(ConfigError, match=f'"{key}" stands where nothing reads it') as refused:
                load_config(config)
            (problem,) = refused.value.findings
            assert problem.hint == "move it into `paramwise_cfg`"
            assert (problem.location and problem.location.line) == (3 + len(SGD) + 1 if config is path else None)
        assert load_config({"optimizer": SGD, key: value}).misplaced == ()


class Taking(SGDClass):
    """An optimizer that takes whatever it is given."""

    def __init__(self, params: Any, lr: float = 0.1, **others: Any) -> None:
        super().__init__(params, lr)


@pytest.mark.parametrize("key", ["paramwise_cfg", "constructor"])
@pytest.mark.parametrize("kind", ["SGD", Taking])
def test_mmengine_does_not_look_into_the_optimizer(kind: Any, key: str) -> None:
    value = FC if key == "paramwise_cfg" else "DefaultOptimWrapperConstructor"
    with pytest.raises(ConfigError) as refused:
        load_config({"optim_wrapper": {"optimizer": {"type": kind, "lr": 0.1, key: value}}})
    (problem,) = refused.value.findings
    assert problem.message.startswith(f"optim_wrapper.optimizer.{key}: mmengine hands it to the optimizer's class")


UNREADABLE: dict[str, tuple[dict[str, Any], str]] = {
    "mmcv's several": (
        {"optimizer": {"generator": SGD, "discriminator": SGD}, "lr_config": {}},
        'optimizer: there are 2 optimizers here, "generator" and "discriminator"; pgaudit takes one',
    ),
    "mmengine's several": (
        {"optim_wrapper": {"a": {"type": "OptimWrapper", "optimizer": SGD}, "b": {"optimizer": SGD}}},
        'optim_wrapper: there are 2 optimizers here, "a" and "b"; pgaudit takes one',
    ),
    "no wrapper": ({"optim_wrapper": None}, '"optim_wrapper" is empty, and mmengine builds no optimizer'),
    "hydra": (
        {"optim_wrapper": {"optimizer": {"_target_": "torch.optim.AdamW", "lr": 0.1}}},
        '"type" is missing (pgaudit reads `type`, and not `_target_`)',
    ),
    "lightning": (
        {"optim_wrapper": {"optimizer": {"class_path": "torch.optim.AdamW"}}},
        '"type" is missing (pgaudit reads `type`, and not `class_path`)',
    ),
    "a name": (
        {"optimizer": "adamw", "lr": 0.1},
        'optimizer: expected a mapping, got the text "adamw" (optimizer: {type: SGD, lr: 0.1})',
    ),
}


@pytest.mark.parametrize(("config", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_other_tools_write_gets_one_message(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(config)
    assert len(refused.value.findings) == 1
    assert message in str(refused.value)


D2 = [{"META_ARCHITECTURE": "GeneralizedRCNN"}, {"WEIGHTS": "x.pkl"}, {"ROI_HEADS": {"NUM_CLASSES": 3}}]


@pytest.mark.parametrize("section", D2)
def test_without_a_solver_detectron2_trains_with_its_defaults(tmp_path: Path, section: dict[str, Any]) -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    expected = [(row.lr, row.weight_decay, row.group) for row in pgaudit.audit(model, {"SOLVER": {}}).params]
    (tmp_path / "base.yaml").write_text("VERSION: 2\n", encoding="utf-8")
    for config in ({"MODEL": section}, {"_BASE_": "base.yaml", "MODEL": section, "norm_decay_mult": 1.0}):
        report = pgaudit.audit(model, str(_written(tmp_path, config)))
        assert report.config.layout == "detectron2"
        assert [(row.lr, row.weight_decay, row.group) for row in report.params] == expected
        assert ("PG011" in [finding.code for finding in report.findings]) == ("norm_decay_mult" in config)
    assert load_config({"MODEL": section, "optimizer": SGD}).layout == "pgaudit"


def test_what_is_taken_up_where_the_library_looks_is_no_finding(tmp_path: Path) -> None:
    text = """\
paramwise_cfg: &p {custom_keys: {fc: {lr_mult: 10.0}}}
optimizer: &o {type: SGD, lr: 0.1}
optim_wrapper: {optimizer: *o, paramwise_cfg: {<<: *p, bias_lr_mult: 2.0}}
"""
    config = load_config(_written(tmp_path, text))
    assert (config.layout, config.misplaced) == ("mmengine", ())


@pytest.mark.parametrize("around", [{}, {"seed": 1}, {"wandb": {}, "epochs": 3}])
@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_an_option_at_the_top_of_our_own_layout_is_an_error(option: str, around: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({"optimizer": SGD, **around, option: {}})
    (problem,) = caught.value.findings
    assert problem.message.startswith(f'"{option}" stands where nothing reads it')
    assert problem.hint == "move it into `paramwise_cfg`"


@pytest.mark.parametrize("sign", [{"default_scope": "mmdet"}, {"param_scheduler": []}, {"train_cfg": {"max_iters": 1}}])
def test_mmengine_reads_no_optimizer_without_an_optim_wrapper(sign: dict[str, Any]) -> None:
    for optimizer in (SGD, {**SGD, "paramwise_cfg": FC}):
        with pytest.raises(ConfigError, match='"optim_wrapper" is missing: ') as caught:
            load_config({"optimizer": optimizer, **sign})
        assert len(caught.value.findings) == 1


@pytest.mark.parametrize("kind", [None, "OptimWrapper", "AmpOptimWrapper"])
@pytest.mark.parametrize("key", ["custom_keys", "bias_lr_mult", "paramwise_cgf"])
def test_what_the_wrapper_around_the_optimizer_does_not_take(kind: str | None, key: str) -> None:
    wrapper = {"optimizer": SGD, key: {}, **({"type": kind} if kind else {})}
    with pytest.raises(ConfigError, match="would raise TypeError: unexpected keyword argument") as caught:
        load_config({"optim_wrapper": wrapper})
    (problem,) = caught.value.findings
    assert "paramwise_cfg" in str(problem.hint)


def test_a_merge_at_the_top_is_read_and_what_it_brings_is_sorted_as_well(tmp_path: Path) -> None:
    text = "base: &base {optimizer: {type: SGD, lr: 0.1}, epochs: 3}\n<<: *base\nseed: 1\n"
    assert load_config(_written(tmp_path, text)).optimizer == {"type": "SGD", "lr": 0.1}
    with pytest.raises(ConfigError, match='unknown key "paramwise_cgf"'):
        load_config(_written(tmp_path, text.replace("epochs", "paramwise_cgf")))


DEFAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "an optimizer alone": ({"optimizer": SGD}, "torch"),
    "in a training config": ({"optimizer": SGD, "epochs": 3, "scheduler": {}}, "torch"),
    "with options": (OWN, "mmcv"),
    "with no options in them": ({"optimizer": SGD, "paramwise_cfg": {}}, "mmcv"),
    "with nothing in them": ({"optimizer": SGD, "paramwise_cfg": None}, "mmcv"),
    "in mmcv's config": ({"optimizer": SGD, "lr_config": {}}, "mmcv"),
    "in mmengine's": ({"optim_wrapper": {"optimizer": SGD}}, "mmengine"),
    "told": ({"optimizer": SGD, "constructor": "timm"}, "timm"),
}


@pytest.mark.parametrize(("config", "constructor"), DEFAULTS.values(), ids=DEFAULTS)
def test_the_constructor_of_a_config_that_names_none(config: dict[str, Any], constructor: str) -> None:
    assert load_config(config).constructor == constructor


NICKNAMES = {
    "pytorch": "torch",
    "PyTorch": "torch",
    "hf": "transformers",
    "huggingface": "transformers",
    "trainer": "transformers",
    "d2": "detectron2",
    "mmcls": "mmcv",
    "openmmlab": "mmcv",
}


@pytest.mark.parametrize(("name", "known"), NICKNAMES.items())
def test_other_names_of_a_constructor_lead_to_it(name: str, known: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({"optimizer": SGD, "constructor": name})
    assert str(caught.value.findings[0].hint).startswith(f'did you mean "{known}"')


@pytest.mark.parametrize(("slip", "section"), [("optimzer", SGD), ("slover", {"basic_lr": 0.1, "weight_decay": 0.1})])
def test_a_slip_is_one_mistake(slip: str, section: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({slip: section, **({"constructor": "basecls"} if slip == "slover" else {})})
    assert [problem.message for problem in caught.value.findings] == [f'unknown key "{slip}"']
