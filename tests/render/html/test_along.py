"""The lrs along the model: as a terminal has them, and in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pgaudit
from pgaudit.render import html
from pgaudit.render.numbers import number
from pgaudit.render.report.blocks import blocks
from tests.render.html.window import Open, Opened, in_browser
from tests.render.html.written import data_of, finetune, page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

APP = Path(html.__path__[0], "app")
LAYERS = {
    "constructor": "timm",
    "optimizer": {"type": "adamw", "lr": 1e-3, "weight_decay": 0.05},
    "paramwise_cfg": {"layer_decay": 0.5},
}


def graded() -> pgaudit.Report:
    return pgaudit.audit("vit_tiny_patch16_224", LAYERS)


def test_it_has_the_blocks_of_a_terminal() -> None:
    for report in (finetune(), graded()):
        (picture,) = data_of(page(report))["along"]
        assert picture["names"] == [fold.name for fold in blocks(report, report.params)]
        assert {lr for _, lr, *_ in picture["dots"]} == {row.setting.peak_lr for row in report.params}


def test_one_lr_is_a_sentence() -> None:
    text = page(pgaudit.audit("resnet18", {"optimizer": {"type": "SGD", "lr": 0.1}}))
    assert "lr 0.1 everywhere" in text
    assert "observablehq" not in text
    assert "observablehq" in page(finetune())


class TestInBrowser:
    pytestmark = in_browser

    def test_layer_decay_is_a_staircase(self, opened: Open) -> None:
        window = opened(graded())
        dots = window.page.locator(".dots circle")
        places = dots.evaluate_all("all => all.map(dot => [Number(dot.dataset.block), Number(dot.getAttribute('cy'))])")
        heights = [height for _, height in sorted(places)]
        assert heights == sorted(heights, reverse=True)
        assert len(set(heights)) == 14
        ticks = str(window.page.locator(".drawing svg").text_content())
        assert "1e-4" in ticks
        assert "µ" not in ticks
        assert "scheduled lr" in window.text("#along h2")
        assert (len(window.requests), window.said) == (1, [])

    def test_every_tick_of_a_logarithm_has_its_number(self, opened: Open) -> None:
        window = opened(pgaudit.audit("vit_tiny_patch16_224", {**LAYERS, "paramwise_cfg": {"layer_decay": 0.75}}))
        texts = window.page.locator(".drawing svg text").all_text_contents()
        assert [text for text in texts if text[0].isdecimal()] == ["2e-5", "5e-5", "1e-4", "2e-4", "5e-4", "0.001"]

    def test_a_press_chooses_a_block(self, opened: Open) -> None:
        window = opened(graded())
        window.page.locator(".dots circle[data-block='6']").click()
        assert window.lens == "#at=blocks.3"
        assert window.count == "12 of 152 tensors"
        assert window.page.locator(".dots circle.chosen").count() == 1
        window.page.locator(".dots circle[data-block='6']").click()
        assert window.lens == ""

    def test_an_axis_has_numbers_as_a_terminal_has_them(self, browser: Browser) -> None:
        values = [mantissa * 10.0**power for mantissa in (1, 1.5, -2, 9.999996, 1 / 3) for power in range(-12, 12)]
        script = APP.joinpath("numbers.js").read_text(encoding="utf-8")
        written = browser.new_page().evaluate(
            f"(values) => {{ {script} return values.map((each) => plain(each)); }}", values
        )
        assert written == [number(each) for each in values]

    def test_every_dot_is_reached_by_keys_and_says_what_it_is(self, opened: Open) -> None:
        window = opened(finetune())
        keys = window.page.keyboard
        (picture,) = data_of(page(finetune()))["along"]
        assert window.page.locator("#pictures [tabindex='0']").count() == 1
        window.page.locator("#pictures [tabindex='0']").focus()
        said = []
        for _ in picture["names"]:
            for _ in picture["dots"]:
                keys.press("ArrowDown")
            here = ""
            while here != (here := self.spoken(window)):
                said.append(here)
                keys.press("ArrowUp")
            keys.press("ArrowRight")
        assert sorted(said) == sorted(
            f"{picture['names'][block]}, {picture['what']} {words}, {size}"
            for block, _, words, size, *_ in picture["dots"]
        )

    def test_keys_go_along_the_blocks_and_press(self, opened: Open) -> None:
        window = opened(graded())
        keys = window.page.keyboard
        window.page.locator("#pictures [tabindex='0']").focus()
        keys.press("End")
        assert self.spoken(window).startswith("head, ")
        keys.press("ArrowRight")
        assert self.spoken(window).startswith("head, ")
        keys.press("Home")
        for _ in range(6):
            keys.press("ArrowRight")
        assert window.text(".told").replace(" · ", ", ") == self.spoken(window)
        keys.press("Enter")
        assert window.lens == "#at=blocks.3"
        assert window.count == "12 of 152 tensors"
        assert window.page.locator("#pictures [aria-pressed='true']").get_attribute("aria-label") == self.spoken(window)
        window.page.set_viewport_size({"width": 900, "height": 700})
        keys.press("Enter")
        assert window.lens == ""
        keys.press("Tab")
        assert not window.page.evaluate("() => document.activeElement.closest('#pictures')")
        assert window.text(".told") == ""

    @staticmethod
    def spoken(window: Opened) -> str:
        """What is called where the keyboard is."""
        return str(window.page.evaluate("() => document.activeElement.getAttribute('aria-label')"))

    def test_it_is_called_by_a_sentence(self, opened: Open) -> None:
        window = opened(graded())
        label = window.page.locator("#pictures svg").get_attribute("aria-label") or ""
        assert label.startswith("The scheduled lr along 17 blocks of the model, ")
