"""DeepSpeed's JSON, by what DeepSpeed documents: its own classes cannot be asked without its extensions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pgaudit.core.schedule import ScheduleRequest
from pgaudit.pipeline import audit
from tests.config.dialects.files import place, read, refused

JSON = """\
    {
    \t"zero_optimization": {"stage": 2},
    \t"optimizer": {
    \t\t"type": "AdamW",
    \t\t"params": {"lr": 1e-4, "betas": [0.8, 0.999], "weight_decay": 3e-7}
    \t},
    \t"scheduler": {"type": "WarmupLR", "params": {"warmup_max_lr": 1e-4, "warmup_num_steps": 10}}
    }
    """


def test_a_config(tmp_path: Path) -> None:
    config = read(tmp_path, JSON, "ds.json")
    assert config.optimizer == {"lr": 1e-4, "betas": [0.8, 0.999], "weight_decay": 3e-7, "type": "AdamW"}
    assert config.constructor == "torch"
    assert place(config, "optimizer", "lr") == (5, 14)
    assert config.notes[0].startswith(
        "the config is read as DeepSpeed's: one group of model.parameters(), under transformers' Trainer, too;"
    )
    report = audit("resnet18", config, request=ScheduleRequest(at=(0, 11)))
    assert list(report.lrs_at("fc.bias").values()) == [0.0, 1e-4]


NO_DECAY = {"weight_decay": 0.0}
CLASSES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "Adam"}, {"type": "AdamW", **NO_DECAY}),
    ({"type": "adam", "params": {"adam_w_mode": False}}, {"type": "Adam", **NO_DECAY}),
    ({"type": "AdamW", "params": {"adam_w_mode": False}}, {"type": "AdamW", **NO_DECAY}),
    ({"type": "AdamW", "params": {"torch_adam": True}}, {"type": "AdamW"}),
    ({"type": "Adam", "params": {"torch_adam": True, "adam_w_mode": False, "lr": 1}}, {"type": "Adam", "lr": 1}),
    ({"type": "SGD", "params": {"lr": 0.1}}, {"type": "SGD", "lr": 0.1}),
]


@pytest.mark.parametrize(("section", "ours"), CLASSES)
def test_classes(tmp_path: Path, section: dict[str, Any], ours: dict[str, Any]) -> None:
    text = json.dumps({"train_micro_batch_size_per_gpu": 1, "optimizer": section})
    assert read(tmp_path, text, "ds.json").optimizer == ours


WAY_IN = "(`pgaudit show train.py:make` audits the optimizer as built)"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "auto": (
        {"optimizer": {"type": "AdamW", "params": {"lr": "auto"}}},
        '1:44: lr: "auto" is filled in by transformers, from its TrainingArguments '
        "(write the value that it puts there)",
    ),
    "its own": (
        {"optimizer": {"type": "OneBitAdam", "params": {"lr": 1}}},
        f'1:16: "OneBitAdam" is a class of DeepSpeed\'s own {WAY_IN}',
    ),
    "a limit": (
        {"optimizer": {"type": "Adam", "params": {"max_grad_norm": 1}}},
        "1:43: DeepSpeed would raise ValueError: 'max_grad_norm' is not supported",
    ),
    "none": (
        {"zero_optimization": {"stage": 3}},
        f"1:2: this config of DeepSpeed's has no optimizer: the code makes it {WAY_IN}",
    ),
    "no mapping": (
        {"zero_optimization": {}, "optimizer": {"type": "Adam", "params": "auto"}},
        "1:57: `params` are a mapping of the optimizer's arguments",
    ),
    "a list": (
        {"zero_optimization": {}, "optimizer": {"type": "Adam", "params": [1]}},
        "1:57: `params` are a mapping of the optimizer's arguments",
    ),
    "no name": ({"optimizer": {"type": 5, "params": {}}}, f"1:16: `type` names no optimizer {WAY_IN}"),
    "no number": (
        {"optimizer": {"type": "Adam", "params": {"lr": "much"}}},
        '1:43: optimizer.params.lr: expected a number, got the text "much"',
    ),
}


@pytest.mark.parametrize(("config", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read(tmp_path: Path, config: dict[str, Any], message: str) -> None:
    assert refused(tmp_path, json.dumps(config), "ds.json") == message


def test_pgaudits_own_optimizer_beside_deepspeeds_keys_stays_its_own(tmp_path: Path) -> None:
    text = "zero_optimization: {}\noptimizer: {type: Adam, lr: 0.1}"
    config = read(tmp_path, text)
    assert (config.optimizer, config.notes) == ({"type": "Adam", "lr": 0.1}, ())
