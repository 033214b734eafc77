"""A report in a window of a real browser: Debian's chromium, driven by playwright, with no network."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

CHROMIUM = shutil.which("chromium")
in_browser = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
    pytest.mark.slow,
]
ARGUMENTS = """
    --no-sandbox --disable-gpu --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
"""


class Opened:
    """A report in a window, and all that it asked for and said."""

    def __init__(self, context: BrowserContext, path: Path, lens: str) -> None:
        self.page = context.new_page()
        self.requests: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(path.as_uri() + (f"#{lens}" if lens else ""))
        self.page.locator("html[data-ready]").wait_for()

    def names(self) -> list[str]:
        """What is drawn, from top to bottom."""
        rows = self.page.locator(".canvas .row:not([hidden])")
        found = rows.evaluate_all(
            "rows => rows.map(row => [row.getBoundingClientRect().top, row.querySelector('.name').textContent])"
        )
        return [name for _, name in sorted(found)]

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).inner_text())

    @property
    def count(self) -> str:
        return self.text("#count")

    @property
    def lens(self) -> str:
        return str(self.page.evaluate("() => decodeURIComponent(location.hash)"))


Open = Callable[..., Opened]
