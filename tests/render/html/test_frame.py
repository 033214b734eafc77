"""A report in a frame of a notebook: Report.to_html() and Report.view()."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.render.html.window import needs_chromium
from tests.render.html.written import breaking, finetune, page

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_the_page_is_the_commands(tmp_path: Path) -> None:
    for report in (finetune(), breaking(tmp_path)):
        assert report.to_html() == page(report)


def test_the_frame_holds_the_page_and_nothing_breaks_out(tmp_path: Path) -> None:
    report = breaking(tmp_path)
    frame = report.view(height=300)
    shown = frame._repr_html_()
    (found,) = re.findall(r'srcdoc="([^"]*)"', shown)
    assert unescape(found) == report.to_html()
    assert re.sub(r'srcdoc="[^"]*"', "", shown).count("<") == 2
    assert 'sandbox="allow-scripts allow-downloads"' in shown
    assert "height:300px" in shown
    assert len(repr(frame)) < 80


@pytest.mark.slow
@needs_chromium
def test_a_browser_shows_it_in_its_sandbox(browser: Browser, tmp_path: Path) -> None:
    around = tmp_path / "notebook.html"
    around.write_text(f"<!DOCTYPE html>{finetune().view()._repr_html_()}", encoding="utf-8")
    window = browser.new_page()
    said: list[str] = []
    window.on("console", lambda message: said.append(message.text))
    window.goto(around.as_uri())
    frame = window.frame_locator("iframe")
    frame.locator("html[data-ready]").wait_for()
    frame.locator("#filter").fill("fc1")
    assert frame.locator("#count").inner_text() == "24 of 152 tensors"
    frame.locator("#theme").click()
    with window.expect_download() as download:
        frame.locator("#save").click()
    assert len(Path(download.value.path()).read_text(encoding="utf-8").splitlines()) == 25
    assert said == []
    window.close()


@pytest.mark.slow
@needs_chromium
def test_it_wears_the_theme_of_the_notebook_around_it(browser: Browser, tmp_path: Path) -> None:
    sync = pytest.importorskip("playwright.sync_api")
    around = tmp_path / "notebook.html"
    around.write_text(f"<!DOCTYPE html><body>{finetune().view()._repr_html_()}", encoding="utf-8")
    context = browser.new_context(color_scheme="null")  # a scheme that playwright chooses would hold for frames, too
    window = context.new_page()
    window.goto(around.as_uri())
    inside = window.frame_locator("iframe").locator("body")
    for theme, ground in (("dark", "rgb(14, 17, 22)"), ("light", "rgb(255, 255, 255)"), ("dark", "rgb(14, 17, 22)")):
        window.evaluate("(theme) => { document.body.style.colorScheme = theme; }", theme)  # as JupyterLab does
        sync.expect(inside).to_have_css("background-color", ground)
    context.close()
