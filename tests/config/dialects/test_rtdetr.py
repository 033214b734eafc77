"""RT-DETR's YAML with what it includes. The files' values are compared with D-FINE's own ``load_config`` in
tests/parity/test_rtdetr_recorded.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import pgaudit
from pgaudit.config import load_config
from pgaudit.core.config import Config
from pgaudit.core.location import Location
from pgaudit.core.schedule import ScheduleRequest
from pgaudit.pipeline import audit
from tests.checks.cases import only
from tests.config.dialects.files import place, read, refused
from tests.parity.named import named

ALONE = """\
    model: Detector
    optimizer:
      type: AdamW
      params:
        - params: '^(?=.*backbone)(?!.*bn).*$'
          lr: 1e-5
        - params: '^(?=.*backbone)(?=.*bn).*$'
          lr: 0.00001
          weight_decay: 0.
      lr: 0.0001
      betas: [0.9, 0.99]
      weight_decay: 0.0001
    remap: {1: a, 1: b}
    """
MODEL = named(["backbone.conv.weight", "backbone.bn.bias", "head.bias"])
CHAIN = {
    "base/optimizer.yml": """\
        optimizer:
          type: AdamW
          params:
            - {params: backbone, lr: 0.001}
            - {params: neck}
          lr: 0.01
          weight_decay: 0.25
        lr_scheduler: {type: MultiStepLR, milestones: [3], gamma: 0.1}
        lr_warmup_scheduler: {type: LinearWarmup, warmup_duration: 500}
        epochs: 10
        """,
    "base/empty.yml": "# later\n",
    "config.yml": """\
        __include__: [base/optimizer.yml, ./base/empty.yml]
        optimizer:
          weight_decay: 0.5
        """,
}


def chain(folder: Path, **changes: str) -> Config:
    for name, text in {**CHAIN, **changes}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        read_text = "\n".join(line[8:] if line.startswith(" " * 8) else line for line in text.split("\n"))
        path.write_text(read_text, encoding="utf-8")
    return load_config(folder / "config.yml")


def test_one_file(tmp_path: Path) -> None:
    config = read(tmp_path, ALONE)
    assert (config.layout, config.constructor, config.model) == ("pgaudit", "rtdetr", None)
    assert config.notes == ("the config is read as RT-DETR's",)
    assert config.optimizer == {"type": "AdamW", "lr": 0.0001, "betas": [0.9, 0.99], "weight_decay": 0.0001}
    assert place(config, "optimizer", "lr") == (10, 3)
    assert config.location("paramwise_cfg", "params", 1, "lr") == Location(str(tmp_path / "config.yaml"), 8, 7)
    report = pgaudit.audit(MODEL, config)
    assert [(row.lr, row.weight_decay) for row in report.params] == [(1e-5, 1e-4), (1e-5, 0.0), (1e-4, 1e-4)]
    assert "lr: 1e-5 is a number here" in only(report, "PG012").message


def test_a_model_that_somebody_has_named_is_kept(tmp_path: Path) -> None:
    assert read(tmp_path, ALONE.replace("Detector", "train.py:make")).model == "train.py:make"


def test_files_that_include_others(tmp_path: Path) -> None:
    config = chain(tmp_path)
    assert config.optimizer == {"type": "AdamW", "lr": 0.01, "weight_decay": 0.5}
    assert place(config, "optimizer", "weight_decay") == (3, 3)
    at = config.location("paramwise_cfg", "params", 1)
    assert at is not None
    assert (at.path, at.line, at.inherited) == (str(tmp_path / "base/optimizer.yml"), 5, True)
    report = pgaudit.audit(MODEL, config)
    assert [(group.lr, group.parameters) for group in report.groups] == [(0.001, 2), (0.01, 0), (0.01, 1)]


def test_a_value_and_a_mapping_take_each_others_place_and_faults_go_with_them(tmp_path: Path) -> None:
    bases = "__include__: [base/optimizer.yml, over.yml]\n"
    faulty = CHAIN["base/optimizer.yml"].replace("epochs: 10", "optimizer_: 1").replace("lr: 0.01", "lr: {a: 1, a: 2}")
    config = chain(tmp_path, **{"base/optimizer.yml": faulty, "over.yml": "optimizer: {lr: 2}\n", "config.yml": bases})
    assert config.optimizer["lr"] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__include__: a.yml\n", '1:1: `__include__` is a list of files, not the text "a.yml" (__include__: [a.y'),
        ("__include__: [a.yml]\n", '1:15: no such base: "{}/a.yml"'),
        ("__include__: [a.json]\n", '1:15: "a.json" does not end in .yml or .yaml; load_config would raise Assertion'),
        ("__include__: [config.yml]\n", "1:15: the config inherits from itself: {0}/config.yml → {0}/config.yml"),
        ("__include__: [1]\n", "1:15: a base is the path of a file, not the number 1"),
        ("__include__: []\n", "1: no file says which class the optimizer is (optimizer: {{type: AdamW, lr: 0.0001}})"),
        ("__include__: []\noptimizer: {{lr: 1}}\n", "2:1: no file says which class the optimizer is; get_optim_params"),
        (
            "__include__: []\noptimizer: {{type: SGD, lr: 1, params: [{{parms: a}}]}}\n",
            '2:41: "params" is missing, the pattern of the entry; '
            'get_optim_params would raise KeyError (did you mean "params"?)',
        ),
        (
            "optimizer:\n  type: SGD\n  lr: 1\n  params:\n  - params: (\n",
            "5:5: optimizer.params.0.params: not a regular expression: missing ), unterminated subpattern at position "
            "0; get_optim_params would raise re.error",
        ),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    said = refused(tmp_path, text.replace("{{", "{").replace("}}", "}"), "config.yml")
    assert message.format(tmp_path) in said


def test_an_epoch_schedule_is_followed_without_a_warm_up(tmp_path: Path) -> None:
    without = CHAIN["base/optimizer.yml"].replace("lr_warmup_scheduler: {", "lr_warmup: {")
    config = chain(tmp_path, **{"base/optimizer.yml": without})
    report = audit(MODEL, config, request=ScheduleRequest(at=(2, 3)))
    assert report.over_time is not None
    backbone = report["backbone.conv.weight"]
    assert report.over_time.asked_of(backbone.setting, backbone.optimizer, backbone.group) == [0.001, 0.0001]
    assert report.over_time.optimizers[0] is not None
    assert report.over_time.optimizers[0].run == 10


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("", "the warm-up counts iterations and the schedule epochs"),
        ("lrsheduler: flatcosine\n", '"flatcosine" counts'),
    ],
)
def test_a_schedule_that_counts_iterations_is_not_followed(tmp_path: Path, more: str, why: str) -> None:
    config = chain(tmp_path, **{"config.yml": CHAIN["config.yml"] + more})
    assert config.schedule is not None
    assert config.schedule.refused is not None
    assert config.schedule.refused.message.startswith(why)
    with pytest.raises(pgaudit.ConfigError, match=why):
        audit(MODEL, config, request=ScheduleRequest(at=(2,)))


def test_another_constructor_reads_the_class_alone(tmp_path: Path) -> None:
    assert read(tmp_path, ALONE, constructor="torch").constructor == "torch"


def test_what_was_merged_in_code_may_keep_the_word() -> None:
    said = {"__include__": ["a.yml"], "optimizer": {"type": "SGD", "lr": 1, "params": [{"params": "head"}]}}
    assert load_config(said).constructor == "rtdetr"
