"""No output is one of the command's inputs, under whatever name; the inputs stay as they were."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pgaudit import cli

CONFIG = "model: nets.py:tiny\noptimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}\n"
PROJECT = """
audits:
- {config: c.yaml, lock: x.lock, expect: e.yaml, baseline: b.json}
- {config: d.yaml, model: 'n.py:tiny'}
"""
NETS = "from torch import nn\ndef tiny(): return nn.Linear(2, 2)\n"
FILES = {
    "c.yaml": CONFIG,
    "d.yaml": CONFIG.replace("0.1", "0.2"),
    "e.yaml": "params: {'*': {lr: 0.1}}\n",
    "pgaudit.yaml": PROJECT,
    "nets.py": NETS,
    "n.py": NETS,
    "pkg/__init__.py": "",
    "pkg/nets.py": NETS,
    "base.py": "optimizer = dict(type='SGD', lr=0.1, weight_decay=1e-4)\n",
    "middle.py": "_base_ = './base.py'\n",
    "chain.py": "_base_ = './middle.py'\n",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all kinds of input."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "path", list(sys.path))
        for name, text in FILES.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        tensor = torch.ones(2, requires_grad=True)
        torch.save(torch.optim.SGD([tensor], lr=0.1).state_dict(), folder / "last.pt")
        for command in (
            "lock c.yaml -o x.lock",
            "show c.yaml --format json -o r.json",
            "snapshot nets.py:tiny -o i.json",
            "check c.yaml --write-baseline b.json",
        ):
            assert cli.main(command.split()) == 0
    return folder


@pytest.fixture(autouse=True)
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "pkg"]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


INPUTS = {
    "show c.yaml -o {}": "c.yaml nets.py",
    "show nets.py:tiny c.yaml --format json -o {}": "c.yaml nets.py",
    "show pkg.nets:tiny c.yaml -o {}": "c.yaml pkg/nets.py",
    "show i.json c.yaml -o {}": "c.yaml i.json",
    "show nets.py:tiny chain.py -o {}": "chain.py middle.py base.py nets.py",
    "explain nets.py:tiny c.yaml weight -o {}": "c.yaml nets.py",
    "diff c.yaml d.yaml -o {}": "c.yaml d.yaml nets.py",
    "diff x.lock r.json -o {}": "x.lock r.json",
    "diff c.yaml d.yaml --model i.json -o {}": "c.yaml d.yaml i.json",
    "convert c.yaml --to rules -o {}": "c.yaml nets.py",
    "convert c.yaml --to rules --model n.py:tiny -o {}": "c.yaml n.py",
    "lock nets.py:tiny c.yaml -o {}": "c.yaml nets.py",
    "lock i.json c.yaml --update -o {}": "c.yaml i.json",
    "verify nets.py:tiny c.yaml -o {}": "c.yaml nets.py",
    "snapshot nets.py:tiny -o {}": "nets.py",
    "resume last.pt c.yaml -o {}": "last.pt c.yaml nets.py",
    "check c.yaml -o {}": "c.yaml nets.py",
    "check c.yaml --lock x.lock --expect e.yaml --baseline b.json --format json -o {}": "c.yaml x.lock e.yaml b.json",
    "check c.yaml --format table --format sarif -o {}": "c.yaml nets.py",
    "check nets.py:tiny c.yaml --write-baseline {}": "c.yaml nets.py",
    "check -o {}": "pgaudit.yaml c.yaml d.yaml x.lock e.yaml b.json n.py nets.py",
    "check --project pgaudit.yaml -j 2 --format json -o {}": "pgaudit.yaml",
    "sweep nets.py:tiny c.yaml d.yaml -j 1 -o {}": "c.yaml d.yaml nets.py",
    "sweep n*.py:tiny c.yaml -j 1 --restart -o {}": "c.yaml n.py nets.py",
    "sweep i.json c.yaml --restart -j 1 -o {}": "i.json c.yaml",
}
"""Each command, and the files that it reads."""
SPELLINGS: dict[str, Callable[[Path], str]] = {
    "as it is": lambda path: str(path),
    "by another way": lambda path: f"./pkg/../{path}",
    "through a symbolic link": lambda path: _linked(path, os.symlink),
    "through a hard link": lambda path: _linked(path, os.link),
}


def _linked(path: Path, link: Callable[[str, str], None]) -> str:
    link(str(path.absolute()), "link")
    return "link"


def _held() -> dict[str, bytes]:
    return {name: Path(name).read_bytes() for name in [*FILES, "x.lock", "r.json", "i.json", "b.json", "last.pt"]}


def _refused(capsys: pytest.CaptureFixture[str], command: str, output: str) -> None:
    before = _held()
    code = cli.main(command.format(output).split())
    out, err = capsys.readouterr()
    assert code == 2
    assert _held() == before
    assert f'error: "{Path(output)}" is a file that this command reads' in err
    assert (out, err.count("error")) == ("", 1)


CASES = [(command, name) for command, names in INPUTS.items() for name in names.split()]


@pytest.mark.parametrize(("command", "name"), CASES)
def test_no_output_is_an_input(capsys: pytest.CaptureFixture[str], command: str, name: str) -> None:
    if "chain.py" in command:
        pytest.importorskip("mmengine")
    _refused(capsys, command, name)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("command", ["show nets.py:tiny c.yaml -o {}", "sweep nets.py:tiny c.yaml --restart -o {}"])
@pytest.mark.parametrize("name", ["c.yaml", "nets.py"])
def test_however_it_is_spelled(capsys: pytest.CaptureFixture[str], command: str, name: str, spelling: str) -> None:
    _refused(capsys, command, SPELLINGS[spelling](Path(name)))


def test_what_is_written_anew_is_no_input(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        "lock d.yaml --update -o x.lock",
        "snapshot nets.py:tiny -o i.json",
        "check c.yaml --write-baseline b.json",
        "sweep nets.py:tiny c.yaml -j 1 -o s.jsonl",
        "sweep nets.py:tiny c.yaml -j 1 -o s.jsonl",
        "show nets.py:tiny c.yaml -o nets",
        "show nets.py:tiny c.yaml -o /dev/null",
    ):
        assert cli.main(command.split()) == 0, capsys.readouterr().err


def test_a_timm_name_is_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert cli.main(["show", "resnet18", "c.yaml", "-o", "resnet18"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("other", ["a", "./a", "pkg/../a", "link/a"])
@pytest.mark.parametrize("there", [True, False])
def test_two_outputs_are_two_files(folder: Path, capsys: pytest.CaptureFixture[str], other: str, there: bool) -> None:
    os.symlink(folder, "link")
    if there:
        (folder / "a").write_text("before")
    code = cli.main(["check", "c.yaml", "--format", "json", "-o", "a", "--format", "sarif", "-o", other])
    assert code == 2
    assert "json and sarif would both go to" in capsys.readouterr().err
    assert not there or (folder / "a").read_text() == "before"


IMPORTING = [
    "show user.py:make c.yaml -o {}",
    "explain user.py:make c.yaml weight -o {}",
    "convert c.yaml --to rules --model user.py:make -o {}",
    "diff c.yaml d.yaml --model user.py:make -o {}",
    "check user.py:make c.yaml -o {}",
    "check --project users.yaml -o {}",
    "sweep user.py:make c.yaml -j 1 --restart -o {}",
]


CASES_OF_IMPORTING = [
    *((command, name) for command in IMPORTING for name in ("helper.py", "package/inside.py")),
    ("check --project users.yaml -j 2 -o {}", "helper.py"),  # told by processes that take long to begin
]


@pytest.mark.parametrize(("command", "name"), CASES_OF_IMPORTING)
def test_nor_is_it_a_module_that_a_model_imports(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, name: str
) -> None:
    for module in [each for each in sys.modules if each.partition(".")[0] in ("helper", "package", "user")]:
        monkeypatch.delitem(sys.modules, module)
    Path("package").mkdir()
    for path, text in {
        "helper.py": NETS,
        "package/__init__.py": "",
        "package/inside.py": "from helper import tiny as make\n",
        "user.py": "from package.inside import make\n",
        "users.yaml": "audits:\n- {config: c.yaml, model: 'user.py:make'}\n- {config: d.yaml, model: 'user.py:make'}\n",
    }.items():
        Path(path).write_text(text)
    before = Path(name).read_text()
    assert cli.main(command.format(name).split()) == 2
    assert Path(name).read_text() == before
    assert f'error: "{name}" ' in capsys.readouterr().err
