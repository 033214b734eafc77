"""detectron2's configs that inherit by `_BASE_`: what is read, where each key stands, and what is wrong with a chain.

What is read is compared with fvcore itself in tests/parity/test_yaml_chains_random.py.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import pgaudit
from pgaudit import ConfigError, load_config
from pgaudit.cli import main
from pgaudit.core.location import Location
from pgaudit.files.yaml_text import MAX_BYTES

Files = dict[str, str]

BASE = "Base-RCNN-FPN.yaml"
NAME = "COCO-Detection/faster_rcnn_R_50_FPN_1x.yaml"
CHAIN: Files = {
    BASE: """\
MODEL:
  META_ARCHITECTURE: "GeneralizedRCNN"
  ANCHOR_GENERATOR:
    SIZES: [[32], [64]]
DATASETS:
  TRAIN: !!python/tuple ["coco_2017_train"]
SOLVER:
  IMS_PER_BATCH: 16
  BASE_LR: 0.02
  BIAS_LR_FACTOR: 2.0
  STEPS: (60000, 80000)
  MAX_ITER: 90000
VERSION: 2
""",
    NAME: """\
_BASE_: "../Base-RCNN-FPN.yaml"
MODEL:
  MASK_ON: False
OF_A_PROJECT: {1: 2}
SOLVER:
  MAX_ITER: 270000
  WEIGHT_DECAY_BIAS: 0.0
