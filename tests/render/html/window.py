"""A page in a window of a real browser: Debian's chromium, driven by playwright, with no network."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
in_browser = [needs_chromium, pytest.mark.slow]
_ARGUMENTS = """
    --no-sandbox --disable-gpu --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
"""

CONTRAST = """cells => {
    const ink = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const channels = (colour) => {
        ink.fillStyle = colour;
        ink.fillRect(0, 0, 1, 1);
        return [...ink.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (colour) => channels(colour).map((c) => c / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
    return Math.min(...cells.filter((cell) => cell.querySelector("text")).map((cell) => {
        const [a, b] = ["rect", "text"].map((tag) => light(getComputedStyle(cell.querySelector(tag)).fill));
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }));
}"""
"""The least contrast of the labels of a map's cells."""


def cell(path: str) -> str:
    """Selects one of a map, by its path."""
    return f'.cell[aria-label^="{path},"]'


class Window:
    """A page, and all that it asked for and said."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.said: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def text(self, selector: str) -> str:
        """What is read there."""
        return str(self.page.locator(selector).inner_text())

    @property
    def lens(self) -> str:
        """What stands behind the file's name."""
        return str(self.page.evaluate("() => decodeURIComponent(location.hash)"))

    def assert_quiet(self) -> None:
        """It asked for itself alone, said nothing, and nothing that wanted to be markup ran."""
        assert (len(self.requests), self.said) == (1, [])
        assert "run" not in self.page.title().split()
        assert self.page.locator("main img, main script").count() == 0
        assert self.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


class Opened(Window):
    """A report."""

    def __init__(self, context: BrowserContext, path: Path, lens: str) -> None:
        super().__init__(context.new_page())
        self.page.goto(path.as_uri() + (f"#{lens}" if lens else ""))
        self.page.locator("html[data-ready]").wait_for()

    def names(self) -> list[str]:
        """What is drawn, from top to bottom."""
        rows = self.page.locator(".canvas .row:not([hidden])")
        found = rows.evaluate_all(
            "rows => rows.map(row => [row.getBoundingClientRect().top, row.querySelector('.name').textContent])"
        )
        return [name for _, name in sorted(found)]

    @property
    def count(self) -> str:
        return self.text("#count")


Open = Callable[..., Opened]


@contextmanager
def browsing() -> Iterator[Browser]:
    """Starts the browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS.split())
        yield started
        started.close()


@contextmanager
def window_of(browser: Browser, text: str, folder: Path, address: str = "", **options: Any) -> Iterator[Window]:
    """Opens a page that is written into a folder."""
    path = folder / "page.html"
    path.write_text(text, encoding="utf-8")
    context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
    context.set_offline(True)
    window = Window(context.new_page())
    window.page.goto(path.as_uri() + address)
    yield window
    context.close()


@contextmanager
def opened(text: str, folder: Path, address: str = "", **options: Any) -> Iterator[Window]:
    """The same in a browser of its own."""
    with browsing() as browser, window_of(browser, text, folder, address, **options) as window:
        yield window
