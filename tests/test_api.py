"""The public functions: what the second argument of audit() may be, and what print() shows."""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import subprocess
import sys
import typing
import zipfile
from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import torch
from torch import nn, optim

import pgaudit
from pgaudit import ranks
from tests.built.cases import Net, grouped

ROOT = Path(__file__).parents[1]
POLICY: dict[str, Any] = {"optimizer": {"type": "AdamW", "lr": 0.1, "weight_decay": 0.01}}


def _pair(model: Net) -> tuple[Any, Any]:
    return optim.SGD(model.conv.parameters(), lr=0.1), optim.AdamW(model.fc.parameters(), lr=0.2)


@pytest.mark.parametrize("kind", [dict, OrderedDict, MappingProxyType])
def test_a_mapping_is_told_by_its_values(kind: Any) -> None:
    model = Net()
    a, b = _pair(model)
    assert pgaudit.audit(model, kind(POLICY)).assignment.origin == "config"
    for built in ({"g": a, "d": b}, {"optimizer": a}, {"optimizer": [a, b]}, {"optimizers": {"g": a, "d": b}}):
        assert pgaudit.audit(model, kind(built)).assignment.origin == "built"
    with pytest.raises(pgaudit.ConfigError):
        pgaudit.audit(model, kind({"g": None, "d": None}))


def test_a_path_is_told_by_what_it_leads_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(json.dumps(POLICY))
    Path("train.py").write_text(
        "from tests.built.cases import Net, grouped\ndef make():\n    model = Net()\n    return model, grouped(model)\n"
    )
    for given in ("config.yaml", Path("config.yaml")):
        assert pgaudit.audit(Net(), given).assignment.origin == "config"
    report = pgaudit.audit(None, "train.py:make")
    assert report.assignment.origin == "built"
    assert [row.lr for row in report] == [row.lr for row in pgaudit.audit(*(lambda m: (m, grouped(m)))(Net()))]
    Path("report.json").write_text(json.dumps(report.to_dict()))
    assert pgaudit.audit(None, "report.json").to_dict()["params"] == report.to_dict()["params"]
    for model in (None, "train.py:make"):
        with pytest.raises(pgaudit.ConfigError, match="no such config file"):
            pgaudit.audit(model, "gone.yaml")


def test_a_checkpoint_is_what_was_built(tmp_path: Path) -> None:
    pytest.importorskip("pgaudit.checkpoints.read")
    model = Net()
    optimizer = optim.SGD(model.named_parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(2, 3, 2, 2)).sum().backward()
    optimizer.step()
    path = tmp_path / "optimizer.pt"
    torch.save({"optimizer": optimizer.state_dict(), "epoch": 3}, path)
    for given_as in (path, str(path)):
        report = pgaudit.assert_covered(model, given_as)
        assert report.assignment.origin == "checkpoint"
        assert [row.name for row in report] == [name for name, _ in model.named_parameters()]
        assert {row.lr for row in report} == {0.1}
    assert len(pgaudit.audit(None, path)) == 7
    with pytest.raises(pgaudit.UsageError, match="scheduler="):
        pgaudit.audit(model, path, scheduler=object())
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(pgaudit.ConfigError, match="optimizer.pt"):
        pgaudit.audit(model, path)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda m, o: (o, m), "the model comes first"),
        (lambda m, o: (m, None), "no optimizer in an object of the class NoneType"),
        (lambda m, o: (m, []), "no optimizer in an object of the class list"),
        (lambda m, o: (m, 3), "no optimizer in an object of the class int"),
        (lambda m, o: (m, m), "no optimizer in an object of the class Net"),
        (lambda m, o: (3, o), "a model is an nn.Module, an Inventory or a reference, not int"),
        (lambda m, o: (nn.ReLU(), o), "has no parameters"),
    ],
)
def test_a_mistake_has_one_message(given: Any, message: str) -> None:
    model = Net()
    with pytest.raises(pgaudit.PgauditError, match=message):
        pgaudit.audit(*given(model, grouped(model)))


@pytest.mark.parametrize(
    ("second", "options", "message"),
    [
        ("built", {"constructor": "mmcv"}, "constructor= is not for optimizers"),
        ("built", {"model_args": {"a": 1}}, "model_args= is not for optimizers"),
        ("built", {"key": "a"}, "key= is not for optimizers"),
        ("policy", {"scheduler": object()}, "scheduler= is for optimizers that are built"),
    ],
)
def test_an_option_that_is_not_for_what_is_given(second: str, options: dict[str, Any], message: str) -> None:
    model = Net()
    given: Any = POLICY if second == "policy" else grouped(model)
    with pytest.raises(pgaudit.UsageError, match=message):
        pgaudit.audit(model, given, **options)


def test_nothing_heavy_is_loaded_for_a_mistake_in_a_policy() -> None:
    code = (
        "import sys, pgaudit\n"
        "try: pgaudit.audit(None, {'optimizer': {'type': 'SGD', 'lr': 'fast'}})\n"
        "except pgaudit.ConfigError: print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "False\n"


# What the package offers.


def test_every_public_name_is_there_documented_and_typed() -> None:
    assert pgaudit.__all__ == sorted(pgaudit.__all__)
    for name in pgaudit.__all__:
        found = getattr(pgaudit, name)
        assert inspect.getdoc(found), name
        target = found.__init__ if inspect.isclass(found) else found
        hints = getattr(target, "__annotations__", {})
        given = {*inspect.signature(target).parameters} - {"self", "args", "kwargs"}
        assert given <= {*hints}, name
        assert inspect.isclass(found) or "return" in hints, name
    assert set(pgaudit._HOMES) == set(pgaudit.__all__)
    assert set(pgaudit.__all__) <= set(dir(pgaudit))


def test_overloads_cover_both_uses() -> None:
    if sys.version_info >= (3, 11):
        assert len(typing.get_overloads(importlib.import_module("pgaudit.api").audit)) == 3


@pytest.mark.parametrize("module", ["pgaudit.api", "pgaudit.coverage", "pgaudit"])
def test_examples_in_docstrings_are_true(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert found.failed == 0
    assert found.attempted or module == "pgaudit"


@pytest.mark.slow
def test_the_wheel_has_its_marker_of_types_and_what_is_not_code(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    code = f"from hatchling.build import build_wheel; build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"pgaudit/py.typed", "pgaudit/callbacks/lightning.py", "pgaudit/testing/plugin.py"} <= {*names}
    page = ("styles/base.css", "app/page.js", "templates/report.html", "vendor/virtual-core.js")
    assert {f"pgaudit/render/html/{name}" for name in page} <= {*names}


# Which process speaks.


def test_rank_before_and_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, number in (("3", 3), ("0", 0), ("", 0), ("-1", 0), ("x", 0)):
        monkeypatch.setenv("RANK", text)
        assert ranks.rank() == number
        assert ranks.speaks() == (number == 0)


def test_rank_of_an_initialized_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch.distributed as dist

    monkeypatch.setenv("RANK", "5")
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)
    try:
        assert ranks.rank() == 0
    finally:
        dist.destroy_process_group()
    assert ranks.rank() == 5
