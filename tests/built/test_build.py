"""References to code that builds optimizers: run once, without weights, without network, and with one clear message."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

import pgaudit
from pgaudit import cli
from pgaudit.user_code import forbidding

CODE = """
import sys
import torch
from torch import nn, optim

LOG = []

class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.body = nn.Linear(3, width)
        self.head = nn.Linear(width, 2)

def make(width=4):
    model = Net(width)
    LOG.append(model.body.weight.device.type)
    head = {"params": model.head.parameters(), "lr": 1.0}
    return model, optim.AdamW([{"params": model.body.parameters()}, head], lr=0.1)

def tensor_lr():
    model = Net()
    optimizer = optim.AdamW(model.parameters(), capturable=True)
    optimizer.param_groups[0]["lr"] = torch.tensor(0.25)
    return model, optimizer

def needs_values():
    model = Net()
    return model, optim.SGD(model.parameters(), lr=abs(float(torch.ones(1).sum())) / 4)

def prints():
    print("into the report")
    return make()

def raises():
    raise ValueError("no such data")

def exits():
    sys.exit("no arguments were given")

def needs_an_argument(cfg):
    return make()

def asks_the_network():
    import socket
    socket.create_connection(("example.com", 80), timeout=1)

def nothing():
    return None

def a_number():
    return 3

def a_model():
    return Net()

MODEL, OPTIMIZER = make()
PARTS = {"model": MODEL, "optimizer": OPTIMIZER}

class Trainer:
    def __init__(self):
        self.model, self.optimizer = make()

class Broken(nn.Linear):
    def __init__(self):
        super().__init__(2, 2)
    def configure_optimizers(self):
        return self.trainer.nothing

BROKEN = Broken()
"""


@pytest.fixture
def _train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)


pytestmark = pytest.mark.usefixtures("_train")


@pytest.mark.parametrize("name", ["make", "PARTS", "Trainer", "prints"])
def test_what_a_reference_is_or_returns(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", f"train.py:{name}", "--format", "csv"]) == 0
    out = capsys.readouterr().out
    assert "into the report" not in out
    assert [line.partition(",")[0] for line in out.splitlines()] == [
        "name",
        "body.weight",
        "body.bias",
        "head.weight",
        "head.bias",
    ]


def test_it_is_built_on_the_meta_device() -> None:
    report = pgaudit.audit(None, "train.py:make")
    assert report.as_built is not None
    assert {tensor.device.type for tensor in report.as_built.tensors} == {"meta"}
    assert report.notes == ()
    assert report["head.weight"].lr == 1.0


@pytest.mark.parametrize(("name", "why"), [("tensor_lr", "a hyperparameter is a tensor"), ("needs_values", "meta")])
def test_what_needs_values_is_built_on_the_cpu(name: str, why: str) -> None:
    report = pgaudit.audit(None, f"train.py:{name}")
    assert report["body.weight"].lr == 0.25
    (note,) = report.notes
    assert "built on the CPU" in note
    assert why in note


def test_arguments_reach_the_factory(capsys: pytest.CaptureFixture[str]) -> None:
    assert pgaudit.audit(None, "train.py:make", model_args={"width": 7})["body.weight"].param.shape == (7, 3)
    assert cli.main(["show", "train.py:make", "--model-arg", "width=7"]) == 0
    assert "7×3" in capsys.readouterr().out


def test_names_come_from_a_model_in_the_same_file() -> None:
    """It is loaded once, so that its objects are the same ones."""
    report = pgaudit.audit("train.py:MODEL", "train.py:OPTIMIZER")
    assert [row.name for row in report] == ["body.weight", "body.bias", "head.weight", "head.bias"]
    assert not report.notes


@pytest.mark.parametrize(
    ("ref", "said", "hint"),
    [
        ("train.py:raises", "train.py:raises cannot be built: ValueError: no such data", None),
        ("train.py:exits", "cannot be built: .*no arguments were given", None),
        ("train.py:needs_an_argument", "missing 1 required positional argument: 'cfg'", "--model-arg cfg=VALUE"),
        ("train.py:asks_the_network", "cannot be built: .*network", None),
        ("train.py:nothing", '"train.py:nothing" is None, in which there is no optimizer', "an optimizer, several"),
        ("train.py:a_number", "is of the class int, in which there is no optimizer", "an optimizer, several"),
        ("train.py:a_model", "CONFIG is missing after .*a model without an optimizer", "config.yaml"),
        ("train.py:MODEL", "CONFIG is missing after .*a model without an optimizer", "config.yaml"),
        ("train.py:BROKEN", "cannot make its optimizers", r"returns \(model, optimizer\)"),
        ("train.py:mak", 'train.py has no attribute "mak"', "make"),
        ("trian.py:make", 'no such file: "trian.py"', "train.py"),
        ("no_such_package.train:make", "no module named", None),
    ],
)
def test_each_mistake_has_one_message(ref: str, said: str, hint: str | None) -> None:
    with pytest.raises(pgaudit.PgauditError, match=said) as caught:
        pgaudit.audit(None, ref)
    (finding,) = caught.value.findings
    if hint is not None:
        assert re.search(hint, str(finding.hint))


def test_the_command_line_says_it_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("raises", "exits", "nothing", "BROKEN"):
        assert cli.main(["show", f"train.py:{name}"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("error: ")
        assert "Traceback" not in err


def test_a_model_alone_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", "train.py:a_model"]) == 0
    assert "without a config: torch.optim.AdamW" in capsys.readouterr().out
    assert cli.main(["check", "train.py:a_model"]) == 2
    assert "a model without an optimizer" in "".join(capsys.readouterr())


def test_arguments_for_what_takes_none() -> None:
    with pytest.raises(pgaudit.UsageError, match="is no function and takes no arguments"):
        pgaudit.audit(None, "train.py:PARTS", model_args={"width": 7})


def test_no_code_runs_where_none_may() -> None:
    Path("train.py").write_text(dedent("raise SystemExit('it ran')"))
    with forbidding(True), pytest.raises(pgaudit.UsageError, match="--no-code") as caught:
        pgaudit.audit(None, "train.py:make")
    assert "--format json" in str(caught.value.findings[0].hint)
