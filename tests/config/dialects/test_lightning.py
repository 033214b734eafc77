"""The Lightning CLI's configs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgaudit.core.schedule import ScheduleRequest
from pgaudit.pipeline import audit
from tests.config.dialects.files import place, read, refused

CLI = """\
    seed_everything: 1
    trainer: {max_epochs: 3}
    model:
      class_path: my.LitModel
      init_args: {lr: 1}
    optimizer:
      class_path: torch.optim.SGD
      init_args:
        lr: 1e-2
        momentum: 0.9
    lr_scheduler:
      class_path: torch.optim.lr_scheduler.StepLR
      init_args: {step_size: 2}
    """


def test_a_config(tmp_path: Path) -> None:
    config = read(tmp_path, CLI)
    assert config.optimizer == {"type": "SGD", "lr": 0.01, "momentum": 0.9}
    assert (config.constructor, config.model) == ("torch", None)
    assert place(config, "optimizer", "lr") == (9, 5)
    assert config.notes[0].startswith("the config is read as the Lightning CLI's")
    report = audit("resnet18", config, request=ScheduleRequest(at=(0, 1, 2)))
    assert list(report.lrs_at("fc.bias").values()) == pytest.approx([0.01, 0.01, 0.001])


def test_lightnings_own_scheduler_holds_what_to_monitor(tmp_path: Path) -> None:
    text = """\
        optimizer: {class_path: Adam, dict_kwargs: {lr: 0.1}}
        lr_scheduler: {class_path: lightning.pytorch.cli.ReduceLROnPlateau, init_args: {monitor: loss, factor: 0.5}}
        """
    config = read(tmp_path, text)
    assert config.optimizer == {"type": "Adam", "lr": 0.1}
    assert config.schedule is not None
    assert config.schedule.given == {"type": "ReduceLROnPlateau", "factor": 0.5}


def test_arguments_beside_the_class_are_none(tmp_path: Path) -> None:
    text = "optimizer: {class_path: torch.optim.Adam, lr: 0.1}"
    assert refused(tmp_path, text) == (
        '1:43: "lr" stands beside `class_path`, where jsonargparse takes no argument (it belongs in `init_args`)'
    )


def test_an_optimizer_that_is_an_argument_of_the_model(tmp_path: Path) -> None:
    text = "model: {class_path: my.Lit, init_args: {optimizer: {class_path: torch.optim.Adam}}}"
    assert read(tmp_path, text).optimizer == {"type": "Adam"}
    assert refused(tmp_path, text.replace("torch.optim.Adam", "'torch optim'")) == (
        "1:53: `class_path` names no class (`pgaudit show train.py:make` audits the optimizer as built)"
    )