""",
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(files: Files) -> None:
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")


def model() -> nn.Module:
    return nn.ModuleDict({"norm": nn.BatchNorm2d(2), "fc": nn.Linear(2, 2)})


def refusal(files: Files, config: str = "c.yaml") -> list[str]:
    written(files)
    with pytest.raises(ConfigError) as caught:
        load_config(config)
    return [problem.sentence for problem in caught.value.findings]


def test_the_section_of_a_base_decides_where_the_config_says_nothing() -> None:
    written(CHAIN)
    config = load_config(NAME)
    assert (config.layout, config.constructor) == ("detectron2", "detectron2")
    assert config.solver == {
        "IMS_PER_BATCH": 16,
        "BASE_LR": 0.02,
        "BIAS_LR_FACTOR": 2.0,
        "STEPS": "(60000, 80000)",
        "MAX_ITER": 270000,
        "WEIGHT_DECAY_BIAS": 0.0,
    }
    report = pgaudit.audit(model(), config)
    assert [(row.name, row.lr, row.weight_decay) for row in report.params] == [
        ("norm.weight", 0.02, 0.0),
        ("norm.bias", 0.04, 0.0),
        ("fc.weight", 0.02, 0.0001),
        ("fc.bias", 0.04, 0.0),
    ]


def test_each_key_has_the_place_where_it_was_set_last() -> None:
    written(CHAIN)
    places = load_config(NAME).keys
    assert places[("SOLVER",)] == Location(NAME, 5, 1)
    assert places[("SOLVER", "MAX_ITER")] == Location(NAME, 6, 3)
    assert places[("SOLVER", "BASE_LR")] == Location(BASE, 9, 3)
    assert not any("_BASE_" in at for at in places)


def test_rules_and_findings_name_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    written({**CHAIN, "zero.yaml": f"_BASE_: {NAME}\nSOLVER: {{BASE_LR: 0.0}}\n", "high.yaml": "_BASE_: zero.yaml\n"})
    assert main(["show", "resnet18", NAME]) == 0
    assert f"BIAS_LR_FACTOR {BASE}:10" in capsys.readouterr().out
    assert main(["show", "resnet18", "high.yaml", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    found = {(each["path"], each["line"], each["column"]) for each in report["findings"] if each["code"] == "PG013"}
    assert found == {("zero.yaml", 2, 10), (BASE, 10, 3)}


def test_every_command_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    written(CHAIN)
    assert main(["lock", "resnet18", NAME, "-o", "it.lock"]) == 0
    assert main(["check", "resnet18", NAME, "--lock", "it.lock"]) == 0
    assert main(["sweep", "resnet18", NAME]) == 0
    assert main(["explain", "resnet18", NAME, "fc.bias"]) == 0
    written({BASE: CHAIN[BASE].replace("BASE_LR: 0.02", "BASE_LR: 0.5")})
    capsys.readouterr()
    assert main(["check", "resnet18", NAME, "--lock", "it.lock"]) == 1
    assert main(["diff", "it.lock", NAME, "--model", "resnet18", "--exit-code"]) == 1
    assert "0.02" in capsys.readouterr().out


READ: dict[str, tuple[Files, Any]] = {
    "a chain of three": (
        {
            "c.yaml": "_BASE_: b.yaml\nSOLVER: {MAX_ITER: 3}\n",
            "b.yaml": "_BASE_: old/a.yaml\nSOLVER: {BASE_LR: 0.5}\n",
            "old/a.yaml": "SOLVER: {BASE_LR: 0.25, MAX_ITER: 1, MOMENTUM: 0.5}\n",
        },
        {"BASE_LR": 0.5, "MAX_ITER": 3, "MOMENTUM": 0.5},
    ),
    "several, the last one wins": (
        {
            "c.yaml": "_BASE_: [a.yaml, b.yaml]\nSOLVER: {MAX_ITER: 3}\n",
            "a.yaml": "SOLVER: {BASE_LR: 0.25, MOMENTUM: 0.5}\n",
            "b.yaml": "SOLVER: {BASE_LR: 0.5}\n",
        },
        {"BASE_LR": 0.5, "MOMENTUM": 0.5, "MAX_ITER": 3},
    ),
    "one that two inherit from": (
        {
            "c.yaml": "_BASE_: [b.yaml, b2.yaml]\n",
            "b.yaml": "_BASE_: a.yaml\nSOLVER: {BASE_LR: 0.5}\n",
            "b2.yaml": "_BASE_: a.yaml\n",
            "a.yaml": "SOLVER: {BASE_LR: 0.25}\n",
        },
        {"BASE_LR": 0.25},
    ),
    "none": ({"c.yaml": "_BASE_: []\nSOLVER: {BASE_LR: 0.5}\n"}, {"BASE_LR": 0.5}),
    "a value over a mapping": (
        {
            "c.yaml": "_BASE_: a.yaml\nSOLVER: {STEPS: [1]}\n",
            "a.yaml": "SOLVER: {STEPS: [2, 3], AMP: {ENABLED: True}}\n",
        },
        {"STEPS": [1], "AMP": {"ENABLED": True}},
    ),
    "merges by << within each file": (
        {
            "c.yaml": "_BASE_: a.yaml\nx: &x {BASE_LR: 0.5}\nSOLVER: {<<: *x}\n",
            "a.yaml": "y: &y {BASE_LR: 0.25, MOMENTUM: 0.5}\nSOLVER: {<<: *y, MAX_ITER: 1}\n",
        },
        {"BASE_LR": 0.5, "MOMENTUM": 0.5, "MAX_ITER": 1},
    ),
    "1e-2 in a base": ({"c.yaml": "_BASE_: a.yaml\n", "a.yaml": "SOLVER: {BASE_LR: 1e-2}\n"}, {"BASE_LR": 0.01}),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read(name: str) -> None:
    files, solver = READ[name]
    written(files)
    assert load_config("c.yaml").solver == solver


def test_absolute_paths_and_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    written({"a.yaml": "SOLVER: {BASE_LR: 0.5}\n", "d/c.yaml": "_BASE_: ~/b.yaml\n"})
    written({"b.yaml": f"_BASE_: {tmp_path}/a.yaml\n"})
    config = load_config("d/c.yaml")
    assert config.solver == {"BASE_LR": 0.5}
    assert config.keys[("SOLVER", "BASE_LR")] == Location("a.yaml", 1, 10)


def test_a_base_is_found_from_the_link_that_was_named() -> None:
    written({"real/c.yaml": "_BASE_: ../a.yaml\n", "a.yaml": "SOLVER: {BASE_LR: 0.5}\n"})
    written({"d/here/x.yaml": "", "d/a.yaml": "SOLVER: {BASE_LR: 0.25}\n", "e/x.yaml": ""})
    os.symlink(Path("real/c.yaml").absolute(), "d/here/c.yaml")
    os.symlink(Path("d/here").absolute(), "e/there")
    assert load_config("d/here/c.yaml").solver == {"BASE_LR": 0.25}
    assert load_config("e/there/c.yaml").solver == {"BASE_LR": 0.25}  # e/there/.. is d


def test_findings_of_the_gate_are_found_in_a_base_too() -> None:
    written({"c.yaml": "_BASE_: a.yaml\nSOLVER: {BASE_LR: 0.5}\n", "a.yaml": "expect: {params: {fc: {lr: 1.0}}}\n"})
    config = load_config("c.yaml")
    assert config.expect is not None
    assert config.location("expect", "params", "fc") == Location("a.yaml", 1, 19)


SOLVER = "SOLVER: {BASE_LR: 0.5}\n"
REFUSED: dict[str, tuple[Files, list[str]]] = {
    "no such base": (
        {"c.yaml": "_BASE_: d/a.yml\n", "d/a.yaml": SOLVER, "d/b.yml": SOLVER},
        ['c.yaml:1:1: no such base: "d/a.yml" (did you mean "d/b.yml"?)'],
    ),
    "no such base, and nothing like it": (
        {"c.yaml": "_BASE_: base_rcnn.yaml\n", "o.yaml": SOLVER},
        ['c.yaml:1:1: no such base: "base_rcnn.yaml"'],
    ),
    "no such base of a base": (
        {
            "c.yaml": "_BASE_: d/a.yaml\n",
            "d/a.yaml": SOLVER + "_BASE_:\n  - ../b.yaml\n  - ../x.yaml\n",
            "b.yaml": "a: 1",
        },
        ['d/a.yaml:4:5: no such base: "x.yaml"'],
    ),
    "a circle": (
        {"c.yaml": "_BASE_: d/b.yaml\n", "d/b.yaml": "A: 1\n_BASE_: ../a.yaml\n", "a.yaml": "_BASE_: [d/b.yaml]\n"},
        ["a.yaml:1:10: the config inherits from itself: d/b.yaml → a.yaml → d/b.yaml"],
    ),
    "itself": (
        {"c.yaml": SOLVER + "_BASE_: ./c.yaml\n"},
        ["c.yaml:2:1: the config inherits from itself: c.yaml → c.yaml"],
    ),
    "a folder": ({"c.yaml": "_BASE_: d\n", "d/a.yaml": ""}, ['c.yaml:1:1: cannot read the base "d": it is a folder']),
    "the folder itself": (
        {"d/c.yaml": "", "c.yaml": "_BASE_: ''\n"},
        ["c.yaml:1:1: cannot read the base", "it is a folder"],
    ),
    "a NUL": ({"c.yaml": '_BASE_: "a\\0b"\n'}, ['c.yaml:1:1: no such base: "a\\x00b"']),
    "nothing": ({"c.yaml": "_BASE_:\n"}, ["c.yaml:1:1: a base is the path of a file, not nothing (null)"]),
    "a number in a list": (
        {"c.yaml": "_BASE_: [a.yaml, 3]\n", "a.yaml": SOLVER},
        ["c.yaml:1:18: a base is the path of a file, not the number 3"],
    ),
    "an empty base": ({"c.yaml": "_BASE_: a.yaml\n", "a.yaml": "# nothing\n"}, ["a.yaml: the file is empty"]),
    "a base that is a list": (
        {"c.yaml": "_BASE_: a.yaml\n", "a.yaml": "\n- 1\n"},
        ["a.yaml:2:1: a config is a mapping, not a list"],
    ),
    "no YAML": ({"c.yaml": "_BASE_: a.yaml\n", "a.yaml": "a: [\n"}, ["a.yaml:2:1: not YAML"]),
    "what a file may not hold": (
        {"c.yaml": "_BASE_: a.yaml\n", "a.yaml": "SOLVER:\n  BASE_LR: 010\n  MOMENTUM: 1\n  MOMENTUM: 2\n"},
        ["a.yaml:2:12: 010 is an octal or base-60 number"],
    ),
    "a mapping over a value": (
        {"c.yaml": "_BASE_: a.yaml\nSOLVER:\n  BASE_LR: {A: 1}\n", "a.yaml": SOLVER},
        ["c.yaml:3:3: SOLVER.BASE_LR: a mapping cannot take the place of a value, that of a.yaml:1:10; detectron2"],
    ),
    "the wrong value": (
        {"c.yaml": "_BASE_: a.yaml\n", "a.yaml": "SOLVER: {BASE_LR: 1}\n"},
        ["a.yaml:1:10: SOLVER.BASE_LR: expected a value of type float, got int"],
    ),
    "an unknown key": (
        {"c.yaml": f"_BASE_: a.yaml\n{SOLVER}", "a.yaml": "SOLVER: {BASE_LRS: 1.0}\n"},
        ['a.yaml:1:10: unknown key "BASE_LRS"'],
    ),
    "a section that is another's": (
        {"c.yaml": "_BASE_: a.yaml\noptim_wrapper: {optimizer: {type: SGD, lr: 0.1}}\n", "a.yaml": "x: 1\n"},
        ["c.yaml:1:1: `_BASE_` is detectron2's word, and the library of this config would not look for it"],
    ),
    "OpenMMLab's word": ({"c.yaml": "_base_: a.yaml\n" + SOLVER}, ["c.yaml:1:1: _base_: pgaudit reads one file"]),
    "colours": ({"c.yaml": '_BASE_: "\\e[31m.yaml"\n'}, ['c.yaml:1:1: no such base: "\\x1b[31m.yaml"']),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    files, (start, *rest) = REFUSED[name]
    (first, *_) = refusal(files)
    assert first.startswith(start)
    assert all(words in first for words in rest)


@pytest.mark.parametrize("url", ["https://a.b/c.yaml", "http://a.b/c.yaml", "detectron2://c.yaml", "catalog://c.yaml"])
def test_nothing_is_fetched(url: str) -> None:
    (error,) = refusal({"c.yaml": f"_BASE_: {url}\n" + SOLVER})
    assert error == f'c.yaml:1:1: the base "{url}" is no file, and pgaudit fetches nothing (keep a copy, and name that)'


def test_a_pipe_is_not_waited_for() -> None:
    os.mkfifo("a.yaml")
    assert refusal({"c.yaml": "_BASE_: a.yaml\n"}) == [
        'c.yaml:1:1: cannot read the base "a.yaml": it is not a regular file (a named pipe)'
    ]


def test_the_command_line_says_it_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    written({"c.yaml": "_BASE_: b.yaml\n" + SOLVER})
    assert main(["show", "resnet18", "c.yaml"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", 'c.yaml:1:1: error: no such base: "b.yaml"\n')


def test_bases_of_bases_are_counted_as_often_as_they_are_read() -> None:
    files = {f"{number}.yaml": f"_BASE_: [{number + 1}.yaml, {number + 1}.yaml]\n" for number in range(60)}
    (error,) = refusal({**files, "60.yaml": SOLVER}, "0.yaml")
    assert "the file expands to more than 100,000 values" in error


def test_all_files_together_are_no_larger_than_one_may_be() -> None:
    half = "A: " + "x" * (MAX_BYTES // 2 + 1) + "\n"
    files = {"a.yaml": half, "b.yaml": half, "c.yaml": "_BASE_: [a.yaml, b.yaml]\n"}
    assert refusal(files) == ["c.yaml:1:18: the bases are larger than the 1,048,576 bytes that a config may have"]


def test_a_long_chain_has_an_end() -> None:
    written({f"{number}.yaml": f"_BASE_: {number + 1}.yaml\n" for number in range(400)} | {"400.yaml": SOLVER})
    assert load_config("300.yaml").solver == {"BASE_LR": 0.5}
    (error,) = refusal({}, "0.yaml")
    assert error == "100.yaml:1:1: more than 100 bases inherit from each other"
    (error,) = refusal({"c.yaml": f"_BASE_: [{', '.join(f'{number}.yaml' for number in range(400, -1, -1))}]\n"})
    assert error.endswith("more than 100 bases inherit from each other")


def test_a_mapping_has_no_files_beside_it() -> None:
    with pytest.raises(ConfigError, match="_BASE_: it is read in files alone"):
        load_config({"_BASE_": "a.yaml", "SOLVER": {"BASE_LR": 0.5}})
