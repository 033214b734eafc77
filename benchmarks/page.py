"""The HTML report in headless Chromium: how large the file is, when it is ready, what a filter and the heap take."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pgaudit
from benchmarks.figures import REPOSITORY, Figure, emit
from benchmarks.growth import POLICIES
from benchmarks.mixture import mixture
from pgaudit.render.html.page import render_html
from pgaudit.render.select import Selection

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = (10_000, 100_000, 1_000_000)
GOALS = {"file": ("MB", 1.0), "ready": ("s", 2.0), "filter": ("ms", 150.0), "heap": ("MiB", 40.0)}
"""Of up to 100,000 tensors; beyond, they grow with the tensors."""
WORDS = ("w", "w1", "w1 experts.3", "", "nor*wei", "zzz", "")
ARGUMENTS = """
    --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update
    --disable-sync --enable-precise-memory-info --js-flags=--expose-gc
"""
HOW = (
    "vit_base_patch16_224 under docs/finetune.yaml, or a mixture of experts under three custom keys; one request, and "
    "nothing on the console. Ready: painted, from the navigation's start. Filter: from a keystroke to paint, the worst "
    "of seven. Heap: after a collection. The rival is the goal."
)
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"
TYPED = """async (word) => {
    const filter = document.getElementById("filter");
    const begin = performance.now();
    filter.value = word;
    filter.dispatchEvent(new Event("input"));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - begin;
}"""
HEAP = "() => { gc(); return performance.memory.usedJSHeapSize / 2 ** 20; }"


def figures() -> Iterator[Figure]:
    """Four figures of each size.

    Raises:
        RuntimeError: there is no chromium; a page asked for more than itself, or said something.
    """
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("there is no chromium on this machine")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS.split())
        for size, report in _reports():
            path = Path(folder, "report.html")
            path.write_text(render_html(report, Selection()), encoding="utf-8")
            del report
            measured = (path.stat().st_size / 1e6, *_measured(browser, path))
            for (what, (unit, goal)), ours in zip(GOALS.items(), measured, strict=True):
                most = goal * max(size / 100_000, 1)
                yield Figure(f"{size:,} tensors: {what}", ours, most, unit, "the goal", 1.0, HOW)
        browser.close()


def _reports() -> Iterator[tuple[int, pgaudit.Report]]:
    small = pgaudit.audit("vit_base_patch16_224", REPOSITORY / "docs" / "finetune.yaml")
    yield len(small), small
    for size in SIZES:
        yield size, pgaudit.audit(mixture(size), POLICIES["mmcv"])


def _measured(browser: Browser, path: Path) -> tuple[float, float, float]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_offline(True)
    page = context.new_page()
    heard: list[str] = []
    page.on("request", lambda request: heard.append(request.url))
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    found = _figures(page, path)
    context.close()
    if len(heard) != 1:
        raise RuntimeError(f"the page asked or said more than itself: {heard}")
    return found


def _figures(page: Page, path: Path) -> tuple[float, float, float]:
    page.goto(path.as_uri())
    page.locator("html[data-ready]").wait_for()
    ready = page.evaluate(PAINTED) / 1000
    worst = max(page.evaluate(TYPED, word) for word in WORDS)
    return ready, worst, page.evaluate(HEAP)


if __name__ == "__main__":
    emit([*figures()])
