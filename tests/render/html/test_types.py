"""The scripts of each page as TypeScript judges them: every name and every field is there, null is asked for."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pgaudit.render import html
from pgaudit.render.diff.html import render_diff_html
from tests.render.html.test_diff_page import mended
from tests.render.html.test_sweep_page import sweep, written
from tests.render.html.written import page
from tests.render.over_time import scheduled

APP = Path(html.__path__[0], "app")
TSC = Path(__file__).parents[3] / ".oracles" / "typescript" / "node_modules" / "typescript" / "bin" / "tsc"
NODE = shutil.which("node")
OPTIONS = "--noEmit --allowJs --checkJs --strict --noImplicitAny false --target es2024 --lib es2024,dom,dom.iterable"
PAGES: dict[str, Callable[[], str]] = {
    "diff": lambda: render_diff_html(mended()),
    "report": lambda: page(scheduled(sketch=True)),
    "sweep": lambda: written(sweep(2, 1)),
}


@pytest.mark.slow
@pytest.mark.skipif(NODE is None or not TSC.exists(), reason="there is no node with typescript")
@pytest.mark.parametrize("which", PAGES)
def test_tsc_finds_nothing(which: str) -> None:
    text = PAGES[which]()
    place = {script: text.find(script.read_text(encoding="utf-8")) for script in APP.glob("*.js")}
    scripts = sorted((script for script in place if place[script] >= 0), key=place.__getitem__)
    assert len(scripts) > 5
    command = [str(NODE), str(TSC), *OPTIONS.split(), str(APP / "types.d.ts"), *map(str, scripts)]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (found.stdout, found.returncode) == ("", 0)
