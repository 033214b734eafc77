"""`pgaudit convert` as a user types it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pgaudit import cli
from pgaudit.cli.convert import TARGETS
from pgaudit.convert import TARGETS as ALL
from pgaudit.convert import run
from pgaudit.convert.job import Converted

CONFIG = (
    "model: nets.py:tiny\noptimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}\nparamwise_cfg:\n  norm_decay_mult: 0\n"
)
RULES = """\
# c.yaml (mmcv), for pgaudit's own rules: written by pgaudit.
# The same lr and weight decay for each of 4 tensors of nets.py:tiny.
model: "nets.py:tiny"
constructor: rules
optimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}
paramwise_cfg:
  rules:
    - {match: {type: norm}, weight_decay: 0}  # 2 tensors
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for module in ("nets", "train"):  # which other tests may have imported from folders of theirs
        monkeypatch.delitem(sys.modules, module, raising=False)
    (tmp_path / "c.yaml").write_text(CONFIG)
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n"
        "def tiny(): return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))\n"
        "def frozen():\n    net = tiny()\n    net[0].requires_grad_(False)\n    return net\n"
    )
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["convert", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_it_is_written_to_stdout_or_whole_to_a_file(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert _run(capsys, "c.yaml", "--to", "rules") == (0, RULES, "")
    assert _run(capsys, "c.yaml", "--to", "rules", "-o", "r.yaml") == (0, "", "")
    assert (folder / "r.yaml").read_text() == RULES
    assert cli.main(["show", "r.yaml"]) == 0


def test_another_model_is_not_written_down(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "c.yaml", "--to", "mmengine", "--model", "resnet18")
    assert code == 0
    assert "model:" not in out.replace("# ", "")
    assert "of resnet18." in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["c.yaml"], "--to is missing"),
        (["--to", "rules"], "SOURCE is missing"),
        (["c.yaml", "--to", "rulse"], 'did you mean "rules"?'),
        (["d.yaml", "--to", "rules"], 'did you mean "c.yaml"?'),
        (["c.yaml", "--to", "rules", "--model", "resnet118"], "did you mean"),
        (["c.yaml", "--to", "rules", "--model-arg", "x"], "is not key=value"),
        (["resnet18", "--to", "rules", "--model", "c.yaml"], "pgaudit convert c.yaml --to rules --model resnet18"),
        (["bare.yaml", "--to", "rules"], "no model is named"),
        (["c.yaml", "--to", "rules", "-o", "."], "it is a folder"),
    ],
)
def test_what_is_wrong_is_told(
    capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str], words: str
) -> None:
    (folder / "bare.yaml").write_text(CONFIG.partition("\n")[2])
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_what_cannot_be_said_is_refused_and_the_file_untouched(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "r.yaml").write_text("mine")
    arguments = ["c.yaml", "--model", "nets.py:frozen", "--to", "rules", "-o", "r.yaml"]
    code, _, err = _run(capsys, *arguments)
    assert code == 2
    assert (
        "error: the constructor `rules` leaves frozen parameters out, and these are in the optimizer: "
        "0.weight, 0.bias\n" in err
    )
    assert (folder / "r.yaml").read_text() == "mine"
    code, _, err = _run(capsys, *arguments, "--ignore-frozen")
    assert (code, err) == (0, "note: not compared: 2 frozen, such as 0.weight\n")
    assert "match" in (folder / "r.yaml").read_text()


def test_what_is_not_the_same_is_never_written(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours, made on purpose."""
    wrong = RULES.replace("weight_decay: 0}", "weight_decay: 0.1}")
    monkeypatch.setattr(run, "TARGETS", {"rules": lambda job: Converted(wrong)})
    code, _, err = _run(capsys, "c.yaml", "--to", "rules", "-o", "r.yaml")
    assert code == 2
    assert "internal error: Unproved: 1.weight has lr 0.1, weight decay 0.1 instead of lr 0.1, weight decay 0.0" in err
    assert not (folder / "r.yaml").exists()


def test_notes_say_what_is_left_out(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    body = "findings:\n  ignore: {PG007: we know}\n"
    (folder / "e.yaml").write_text(
        "model: nets.py:tiny\nconstructor: mmengine\noptimizer: {type: SGD, lr: 0.1}\n"
        f"paramwise_cfg:\n  custom_keys: {{'0.': {{lr_mult: 0.5, tag: a}}}}\n{body}"
    )
    code, _, err = _run(capsys, "e.yaml", "--to", "mmcv")
    assert code == 0
    assert "neither SGD nor a scheduler reads it: lr_mult, tag" in err
    assert "`expect` and `findings` are left out" in err


def test_the_command_line_knows_all_targets() -> None:
    assert tuple(ALL) == TARGETS


TRAIN = (
    "import nets, torch\n"
    "def make():\n    net = nets.tiny()\n    groups = [{'params': net[0].parameters()},\n"
    "        {'params': net[1].parameters(), 'weight_decay': 0.0, 'name': 'norms'}]\n"
    "    return net, torch.optim.SGD(groups, lr=0.1, weight_decay=1e-4)\n"
    "def alone(): return make()[1]\n"
)


def test_code_is_a_source(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "train.py").write_text(TRAIN)
    code, out, err = _run(capsys, "train.py:make", "--to", "rules")
    assert code == 0
    assert out == RULES.replace("c.yaml (mmcv)", "train.py:make (as built)").replace(
        "of nets.py:tiny", "of train.py:make"
    ).replace('model: "nets.py:tiny"\n', "")
    assert err == "note: left out, as neither SGD nor a scheduler reads it: name\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["resnet18"], "pgaudit convert config.yaml --to rules --model resnet18"),
        (["nets.py:tiny"], "pgaudit convert config.yaml --to rules --model nets.py:tiny"),
        (["train.py:alone"], "--model MODEL, or let it return (model, optimizer)"),
        (["train.py:make", "--optimizer", "SGD"], "--optimizer is for a checkpoint"),
        (["c.yaml", "--optimizer", "SGD"], "--optimizer is for a checkpoint"),
        (["train.py:make", "--no-code"], "--no-code"),
        (["train.py:make", "--constructor", "mmcv"], "--constructor is for a config"),
    ],
)
def test_what_code_cannot_be_converted_is_told(
    capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str], words: str
) -> None:
    (folder / "train.py").write_text(TRAIN)
    code, out, err = _run(capsys, *arguments, "--to", "rules")
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err
