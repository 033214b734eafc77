"""hydra's configs: what of them is read, that each word keeps its place, and what is said of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

import pgaudit
from pgaudit.config import load_config
from pgaudit.core.errors import ConfigError
from pgaudit.core.schedule import ScheduleRequest
from pgaudit.pipeline import audit
from tests.config.dialects.files import place, read, refused

PROJECT = """\
    lr: 3e-4
    trainer:
      max_epochs: 30
      classes: {0: cat, 1: dog}
    model:
      _target_: src.models.LitModule
      net:
        _target_: timm.create_model
        model_name: resnet18
        num_classes: 10
        pretrained: true
      optimizer:
        _target_: torch.optim.AdamW
        _partial_: true
        lr: ${lr}
        weight_decay: ${..decay}
        betas: [0.9, 0.95]
      decay: 0.05
      scheduler:
        _target_: torch.optim.lr_scheduler.CosineAnnealingLR
        _partial_: true
        T_max: ${trainer.max_epochs}
    root: ${oc.env:ROOT}
    """


def test_a_project(tmp_path: Path) -> None:
    config = read(tmp_path, PROJECT)
    assert config.optimizer == {"type": "AdamW", "lr": 3e-4, "weight_decay": 0.05, "betas": [0.9, 0.95]}
    assert (config.constructor, config.model, config.model_args) == ("torch", "resnet18", {"num_classes": 10})
    assert place(config, "optimizer", "lr") == (15, 5)
    assert place(config, "optimizer", "type") == (13, 5)
    assert config.ambiguous == ()  # OmegaConf reads 3e-4 as a number
    assert config.notes[0].startswith("the config is read as hydra's: one group of model.parameters()")


def test_its_schedule_is_followed(tmp_path: Path) -> None:
    report = audit(None, read(tmp_path, PROJECT), request=ScheduleRequest(at=(0, 15, 30)))
    assert list(report.lrs_at("fc.bias").values()) == pytest.approx([3e-4, 1.5e-4, 0.0])
    assert report["fc.bias"].setting.lr_rule == report["conv1.weight"].setting.lr_rule
    rule = report["fc.bias"].setting.lr_rule
    assert rule is not None
    assert rule.location is not None
    assert rule.location.line == 15


PLACES = {
    "at the top": "optimizer: {_target_: torch.optim.SGD, lr: 0.1}",
    "optim": "optim: {_target_: torch.optim.SGD, lr: 0.1}",
    "deep": "trainer: {optim: {optimizer: {_target_: torch.optim.SGD, lr: 0.1}, amp: true}}",
    "in its own file": "_target_: torch.optim.SGD\nlr: 0.1",
    "with tuples to convert": "opt_cfg: {_target_: torch.optim.SGD, _convert_: all, params: '???', lr: 0.1}",
    "merged in": "<<: {opt: {_target_: torch.optim.SGD, lr: 0.1}}\nseed: 1",
    "by reference": "name: SGD\noptimizer: {_target_: 'torch.optim.${name}', lr: 0.1}",
}


@pytest.mark.parametrize("text", PLACES.values(), ids=PLACES)
def test_where_it_may_stand(tmp_path: Path, text: str) -> None:
    assert dict(read(tmp_path, text).optimizer) == {"type": "SGD", "lr": 0.1}


CLASSES = {
    "torch.optim.AdamW": "AdamW",
    "torch.optim.adamw.AdamW": "torch.optim.adamw:AdamW",
    "timm.optim.Lamb": "timm.optim:Lamb",
    "my.optim.Mine": "my.optim:Mine",
}


@pytest.mark.parametrize("target", CLASSES)
def test_classes(tmp_path: Path, target: str) -> None:
    found = read(tmp_path, f"optimizer: {{_target_: {target}}}")
    assert found.optimizer["type"] == CLASSES[target]


WAY_IN = "(`pgaudit show train.py:make` audits the optimizer as built)"
REFUSED = {
    "a resolver": (
        "optimizer:\n  _target_: torch.optim.SGD\n  lr: ${oc.env:LR}",
        "3:3: `${oc.env:...}` is made by a resolver, and pgaudit runs none (write the value in its place)",
    ),
    "nothing there": (
        "optimizer: {_target_: torch.optim.SGD, lr: '${base.lr}'}",
        "1:40: `${base.lr}` refers to nothing in this file "
        "(where another file says it, hydra's `--cfg job` writes them all in one)",
    ),
    "mandatory": (
        "optimizer: {_target_: torch.optim.SGD, lr: '???'}",
        "1:40: `???` is given when the run is started (write the value that the run was given)",
    ),
    "several": (
        "optimizer_g: {_target_: torch.optim.Adam}\noptimizer_d: {_target_: torch.optim.Adam}",
        f'1:1: there are 2 optimizers here, "optimizer_g" and "optimizer_d"; pgaudit takes one of a config {WAY_IN}',
    ),
    "numbered": (
        "optimizer: {_target_: torch.optim.Adam}\noptimizer2: {_target_: torch.optim.Adam}",
        f'1:1: there are 2 optimizers here, "optimizer" and "optimizer2"; pgaudit takes one of a config {WAY_IN}',
    ),
    "groups": (
        "optimizer: {_target_: torch.optim.SGD, params: [{lr: 1}]}",
        f"1:40: the groups of the optimizer are made by what `params` says {WAY_IN}",
    ),
    "SAM 2": (
        "trainer:\n  optim:\n    optimizer: {_target_: torch.optim.AdamW}\n    options: {lr: []}",
        f"4:5: the groups of the optimizer are made by `options` {WAY_IN}",
    ),
    "an object": (
        "optimizer: {_target_: my.Optim, base: {_target_: torch.optim.SGD}}",
        f'1:33: "base" is an object, which only the code makes {WAY_IN}',
    ),
    "positional": (
        "optimizer: {_target_: my.make, _args_: [1]}",
        f"1:32: `_args_` hands over arguments without names {WAY_IN}",
    ),
    "composed": (
        "defaults:\n- optimizer: adamw\n- _self_\nlr: 0.1",
        "1:1: hydra composes this config of other files, and the optimizer is in none of its own keys "
        "(hydra's `--cfg job` writes the whole config, and a run keeps it in .hydra/config.yaml)",
    ),
    "no number": (
        "optim: {_target_: torch.optim.SGD, lr: abc}",
        '1:36: optim.lr: expected a number, got the text "abc"',
    ),
    "twice": (
        "optim: {_target_: torch.optim.SGD, lr: 1, lr: 2}",
        '1:43: the key "lr" stands twice here, first in line 1',
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    assert refused(tmp_path, text) == message


UNFOLLOWED = {
    "a resolver": ("{_target_: torch.optim.lr_scheduler.StepLR, step_size: '${oc.env:X}'}", "is made by a resolver"),
    "given in code": ("{_target_: torch.optim.lr_scheduler.OneCycleLR, max_lr: 1}", "has no total_steps"),
    "of others": ("{_target_: transformers.get_scheduler, name: cosine}", "is none of torch.optim.lr_scheduler"),
}


@pytest.mark.parametrize(("scheduler", "why"), UNFOLLOWED.values(), ids=UNFOLLOWED)
def test_a_schedule_that_is_not_told_is_a_note_until_it_is_asked(tmp_path: Path, scheduler: str, why: str) -> None:
    config = read(tmp_path, f"optimizer: {{_target_: torch.optim.SGD, lr: 0.1}}\nscheduler: {scheduler}")
    _, note = audit("resnet18", config).notes
    assert note.startswith("`scheduler` is not followed: ")
    assert why in note
    with pytest.raises(ConfigError, match=why) as error:
        audit("resnet18", config, request=ScheduleRequest(at=(1,)))
    (finding,) = error.value.findings
    assert finding.location is not None
    assert finding.location.line == 2


def test_a_warm_up_before_a_cosine(tmp_path: Path) -> None:
    text = """\
        optimizer: {_target_: torch.optim.SGD, lr: 1.0}
        lr_scheduler:
          _target_: torch.optim.lr_scheduler.SequentialLR
          optimizer: ???
          milestones: [10]
          schedulers:
          - {_target_: torch.optim.lr_scheduler.LinearLR, start_factor: 0.1, total_iters: 10}
          - {_target_: torch.optim.lr_scheduler.CosineAnnealingLR, T_max: 90}
        """
    report = audit("resnet18", read(tmp_path, text), request=ScheduleRequest(at=(0, 10, 55, 100)))
    assert list(report.lrs_at("fc.bias").values()) == pytest.approx([0.1, 1.0, 0.5, 0.0])


def test_own_keys_may_be_added(tmp_path: Path) -> None:
    text = """\
        optimizer: {_target_: torch.optim.SGD, lr: 0.1, weight_decay: 1e-4}
        model: resnet18
        paramwise_cfg: {norm_decay_mult: 0}
        findings: {ignore: {PG003: known}}
        """
    config = read(tmp_path, text)
    assert (config.constructor, config.model, config.paramwise_cfg) == ("mmcv", "resnet18", {"norm_decay_mult": 0})
    assert place(config, "paramwise_cfg", "norm_decay_mult") == (3, 17)
    assert read(tmp_path, text, constructor="mmengine").constructor == "mmengine"


def test_a_config_in_memory(tmp_path: Path) -> None:
    given = {"optimizer": {"_target_": "torch.optim.SGD", "lr": "${lr}"}, "lr": 0.1}
    assert load_config(given).optimizer == {"type": "SGD", "lr": 0.1}
    assert pgaudit.audit("resnet18", given)["fc.bias"].lr == 0.1


NOT_HYDRA = (
    "optimizer: {type: SGD, lr: 0.1}\nmodel: {_target_: x, optimizer: {_target_: torch.optim.Adam}}",
    "optim_wrapper: {optimizer: {type: SGD, lr: 0.1}}\noptim: {_target_: torch.optim.Adam}",
    "solver: {basic_lr: 0.1, weight_decay: 0.0}\noptimizer_cfg: {_target_: torch.optim.Adam}",
    "SOLVER: {BASE_LR: 0.1}\noptimizer_cfg: {_target_: torch.optim.Adam}",
)


@pytest.mark.parametrize("text", NOT_HYDRA)
def test_whoever_has_a_layout_of_its_own_keeps_it(tmp_path: Path, text: str) -> None:
    config = read(tmp_path, text)
    assert config.notes == ()
    assert config.optimizer == ({"type": "SGD", "lr": 0.1} if "type" in text else {})
