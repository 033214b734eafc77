"""RT-DETR's files and groups, as its own code makes them: ``tests/data/rtdetr.json`` holds what D-FINE answered to
random files and models. How it was made: ``tests/parity/record_rtdetr.py``.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from torch import nn

import pgaudit
from pgaudit.config.yaml_chain import read_included
from pgaudit.core.errors import ConfigError
from pgaudit.files.yaml_text import Source
from tests.parity.named import named

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "rtdetr.json").read_text(encoding="utf-8"))
NAMES: list[str] = RECORDED["names"]
CASES: list[dict[str, Any]] = RECORDED["cases"]


def model(case: dict[str, Any]) -> nn.Module:
    return named(
        [NAMES[index] for index in case["names"]],
        frozen=[NAMES[index] for index in case["frozen"]],
        twins={name: NAMES[index] for name, index in case["twins"].items()},
    )


def placed(case: dict[str, Any], folder: Path) -> Path:
    for path, text in case["files"].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.replace("<folder>", str(folder)), encoding="utf-8")
    return folder / "config.yml"


def compare(case: dict[str, Any], config: Any) -> None:
    """Holds the groups, or the refusal, against what was recorded."""
    if "error" in case:
        with pytest.raises(ConfigError, match=f"would raise {case['error']}"):
            pgaudit.audit(model(case), config)
        return
    report = pgaudit.audit(model(case), config)
    assert report.optimizer.class_name == case["class"]
    assert len(report.groups) == len(case["groups"])
    for ours, theirs in zip(report.groups, case["groups"], strict=True):
        members = [row.name for row in report.params if row.group == ours.index]
        assert members == [NAMES[index] for index in theirs["params"]]
        assert (ours.lr, ours.weight_decay) == (theirs["lr"], theirs["weight_decay"])
        held = {**report.optimizer.defaults, **report.optimizer.arguments, **ours.setting.extra}
        assert list(held["betas"]) == theirs["betas"]
        assert ours.setting.extra.get("note") == theirs.get("note")


def test_files_make_the_groups_that_the_real_code_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, case in enumerate(CASES):
        folder = tmp_path / str(number)
        monkeypatch.setenv("HOME", str(folder))
        path = placed(case, folder)
        if "said" in case:
            said = read_included(str(path), Source(path.read_bytes(), str(path)))
            assert said.value == case["said"]
            assert said.values.keys() >= {(key,) for key in case["said"]}
        compare(case, path)


def test_the_same_in_a_layout_of_ours() -> None:
    for case in CASES:
        said = case.get("said") or yaml.safe_load(case["files"]["config.yml"])
        optimizer = dict(said["optimizer"])
        options = {"params": optimizer.pop("params")} if "params" in optimizer else {}
        compare(case, {"constructor": "rtdetr", "optimizer": optimizer, "paramwise_cfg": options})


def test_all_kinds_of_cases_were_recorded() -> None:
    built = [case for case in CASES if "groups" in case]
    errors = Counter(case["error"] for case in CASES if "error" in case)
    assert len(CASES) >= 300
    assert min(errors["AssertionError"], errors["ValueError"]) >= 5
    assert sum(len(case["files"]) > 1 for case in CASES) >= 100
    assert sum(any(not group["params"] for group in case["groups"]) for case in built) >= 20
    for key in ("frozen", "twins"):
        assert sum(bool(case[key]) for case in built) >= 20
    assert sum("- params: " not in "".join(case["files"].values()) for case in built) >= 20
