"""The HTML pages as axe judges them: in both themes, with everything that they can show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

import pgaudit
from pgaudit.diff import compare
from pgaudit.render.diff.html import render_diff_html
from pgaudit.render.html.resume import render_resume_html
from tests.render.html.test_diff_page import mended
from tests.render.html.test_resume_page import hostile as hostile_run
from tests.render.html.window import Open, Window, in_browser, window_of
from tests.render.html.written import finetune
from tests.render.over_time import scheduled
from tests.render.reports import everything, hostile

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = in_browser
AXE = Path(__file__).parents[3] / ".oracles" / "axe-core" / "node_modules" / "axe-core" / "axe.min.js"
REPORTS: dict[str, Callable[[], pgaudit.Report]] = {
    "finetune": finetune,
    "everything": everything,
    "hostile": hostile,
    "scheduled": lambda: scheduled(sketch=True),
}
PAGES: dict[str, Callable[[], str]] = {
    "diff": lambda: render_diff_html(mended()),
    "hostile diff": lambda: render_diff_html(compare(everything(), hostile())),
    "resume": lambda: render_resume_html(hostile_run()),
}


@pytest.mark.skipif(not AXE.exists(), reason="there is no axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", REPORTS)
def test_axe_finds_nothing(opened: Open, which: str, scheme: str) -> None:
    report = REPORTS[which]()
    row = report.params[-1]
    # The policy of the page forbids axe, too.
    window = opened(report, f"p={quote(row.name)}&q={quote(row.name[:1])}", color_scheme=scheme, bypass_csp=True)
    assert violations(window) == []


@pytest.mark.skipif(not AXE.exists(), reason="there is no axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", PAGES)
def test_axe_finds_nothing_on_other_pages(browser: Browser, tmp_path: Path, which: str, scheme: str) -> None:
    with window_of(browser, PAGES[which](), tmp_path, "#at=head", color_scheme=scheme, bypass_csp=True) as window:
        assert violations(window) == []


def violations(window: Window) -> list[tuple[str, str]]:
    window.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = window.page.evaluate("() => axe.run()")
    return [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
