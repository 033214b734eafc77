"""All the way round: a policy, the optimizer that the real library makes of it, its checkpoint, and the policy that it
is converted to say the same of every parameter, bit for bit.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pgaudit import cli
from pgaudit.config import load_config
from tests.parity.client import ROOT, Oracle
from tests.parity.test_mmengine_timm import rules_of

FOLDERS = {
    "torch": None,
    "timm": None,
    "transformers": "transformers",
    "mmcv": "mmcv1",
    "mmengine": "mmengine",
    "mmpretrain_layer_decay": "mmpretrain",
}
"""Where the library of each constructor lies."""
ADAMW = {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05, "betas": [0.9, 0.95]}
POLICIES: dict[str, list[dict[str, Any]]] = {
    "torch": [{"optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9, "nesterov": True}}, {"optimizer": ADAMW}],
    "timm": [
        {"optimizer": {**ADAMW, "type": "adamw"}, "paramwise_cfg": options}
        for options in ({}, {"layer_decay": 0.75}, {"filter_bias_and_bn": False})
    ],
    "mmpretrain_layer_decay": [
        {"optimizer": ADAMW, "paramwise_cfg": {"layer_decay_rate": 0.7, "custom_keys": {".bias": {"decay_mult": 0.0}}}}
    ],
    "transformers": [{"optimizer": ADAMW}],
    "mmcv": [
        {"optimizer": ADAMW, "paramwise_cfg": {"norm_decay_mult": 0.0, "custom_keys": {"head": {"lr_mult": 10}}}},
        {"optimizer": {"type": "Adam", "lr": 1e-4, "amsgrad": True}, "paramwise_cfg": {"bias_lr_mult": 2.0}},
    ],
    "mmengine": [
        {"optimizer": ADAMW, "paramwise_cfg": {"flat_decay_mult": 0.0}},
        {"optimizer": ADAMW, "paramwise_cfg": {"custom_keys": {"blocks": {"lr_mult": 0.1, "betas": [0.8, 0.9]}}}},
    ],
}
TINY = ["test_vit", "test_resnet", "test_convnext"]
LAYERED = [f"{ROOT}/configs/models/layered.py:make_classifier"]
"""A model that says its layers itself, as mmpretrain's layer decay wants it; timm's do not."""
PUBLISHED = {
    "mmcv": "mmcls_policies.json",
    "mmengine": "mmpretrain_policies.json",
    "mmpretrain_layer_decay": "layer_decay_policies.json",
}
"""The policies of MMClassification's and mmpretrain's configs."""
AT_A_TIME = 4
"""Of the published policies, so many for each model, in turn."""
MOST_STORED = 30_000_000
"""Weights of a model whose checkpoint is written: with gradients and two moments, half a gigabyte."""


def _configs(constructor: str) -> list[Path]:
    """The example policies of a constructor."""
    paths = sorted((ROOT / "configs").glob("*.yaml"))
    named = [path for path in paths if load_config(str(path)).constructor == constructor]
    return [path for path in named if path.stem != "dcn_mmcv"]  # which needs mmcv's compiled ops


@pytest.fixture(scope="module", params=FOLDERS)
def library(request: pytest.FixtureRequest) -> Iterator[Oracle]:
    with Oracle(request.param, "tests.built.around", FOLDERS[request.param]) as found:
        yield found


def _same(answer: dict[str, Any]) -> int:
    tensors: int = answer.pop("tensors")
    proved = [corner for corner, found in answer.items() if found != ["unproven"]]
    assert {corner: answer[corner] for corner in proved} == {corner: [] for corner in proved}
    return tensors


def test_the_examples(library: Oracle, record_property: Callable[[str, object], None]) -> None:
    compared = 0
    for path in _configs(library.constructor):
        compared += _same(library.ask(model=None, config=str(path), most_stored=0))
    record_property(f"compared all the way round, {library.constructor}", compared)
    assert compared or library.constructor in ("transformers", "torch")


def _policy(folder: Path, constructor: str, policy: dict[str, Any]) -> str:
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump({"constructor": constructor, **policy}))
    return str(path)


def test_with_a_checkpoint(library: Oracle, tmp_path: Path) -> None:
    proved = 0
    for model in LAYERED if library.constructor == "mmpretrain_layer_decay" else TINY:
        for policy in POLICIES.get(library.constructor, []):
            answer = library.ask(
                model=model, config=_policy(tmp_path, library.constructor, policy), most_stored=MOST_STORED
            )
            proved += answer["checkpoint"] != ["unproven"]
            assert _same(answer) > 10
    # Blocks are alike, and under layer decay in groups of their own: no shape says which is which.
    assert proved or library.constructor == "mmpretrain_layer_decay"


def _published(constructor: str) -> list[dict[str, Any]]:
    """The policies that others published for a constructor; elsewhere, those of the tests."""
    name = PUBLISHED.get(constructor)
    if name is None:
        return POLICIES.get(constructor, [])
    given = json.loads((ROOT / "tests" / "data" / name).read_text("utf-8"))
    found = [rules_of(each) for each in given]
    return found + POLICIES.get(constructor, [])


@pytest.mark.parity_full
def test_many_models(library: Oracle, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    import timm

    published = _published(library.constructor)
    policies = itertools.cycle(published)
    layered = library.constructor == "mmpretrain_layer_decay"
    compared = stored = 0
    for model in LAYERED if layered else timm.list_models()[::20]:
        for policy in published if layered else itertools.islice(policies, min(AT_A_TIME, len(published))):
            config = _policy(tmp_path, library.constructor, policy)
            answer = library.ask(model=model, config=config, most_stored=MOST_STORED)
            stored += answer.get("checkpoint") == []
            compared += _same(answer)
    record_property(f"compared all the way round, {library.constructor}", compared)
    record_property(f"compared checkpoints, {library.constructor}", stored)


CODE = """\
import timm
from timm.optim import create_optimizer_v2
def make():
    model = timm.create_model("test_vit")
    return model, create_optimizer_v2(model, "adamw", lr=1e-3, weight_decay=0.05, layer_decay=0.5)
"""


def test_as_a_user_types_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("train.py").write_text(CODE)
    Path("policy.yaml").write_text(
        "model: test_vit\nconstructor: timm\noptimizer: {type: adamw, lr: 0.001, weight_decay: 0.05}\n"
        "paramwise_cfg: {layer_decay: 0.5}\n"
    )
    assert cli.main(["convert", "train.py:make", "--to", "rules", "-o", "rules.yaml"]) == 0
    assert cli.main(["convert", "train.py:make", "--to", "timm", "-o", "timm.yaml"]) == 0
    shown = []
    for source in (["policy.yaml"], ["train.py:make"], ["test_vit", "rules.yaml"], ["test_vit", "timm.yaml"]):
        capsys.readouterr()
        assert cli.main(["show", *source, "--format", "json"]) == 0
        data = json.loads(capsys.readouterr().out)
        keys = ("name", "lr", "weight_decay", "scheduled_lr", "extra")
        shown.append([[each.get(key) for key in keys] for each in data["params"]])
    assert shown[0] == shown[1] == shown[2] == shown[3]
    assert cli.main(["diff", "policy.yaml", "train.py:make", "--exit-code"]) == 0
