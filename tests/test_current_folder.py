"""Code of the user's is found in the current folder and beside a file, and takes no library's place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pgaudit.core.errors import ModelError
from pgaudit.user_code.imports import import_attribute

HOSTILE = (
    "__future__ typing json re enum dataclasses torch torchvision timm yaml _yaml rich click numpy pydantic "
    "platformdirs joblib mmengine socket pickle selectors signal tempfile struct multiprocessing concurrent"
).split()
NET = """\
from helpers import WIDTH
from torch import nn

def make():
    import later
    return nn.Sequential(nn.Linear(WIDTH, later.WIDTH))
"""
CONFIG = """\
model: net.py:make
constructor: rules
optimizer: {type: SGD, lr: 0.1}
paramwise_cfg: {rules: [{match: {type: LayerNorm}, lr: 0.2}]}
expect: {params: {0.weight: {lr: 0.1}}}
"""
LAUNCHES = {
    "command": [str(Path(sys.executable).with_name("pgaudit"))],
    "module": [sys.executable, "-m", "pgaudit"],
    "isolated module": [sys.executable, "-I", "-m", "pgaudit"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in HOSTILE:
        (tmp_path / f"{name}.py").write_text(f"open('ran-{name}', 'w')\nraise SystemExit(77)\n")
    below = tmp_path / "below"
    below.mkdir()
    (below / "helpers.py").write_text("WIDTH = 2\n")
    (below / "later.py").write_text("WIDTH = 3\n")
    (below / "net.py").write_text(NET)
    (below / "config.yaml").write_text(CONFIG)
    (tmp_path / "wrong.yaml").write_text("optimzer: {}\n")
    (tmp_path / "pgaudit.yaml").write_text(
        "audits:\n- {config: wrong.yaml, name: a}\n- {config: wrong.yaml, name: b}\n"
    )
    return tmp_path


def _run(launch: str, *argv: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    return subprocess.run(
        [*LAUNCHES[launch], *argv],
        cwd=folder,
        env={**environment, "FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("launch", LAUNCHES)
def test_files_of_the_folder_take_no_librarys_place(launch: str, folder: Path) -> None:
    done = _run(launch, "check", "below/config.yaml", folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "passed" in done.stdout
    assert not list(folder.glob("ran-*"))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="before, Python had no -P for the processes that it begins")
def test_nor_in_further_processes(folder: Path) -> None:
    done = _run("command", "check", "-j", "2", folder=folder)
    assert (done.returncode, "wrong.yaml:1:1" in done.stdout) == (2, True), done.stderr
    assert not list(folder.glob("ran-*"))


@pytest.mark.parametrize(
    ("ref", "text"),
    [("yaml:make", "def make(): ..."), ("yaml.nets:make", ""), ("net.py:make", "from yaml import make")],
)
def test_who_is_hidden_by_a_library_is_told_so(
    ref: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "yaml.py").write_text("def make(): ...\n")
    (tmp_path / "net.py").write_text(text)
    with pytest.raises(ModelError, match="an installed module .yaml. hides the one in") as raised:
        import_attribute(ref)
    assert str(tmp_path) in str(raised.value)


def test_a_file_with_a_librarys_name_does_not_stay_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    (tmp_path / "colorsys.py").write_text("def make(): ...\n")
    assert import_attribute("colorsys.py:make")[0] == "file"
    import colorsys

    assert hasattr(colorsys, "rgb_to_hsv")
