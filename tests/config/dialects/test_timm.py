"""timm's args.yaml: the same groups as timm itself makes of the same arguments."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import timm
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.optim._optim_factory import create_optimizer_v2, optimizer_kwargs
from torch import nn

import pgaudit
from pgaudit.config import load_config
from pgaudit.core.schedule import ScheduleRequest
from pgaudit.pipeline import audit
from tests.budget import examples
from tests.config.dialects.files import place, read, refused

COMPLETE: dict[str, Any] = {
    "batch_size": 256,
    "epochs": 300,
    "gp": None,
    "grad_accum_steps": 1,
    "layer_decay": None,
    "lr": 0.5,
    "lr_base": 0.1,
    "lr_base_scale": "",
    "lr_base_size": 256,
    "min_lr": 1e-06,
    "model": "test_vit",
    "model_kwargs": {},
    "momentum": 0.9,
    "num_classes": 10,
    "opt": "sgd",
    "opt_betas": None,
    "opt_eps": None,
    "opt_kwargs": {},
    "sched": "cosine",
    "warmup_epochs": 5,
    "warmup_lr": 1e-05,
    "weight_decay": 2e-05,
}
ARGUMENTS = st.fixed_dictionaries(
    {"opt": st.sampled_from(["sgd", "adamw", "lamb", "lookahead_adam", "rmsproptf"]), "lr": st.floats(1e-5, 1.0)},
    optional={
        "weight_decay": st.floats(0, 0.1),
        "momentum": st.floats(0, 0.95),
        "opt_eps": st.floats(1e-8, 1e-3),
        "layer_decay": st.floats(0.5, 0.95),
        "layer_decay_min_scale": st.floats(0, 0.5),
        "opt_foreach": st.booleans(),
        "opt_kwargs": st.sampled_from([{}, {"filter_bias_and_bn": False}]),
    },
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("args")


def _model() -> nn.Module:
    with torch.device("meta"):
        model: nn.Module = timm.create_model("test_vit", num_classes=10)
        return model


@settings(max_examples=examples(40))
@given(changes=ARGUMENTS)
def test_as_timm(folder: Path, changes: dict[str, Any]) -> None:
    args = {**COMPLETE, **changes}
    path = folder / "args.yaml"
    path.write_text(yaml.safe_dump(args), encoding="utf-8")
    model = _model()
    theirs = create_optimizer_v2(model, **optimizer_kwargs(SimpleNamespace(**args)), **args["opt_kwargs"])
    report = pgaudit.audit(None, path)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    for ours, group in zip(report.groups, theirs.param_groups, strict=True):
        assert ours.lr == group["lr"]
        assert ours.weight_decay == group["weight_decay"]
        members = [each for each in report.params if each.group == ours.index]
        assert {each.name for each in members} == {names[id(parameter)] for parameter in group["params"]}
        assert {each.setting.extra.get("lr_scale") for each in members} == {group.get("lr_scale")}


@pytest.mark.parametrize(
    "changes",
    [
        {"lr": "0.25", "weight_decay": "1e-2", "momentum": "0.5", "layer_decay": "0.7"},
        {"opt_args": {"lr": 0.3, "momentum": 0.2}},
        {"opt_args": {"weight_decay": 0.25, "layer_decay": 0.5}, "layer_decay": 0.9},
        {"opt": "adamw", "opt_kwargs": {"eps": 1e-3}},
    ],
)
def test_texts_and_further_arguments_as_timm(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = tmp_path / "args.yaml"
    path.write_text(yaml.safe_dump({**COMPLETE, **changes}), encoding="utf-8")
    parser = argparse.ArgumentParser()
    for word in ("lr", "weight_decay", "momentum", "layer_decay"):
        parser.add_argument(f"--{word}", type=float)
    parser.set_defaults(**yaml.safe_load(path.read_text(encoding="utf-8")))
    args = parser.parse_args([])
    model = _model()
    theirs = create_optimizer_v2(model, **optimizer_kwargs(args), **args.opt_kwargs)
    report = pgaudit.audit(None, path)
    assert [(each.lr, each.weight_decay) for each in report.groups] == [
        (group["lr"], group["weight_decay"]) for group in theirs.param_groups
    ]
    given = report.optimizer.arguments
    assert {key: theirs.defaults[key] for key in ("momentum", "eps") if key in given} == {
        key: given[key] for key in ("momentum", "eps") if key in given
    }


def test_what_is_wrong_with_other_keys_is_their_readers_affair(tmp_path: Path) -> None:
    text = yaml.safe_dump(COMPLETE)
    assert read(tmp_path, text + "mean: 01\nz: !other 1\n").optimizer == read(tmp_path, text).optimizer


SAID_WRONG = {
    "twice": ({"opt_kwargs": {"momentum": 0.5}}, "got multiple values for keyword argument 'momentum'"),
    "twice, eps": ({"opt_eps": 1e-6, "opt_kwargs": {"eps": 0.5}}, "got multiple values for keyword argument 'eps'"),
    "null": ({"weight_decay": None}, "train.py hands over a weight_decay of None (write a number)"),
    "no mapping": ({"opt_kwargs": [1]}, "`opt_kwargs` is a mapping of arguments"),
    "no mapping for the model": ({"model_kwargs": "a=1"}, "`model_kwargs` is a mapping of arguments"),
}


@pytest.mark.parametrize(("changes", "message"), SAID_WRONG.values(), ids=SAID_WRONG)
def test_what_train_py_cannot_hand_over(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    assert message in refused(tmp_path, yaml.safe_dump({**COMPLETE, **changes}))


def test_argparse_reads_no_text_within_a_mapping(tmp_path: Path) -> None:
    text = yaml.safe_dump(COMPLETE).replace("opt_kwargs: {}", "opt_kwargs: {dampening: 1e-3}")
    assert [each.text for each in read(tmp_path, text).ambiguous] == ["1e-3"]


SCALED = {
    ("sgd", ""): 0.1 * 8,
    ("adamw", ""): 0.1 * 8**0.5,
    ("lamb", ""): 0.1 * 8**0.5,
    ("adamw", "linear"): 0.1 * 8,
    ("sgd", "sqrt"): 0.1 * 8**0.5,
}


@pytest.mark.parametrize(("opt", "scale"), SCALED)
def test_the_lr_by_the_batch_size(opt: str, scale: str) -> None:
    args = {**COMPLETE, "lr": None, "opt": opt, "lr_base_scale": scale, "world_size": 4, "grad_accum_steps": 2}
    assert load_config(args).optimizer["lr"] == SCALED[opt, scale]


def test_what_it_is_made_of_must_be_said(tmp_path: Path) -> None:
    text = yaml.safe_dump({**COMPLETE, "lr": None})
    assert refused(tmp_path, text) == (
        "6:1: train.py makes the lr of lr_base × batch_size × world_size × grad_accum_steps / lr_base_size, "
        "and `world_size` is not said here (write `lr:`, or what is missing, into it)"
    )
    text = yaml.safe_dump({key: value for key, value in COMPLETE.items() if key != "weight_decay"})
    assert "train.py fills in a weight_decay of its own (write `weight_decay:` into it)" in refused(tmp_path, text)


def test_each_word_keeps_its_place(tmp_path: Path) -> None:
    lines = yaml.safe_dump({**COMPLETE, "opt_eps": 1e-6, "layer_decay": 0.7, "gp": "avg"}, sort_keys=True)
    config = read(tmp_path, lines)
    at = {line.partition(":")[0]: number for number, line in enumerate(lines.splitlines(), 1)}
    assert place(config, "optimizer", "lr") == (at["lr"], 1)
    assert place(config, "optimizer", "eps") == (at["opt_eps"], 1)
    assert place(config, "paramwise_cfg", "layer_decay") == (at["layer_decay"], 1)
    assert (config.constructor, config.model) == ("timm", "test_vit")
    assert config.model_args == {"num_classes": 10, "global_pool": "avg"}
    assert config.notes == ("the config is read as timm's train.py reads it",)
    assert config.ambiguous == ()  # argparse makes numbers of texts
    assert refused(tmp_path, lines.replace("lr: 0.5", "lr: much")) == (
        f'{at["lr"]}:1: lr: expected a number, got the text "much"'
    )


def test_its_schedule_is_followed_and_another_constructor_leaves_it(tmp_path: Path) -> None:
    text = yaml.safe_dump(COMPLETE)
    request = ScheduleRequest(at=(0, 5, 300))
    texts = yaml.safe_dump({**COMPLETE, "epochs": "300", "min_lr": "1e-6", "warmup_lr": "1e-5"})
    assert audit(None, read(tmp_path, texts), request=request).lrs_at("head.bias")[300] == pytest.approx(1e-6, rel=0.01)
    lrs = audit(None, read(tmp_path, text), request=request).lrs_at("head.bias")
    assert list(lrs.values()) == pytest.approx([1e-5, 0.5, 1e-6], rel=1e-2)
    other = read(tmp_path, text.replace("opt: sgd", "opt: SGD"), constructor="torch")
    assert list(audit(None, other, request=request).lrs_at("head.bias").values()) == list(lrs.values())
