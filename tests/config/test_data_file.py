"""TOML and JSON are read as YAML is: in pgaudit's own layout, and in other tools' words."""

from __future__ import annotations

from pathlib import Path

import pytest

import pgaudit
from pgaudit.core.errors import ConfigError
from tests.config.dialects.files import place, read, refused

OWN = {
    "config.yaml": "model: resnet18\noptimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}\n"
    "paramwise_cfg: {bias_lr_mult: 2}\n",
    "config.json": '{"model": "resnet18",\n\t"optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4},\n'
    '\t"paramwise_cfg": {"bias_lr_mult": 2}}',
    "config.toml": 'model = "resnet18"\n[optimizer]\ntype = "SGD"\nlr = 0.1\nweight_decay = 1e-4\n'
    "[paramwise_cfg]\nbias_lr_mult = 2\n",
}
HYDRA = {
    "config.json": '{"lr": 1e-4,\n "optimizer": {"_target_": "torch.optim.SGD", "lr": "${lr}"}}',
    "config.toml": 'lr = 1e-4\n[optimizer]\n_target_ = "torch.optim.SGD"\nlr = "${lr}"\n',
}


@pytest.mark.parametrize("name", OWN)
def test_own_layout(tmp_path: Path, name: str) -> None:
    config = read(tmp_path, OWN[name], name)
    assert (config.constructor, config.model, config.ambiguous, config.notes) == ("mmcv", "resnet18", (), ())
    report = pgaudit.audit(None, config)
    assert (report["fc.bias"].lr, report["fc.weight"].lr, report["fc.weight"].weight_decay) == (0.2, 0.1, 1e-4)
    rule = report["fc.bias"].setting.lr_rule
    assert rule is not None
    assert rule.location is not None
    assert rule.location.line == {"config.yaml": 3, "config.json": 3, "config.toml": 7}[name]


@pytest.mark.parametrize("name", HYDRA)
def test_others(tmp_path: Path, name: str) -> None:
    config = read(tmp_path, HYDRA[name], name)
    assert config.optimizer == {"type": "SGD", "lr": 1e-4}
    assert place(config, "optimizer", "lr") == {"config.json": (2, 47), "config.toml": (4, 1)}[name]


def test_damaged(tmp_path: Path) -> None:
    assert refused(tmp_path, "[optimizer\n", "config.toml").startswith("1:11: not TOML")
    message = refused(tmp_path, 'model = "x"\n[optimiser]\ntype = "SGD"\nlr = 0.1\n', "config.toml")
    assert message.startswith('2:1: unknown key "optimiser" (did you mean "optimizer"?)')


def test_a_file_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        read(tmp_path, "[" * 5000, "config.json")
