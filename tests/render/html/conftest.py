"""A browser, and reports that are opened in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pgaudit
from tests.render.html.window import Open, Opened, browsing
from tests.render.html.written import page

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as started:
        yield started


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    contexts = []

    def open_it(report: pgaudit.Report, lens: str = "", **options: Any) -> Opened:
        path = tmp_path / "report.html"
        path.write_text(page(report), encoding="utf-8")
        contexts.append(browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **options}))
        contexts[-1].set_offline(True)
        return Opened(contexts[-1], path, lens)

    yield open_it
    for context in contexts:
        context.close()
