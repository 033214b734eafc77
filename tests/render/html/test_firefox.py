"""HTML pages in a real Firefox, driven by puppeteer."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import pgaudit
from benchmarks.growth import POLICIES
from benchmarks.mixture import mixture
from pgaudit.render.diff.html import render_diff_html
from tests.render.html.test_diff_page import mended
from tests.render.html.written import finetune, page

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
NODE = shutil.which("node")
LIBRARY = Path(__file__).parents[3] / ".oracles" / "puppeteer-core" / "node_modules" / "puppeteer-core"
DRIVER = Path(__file__).with_name("firefox.mjs")
pytestmark = [
    pytest.mark.skipif(FIREFOX is None, reason="there is no Firefox on this machine"),
    pytest.mark.skipif(NODE is None or not LIBRARY.exists(), reason="there is no node with puppeteer-core"),
    pytest.mark.slow,
]
NAMES = """
    [...document.querySelectorAll(".canvas .row:not([hidden])")]
        .map((row) => [row.getBoundingClientRect().top, row.querySelector(".name").textContent])
        .sort(([a], [b]) => a - b).map(([, name]) => name)
"""
ASKED = "performance.getEntriesByType('resource').map((each) => each.name)"
SOON = "new Promise((resolve) => setTimeout(resolve, 200))"


def in_firefox(path: Path, text: str, lens: str, expressions: list[str]) -> dict[str, Any]:
    """What expressions are in a page, and what the page said."""
    path.write_text(text, encoding="utf-8")
    address = path.as_uri() + (f"#{lens}" if lens else "")
    command = [str(NODE), str(DRIVER), str(LIBRARY / "package.json"), str(FIREFOX), address]
    found = subprocess.run(
        command, input=json.dumps(expressions), capture_output=True, text=True, check=False, timeout=240
    )
    assert found.returncode == 0, found.stderr
    answer: dict[str, Any] = json.loads(found.stdout)
    return answer


def test_it_asks_for_itself_alone_and_a_link_shows_the_same(tmp_path: Path) -> None:
    asked = [
        NAMES,
        "document.querySelector('#count').textContent",
        "document.querySelector('#why h3').textContent",
        ASKED,
    ]
    found = in_firefox(tmp_path / "a.html", page(finetune()), "q=mlp&sort=-parameter&p=blocks.11.mlp.fc2.weight", asked)
    names, count, why, asked_for = found["values"]
    assert (asked_for, found["said"]) == ([], [])
    assert names == sorted(names, reverse=True)
    assert why in names
    assert (count, why) == ("48 of 152 tensors", "blocks.11.mlp.fc2.weight")


def test_the_last_of_more_rows_than_firefox_can_make_an_element_high(tmp_path: Path) -> None:
    report = pgaudit.audit(mixture(620_000), POLICIES["mmcv"])
    down = "box.scrollTop = box.scrollHeight"
    wheel = 'box.dispatchEvent(new WheelEvent("wheel", { deltaY: -2700, cancelable: true }))'
    found = in_firefox(tmp_path / "b.html", page(report), "", [down, SOON, NAMES, wheel, SOON, NAMES])
    assert found["said"] == []
    ends, before = found["values"][2], found["values"][5]
    assert ends[-1] == report.params[-1].name
    # A wheel goes 100 rows of 27 pixels up, and eight more than are seen are drawn.
    assert before[-1] in {row.name for row in report.params[-94:-89]}


def test_the_map_of_a_diff_marks_the_changes_below(tmp_path: Path) -> None:
    marked = "[...document.querySelectorAll('tr.chosen th')].map((each) => each.textContent)"
    cell = """document.querySelector('.cell[aria-label^="head,"]')"""
    press = f'{cell}.dispatchEvent(new MouseEvent("click", {{ bubbles: true }}))'
    asked = [marked, press, marked, "location.hash", ASKED]
    found = in_firefox(tmp_path / "c.html", render_diff_html(mended()), "", asked)
    before, _, after, address, asked_for = found["values"]
    assert (before, after, address) == ([], ["head.{weight,bias}"], "#at=head")
    assert (asked_for, found["said"]) == ([], [])
