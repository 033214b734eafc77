"""Projects that keep their package in ``src``: it is found from the project's folders, and takes nobody's place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgaudit import cli
from pgaudit.core.errors import ModelError
from pgaudit.user_code.folders import source_folders
from pgaudit.user_code.imports import fresh_imports, import_attribute

NET = "from torch import nn\nWHERE = __file__\ndef make(): return nn.Linear(2, 2)\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = tmp_path / "project"
    for name in ("pack/__init__.py", "pack/parts.py", "alone.py"):
        _write(root / "src" / name, NET)
    _write(root / "src" / "pack" / "nets.py", "from pack.parts import make\nfrom .parts import WHERE\n")
    _write(root / "c.yaml", "model: pack.nets:make\noptimizer: {type: SGD, lr: 0.1}\n")
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with fresh_imports():
        yield root


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _where(ref: str) -> str:
    return str(import_attribute(ref)[1])


@pytest.mark.parametrize("ref", ["pack:WHERE", "pack.nets:WHERE", "pack.parts:WHERE", "alone:WHERE"])
def test_it_is_found_in_src(ref: str, project: Path) -> None:
    assert _where(ref).startswith(str(project / "src"))
    assert sys.path[-1] == str(project / "src")


@pytest.mark.parametrize("file", ["pgaudit.yaml", "pyproject.toml"])
def test_it_is_found_beside_the_project_file(
    file: str, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "configs" / "deep").mkdir(parents=True)
    monkeypatch.chdir(project / "configs" / "deep")
    with pytest.raises(ModelError, match='no module named "pack"'):
        import_attribute("pack.nets:make")
    (project / file).touch()
    assert _where("pack.nets:WHERE") == str(project / "src" / "pack" / "parts.py")
    assert cli.main(["show", "../../c.yaml"]) == 0
    assert "pack.nets:make" in capsys.readouterr().out


def test_the_current_folder_comes_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(project / "pack" / "__init__.py", NET)
    assert _where("pack:WHERE") == str(project / "pack" / "__init__.py")
    assert str(project / "src") not in sys.path


def test_then_src_in_it_then_the_projects(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "pyproject.toml").touch()
    _write(project / "sub" / "src" / "pack.py", NET)
    monkeypatch.chdir(project / "sub")
    assert source_folders() == (str(project / "sub" / "src"), str(project / "src"))
    assert _where("pack:WHERE") == str(project / "sub" / "src" / "pack.py")
    assert _where("alone:WHERE") == str(project / "src" / "alone.py")


def test_a_folder_that_is_no_package_does_not_hide_one(project: Path) -> None:
    _write(project / "pack" / "weights" / "notes.txt", "of training runs")
    assert _where("pack.nets:WHERE") == str(project / "src" / "pack" / "parts.py")


def test_but_modules_in_such_a_folder_come_first(project: Path) -> None:
    _write(project / "pack" / "nets.py", NET)
    assert _where("pack.nets:WHERE") == str(project / "pack" / "nets.py")


def test_src_takes_no_installed_modules_place(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("colorsys", "yaml", "filelock"):
        _write(project / "src" / f"{name}.py", "raise SystemExit(77)\n")
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    _write(project / "src" / "pack" / "nets.py", "import colorsys, yaml\nWHERE = colorsys.__file__\n")
    assert not _where("pack.nets:WHERE").startswith(str(project))
    with pytest.raises(ModelError, match="an installed module .yaml. hides the one in .*src") as raised:
        import_attribute("yaml:make")
    assert str(project / "src") in str(raised.value)


def test_src_is_left_alone_where_nothing_in_it_is_named(project: Path) -> None:
    _write(project / "src" / "optional.py", "raise SystemExit(77)\n")
    _write(project / "outside.py", f"try:\n    import optional\nexcept ImportError:\n    pass\n{NET}")
    import_attribute("outside:make")
    assert str(project / "src") not in sys.path
