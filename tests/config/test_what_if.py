"""Changes from the command line are what the file would say with them written in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import pgaudit
from pgaudit.config import load_config
from pgaudit.config.what_if import NO_CONFIG, WhatIf, path_of
from pgaudit.core.errors import ConfigError, UsageError
from tests.budget import examples

OWN = """\
optimizer: {type: SGD, lr: 0.1, momentum: 0.9, weight_decay: 1.0e-4}  # line 1
paramwise_cfg:
  norm_decay_mult: 0
  custom_keys: {fc: {lr_mult: 10.0}}
"""
MMENGINE = "optim_wrapper: {optimizer: {type: SGD, lr: 0.1}, paramwise_cfg: {bias_lr_mult: 2}}\n"
DETECTRON2 = "SOLVER: {BASE_LR: 0.02}\n"


def _file(folder: Path, text: str) -> str:
    path = folder / "c.yaml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("text", [OWN, MMENGINE])
def test_lr_weight_decay_and_class_stand_where_the_library_has_them(text: str, tmp_path: Path) -> None:
    what_if = WhatIf("torch:ASGD", 0.3, 0.05)
    config = load_config(_file(tmp_path, text.replace(", momentum: 0.9", "")), what_if=what_if)
    assert config.optimizer == {"type": "torch:ASGD", "lr": 0.3, "weight_decay": 0.05}


def test_a_solver_has_words_of_its_own(tmp_path: Path) -> None:
    path = _file(tmp_path, DETECTRON2)
    with pytest.raises(UsageError, match='--lr and --weight-decay: this config has a "SOLVER"'):
        load_config(path, what_if=WhatIf(lr=0.1, weight_decay=0.0))
    assert load_config(path, what_if=WhatIf(values=((("SOLVER", "BASE_LR"), 0.5),))).solver == {"BASE_LR": 0.5}


KEYS = st.sampled_from(["norm_decay_mult", "bias_lr_mult", "dwconv_decay_mult"])


@settings(max_examples=examples(100))
@given(st.dictionaries(KEYS, st.sampled_from([0, 0.5, 2])), st.sampled_from([None, 0.01, 1.0]))
def test_random_changes_are_what_the_file_would_say(
    tmp_path_factory: pytest.TempPathFactory, options: dict[str, float], lr: float | None
) -> None:
    folder = tmp_path_factory.mktemp("what_if")
    written: dict[str, Any] = yaml.safe_load(OWN)
    written["paramwise_cfg"].update(options)
    if lr is not None:
        written["optimizer"]["lr"] = lr
    tried = WhatIf(lr=lr, values=tuple((("paramwise_cfg", key), value) for key, value in options.items()))
    config = load_config(_file(folder, OWN), what_if=tried)
    one, other = (pgaudit.audit("resnet18", each) for each in (config, written))
    for before, after in zip(one, other, strict=True):
        assert (before.lr, before.weight_decay) == (after.lr, after.weight_decay)
        assert before.setting.lr_rule is not None
        assert after.setting.lr_rule is not None
        assert before.setting.lr_rule.name == after.setting.lr_rule.name


def test_what_is_changed_has_no_place_in_the_file(tmp_path: Path) -> None:
    path = _file(tmp_path, OWN)
    tried = WhatIf(values=((("paramwise_cfg", "norm_decay_mult"), "much"),))
    with pytest.raises(ConfigError, match="norm_decay_mult") as error:
        load_config(path, what_if=tried)
    (problem,) = error.value.findings
    assert problem.location is not None
    assert problem.location.line == 2  # the section, and not the line of the value that is not meant


def test_no_config_is_torchs_own_defaults() -> None:
    import torch

    report = pgaudit.audit("resnet18", load_config(NO_CONFIG))
    (group,) = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))]).param_groups
    assert {(row.lr, row.weight_decay) for row in report} == {(group["lr"], group["weight_decay"])}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("a.b_c.d", ("a", "b_c", "d")),
        ('custom_keys.".cls_token".decay_mult', ("custom_keys", ".cls_token", "decay_mult")),
        ("a.'b.c'", ("a", "b.c")),
    ],
)
def test_paths(text: str, path: tuple[str, ...]) -> None:
    assert path_of(text) == path


@pytest.mark.parametrize("text", ["", ".a", "a.", "a..b", 'a."b', 'a."b"c', "."])
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(UsageError, match="is no path of keys"):
        path_of(text)


def test_a_value_is_no_section(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='"x" is below 0, which is no section'):
        load_config(_file(tmp_path, OWN), what_if=WhatIf(values=((("paramwise_cfg", "norm_decay_mult", "x"), 1),)))


def test_what_nobody_reads_is_no_what_if(tmp_path: Path) -> None:
    args = _file(tmp_path, "learning_rate: 0.1\nnum_train_epochs: 3\n")
    with pytest.raises(UsageError, match="--set learning_rate: nothing here reads .learning_rate") as error:
        load_config(args, what_if=WhatIf(values=((("learning_rate",), 0.5),)))
    assert error.value.findings[0].hint == "--set optimizer.lr=VALUE"
    assert load_config(args, what_if=WhatIf(values=((("optimizer", "lr"), 0.5),))).optimizer["lr"] == 0.5
    for text in ("null\n", "[1]\n"):
        with pytest.raises((ConfigError, UsageError)):
            load_config(_file(tmp_path, text), what_if=WhatIf(values=((("a",), 1),)))
    known = load_config(_file(tmp_path, f"{OWN}data: {{a: 1}}\n"), what_if=WhatIf(values=((("data", "a"), 2),)))
    assert known.optimizer["lr"] == 0.1


def test_an_item_of_a_list_is_named_by_its_index(tmp_path: Path) -> None:
    text = "optimizer: {type: SGD, lr: 0.1}\nconstructor: rules\nparamwise_cfg:\n  mode: first\n  rules:\n"
    text += "    - {match: a, lr_mult: 1}\n    - {match: b, lr_mult: 2}\n"
    path = _file(tmp_path, text)
    tried = load_config(path, what_if=WhatIf(values=((path_of("paramwise_cfg.rules.1.lr_mult"), 3),)))
    rules = [{"match": "a", "lr_mult": 1}, {"match": "b", "lr_mult": 3}]
    assert tried.paramwise_cfg == {"mode": "first", "rules": rules}
    with pytest.raises(UsageError, match="which is no section"):
        load_config(path, what_if=WhatIf(values=((path_of("paramwise_cfg.rules.2.lr_mult"), 3),)))
