"""Options of Python configs at places where the library does not look, and variables that only look like those."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.openmmlab.marked import written
from tests.parity.client import Oracle

BASE = "optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))\n"
UNREAD = {
    "paramwise_cfg": (f"{BASE}paramwise_cfg = dict(custom_keys=dict(fc=dict(lr_mult=10.)))\n", "config.py:2:1: PG011"),
    "an option": (f"{BASE}custom_keys = dict(fc=dict(lr_mult=10.))\n", "config.py:2:1: PG011"),
    "mmcv's optimizer": (f"{BASE}optimizer = dict(type='SGD', lr=1.)\n", "config.py:2:1: PG014"),
    "in a base": (
        "_base_ = 'base.py'\nparamwise_cfg = dict(custom_keys=dict(fc=dict(lr_mult=10.)))\n",
        "config.py:2:1: PG011",
    ),
    "under mmcv": (
        "optimizer = dict(type='SGD', lr=0.1)\nparamwise_cfg = dict(custom_keys=dict(fc=dict(lr_mult=10.)))\n",
        "config.py:2:1: PG011",
    ),
}
TAKEN_UP = {
    "whole": (
        "optimizer = dict(type='SGD', lr=0.1)\nparamwise_cfg = dict(custom_keys=dict(fc=dict(lr_mult=10.)))\n"
        "optim_wrapper = dict(optimizer=optimizer, paramwise_cfg=paramwise_cfg)\n"
    ),
    "in part": (
        "custom_keys = dict(fc=dict(lr_mult=10.))\n"
        "optim_wrapper = dict(\n    optimizer=dict(type='SGD', lr=0.1),\n"
        "    paramwise_cfg=dict(custom_keys=dict(bn1=dict(lr_mult=2.), **custom_keys)))\n"
    ),
    "under another name": (
        "paramwise_options = dict(custom_keys=dict(fc=dict(lr_mult=10.)))\n"
        "optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1), paramwise_cfg=paramwise_options)\n"
    ),
    "variables of all sorts": f"num_layers = 12\nlayer = 0.5\nbase_lr = 0.1\noptimizers = 2\nmode = 'x'\n{BASE}",
}


def _check(reader: Oracle, folder: Path, source: str) -> tuple[int, list[str]]:
    """The exit code, and the errors."""
    written(folder, {"config.py": source, "base.py": BASE})
    found = reader.ask(folder=str(folder), argv=["check", "resnet18", "config.py", "--format", "concise"])
    lines = found["out"].splitlines()
    return found["code"], [line for line in lines if re.match(r"config.py:\d+:\d+: PG\d+ [^\[]", line)]


@pytest.mark.parametrize(("source", "start"), UNREAD.values(), ids=UNREAD)
def test_what_mmengine_does_not_read_is_an_error(reader: Oracle, tmp_path: Path, source: str, start: str) -> None:
    code, errors = _check(reader, tmp_path, source)
    assert code == 1
    assert len(errors) == 1
    assert errors[0].startswith(start)
    shown = reader.ask(folder=str(tmp_path), argv=["show", "resnet18", "config.py", "--format", "json"])
    (group,) = json.loads(shown["out"])["groups"]
    assert (group["lr"], group["parameters"]) == (0.1, 62)


@pytest.mark.parametrize("source", TAKEN_UP.values(), ids=TAKEN_UP)
def test_a_variable_that_the_section_takes_up_is_none(reader: Oracle, tmp_path: Path, source: str) -> None:
    assert _check(reader, tmp_path, source) == (0, [])


def test_mmengine_reads_no_optimizer_of_mmcvs(reader: Oracle, tmp_path: Path) -> None:
    source = "optimizer = dict(type='SGD', lr=0.1)\ndefault_scope = 'mmdet'\n"
    written(tmp_path, {"config.py": source})
    found = reader.ask(folder=str(tmp_path), argv=["check", "resnet18", "config.py", "--format", "concise"])
    assert found["code"] == 2
    assert found["out"].startswith(
        'config.py:1:1: error "optim_wrapper" is missing: `default_scope` makes this a config of mmengine'
    )
