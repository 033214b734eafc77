"""Other people's code in the page: as web/ builds it, and harmless inside a script block."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
VENDOR = ROOT / "pgaudit" / "render" / "html" / "vendor"
NPM = shutil.which("npm")


@pytest.mark.parametrize("path", sorted(VENDOR.iterdir()), ids=lambda path: path.name)
def test_nothing_ends_a_script_block(path: Path) -> None:
    text = path.read_text(encoding="utf-8").lower()
    assert "</script" not in text
    assert "<!--" not in text
    assert text.startswith("/*! ")


def test_the_lock_names_no_host() -> None:
    lock = (ROOT / "web" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock


@pytest.mark.slow
@pytest.mark.skipif(NPM is None, reason="there is no npm on this machine")
def test_they_are_what_web_builds(tmp_path: Path) -> None:
    web, built = tmp_path / "web", tmp_path / "pgaudit" / "render" / "html" / "vendor"
    shutil.copytree(ROOT / "web", web, ignore=shutil.ignore_patterns("node_modules"))
    built.mkdir(parents=True)
    for words in (["ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["run", "build"]):
        subprocess.run([str(NPM), *words], cwd=web, check=True, capture_output=True, timeout=300)
    assert {path.name: path.read_bytes() for path in built.iterdir()} == {
        path.name: path.read_bytes() for path in VENDOR.iterdir()
    }
