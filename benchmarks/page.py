"""The HTML pages of reports and of a sweep: how long they are written; and in headless Chromium, when they are ready,
what a filter and the heap take.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pgaudit
from benchmarks.figures import REPOSITORY, Figure, emit
from benchmarks.growth import POLICIES
from benchmarks.mixture import mixture
from pgaudit.core.findings import SEVERITIES, Finding
from pgaudit.render.html.page import render_html
from pgaudit.render.sweep.html import render_sweep_html
from pgaudit.render.sweep.view import View
from pgaudit.sweep.records import CodeCount, SweepResult

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = (10_000, 100_000, 1_000_000)
GOALS = {
    "writing": ("s", 4.0),
    "file": ("MB", 1.0),
    "ready": ("s", 2.0),
    "filter": ("ms", 150.0),
    "heap": ("MiB", 40.0),
}
"""Of up to 100,000 tensors; beyond, they grow with the tensors."""
WORDS = ("w", "w1", "w1 experts.3", "", "nor*wei", "zzz", "")
MODELS, CONFIGS, CODES = 1_371, 4, 19
ARGUMENTS = """
    --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update
    --disable-sync --enable-precise-memory-info --js-flags=--expose-gc
"""
HOW = (
    "vit_base_patch16_224 under docs/finetune.yaml, a mixture of experts under three custom keys, or a sweep of so "
    "many models with 19 findings under 4 configs; one request, and nothing on the console. Writing: after the audit. "
    "Ready: painted, from the navigation's start. Filter: from a keystroke to paint, the worst of seven. Heap: after a "
    "collection. The rival is the goal."
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
    """Five figures of each page.

    Raises:
        RuntimeError: there is no chromium; a page asked for more than itself, or said something.
    """
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("there is no chromium on this machine")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS.split())
        for what, size, write in _pages():
            path = Path(folder, "page.html")
            begin = time.perf_counter()
            path.write_text(write(), encoding="utf-8")
            spent = time.perf_counter() - begin
            del write
            measured = (spent, path.stat().st_size / 1e6, *_measured(browser, path))
            for (each, (unit, goal)), ours in zip(GOALS.items(), measured, strict=True):
                most = goal * max(size / 100_000, 1)
                yield Figure(f"{what}: {each}", ours, most, unit, "the goal", 1.0, HOW)
        browser.close()


def _pages() -> Iterator[tuple[str, int, Callable[[], str]]]:
    """What each page is of, how many rows it has, and what writes it."""
    small = pgaudit.audit("vit_base_patch16_224", REPOSITORY / "docs" / "finetune.yaml")
    yield f"{len(small):,} tensors", len(small), partial(render_html, small)
    for size in SIZES:
        yield f"{size:,} tensors", size, partial(render_html, pgaudit.audit(mixture(size), POLICIES["mmcv"]))
    configs = tuple(f"w{place}.yaml" for place in range(CONFIGS))
    results = [_swept(model, config) for model in range(MODELS) for config in configs]
    yield f"sweep of {MODELS:,} models", MODELS, partial(render_sweep_html, results, View(configs))


def _swept(at: int, config: str) -> SweepResult:
    """A model that has two fifths of all findings."""
    found = []
    for place in range(CODES):
        if (at * 7 + place * 3) % 5 < 2:
            tensors = (at * place) % 150 + 1
            worst = Finding(f"PG{place:03}", "overmatch", SEVERITIES[place % 3], f"{tensors} tensors")
            found.append(CodeCount(1, tensors, worst, tensors))
    return SweepResult(f"net_{at}_w{at % 7}.experts.3", config, 152, 10_000, 12, 100, 9_000, tuple(found))


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
