"""The map of the modules in a browser."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

import pgaudit
from benchmarks.growth import POLICIES
from benchmarks.mixture import mixture
from tests.render.html.window import CONTRAST, Open, cell, in_browser
from tests.render.html.written import finetune
from tests.render.reports import everything, hostile

pytestmark = in_browser
MLP = "blocks.{0..11}.mlp"


def test_a_press_zooms_and_filters_and_the_top_goes_out(opened: Open) -> None:
    window = opened(finetune())
    window.page.locator(cell(MLP)).click()
    assert window.count == "48 of 152 tensors"
    assert window.lens == f"#at={MLP}"
    assert window.text("#chips") == f"module: {MLP} ✕"
    assert window.page.locator(cell("blocks.{0..11}.attn")).count() == 0
    window.page.locator(cell(MLP)).click()
    assert window.lens == "#at=blocks.{0..11}"
    window.page.locator(cell("vit_base_patch16_224")).click()
    assert (window.lens, window.count) == ("", "152 of 152 tensors")
    assert (len(window.requests), window.said) == (1, [])


@pytest.mark.parametrize(("at", "count"), [(MLP, 48), ("blocks.3", 12), ("blocks.3.mlp.fc1", 2), ("head.weight", 1)])
def test_a_link_restores_the_module(opened: Open, at: str, count: int) -> None:
    window = opened(finetune(), f"at={quote(at)}&by=decay")
    assert window.count == f"{count} of 152 tensors"
    assert window.page.locator("#by").input_value() == "decay"
    wrong = opened(finetune(), "at=no.such&by=colour")
    assert wrong.count == "152 of 152 tensors"
    assert "no such module" in wrong.text("#chips")


def test_colours_say_the_side(opened: Open) -> None:
    window = opened(finetune())
    assert "higher" in str(window.page.locator(cell(MLP)).get_attribute("class"))
    assert "base" in str(window.page.locator(cell("blocks.{0..11}.attn")).get_attribute("class"))
    assert "mixed" in str(window.page.locator(cell("blocks")).get_attribute("class"))
    said = str(window.page.locator(cell(MLP)).get_attribute("aria-label"))
    assert "48 tensors, 56.7 M parameters" in said
    assert "lr ▲ 1, weight decay 1e-4" in said
    assert "lr 0.1 to ▲ 1" in str(window.page.locator(cell("blocks")).get_attribute("aria-label"))
    window.page.locator("#by").select_option("rule")
    assert window.lens == "#by=rule"
    assert re.search(r"rule-\d", str(window.page.locator(cell(MLP)).get_attribute("class")))


def test_keys_go_through_the_cells(opened: Open) -> None:
    window = opened(finetune())
    window.page.locator(".cell[tabindex='0']").focus()
    for key in ("ArrowDown", "End", "Home", "ArrowRight"):
        window.page.keyboard.press(key)
    assert window.page.locator(".cell[tabindex='0']").count() == 1
    for key in ("ArrowUp", "Enter"):
        window.page.keyboard.press(key)
    assert window.lens == ""
    window.page.locator(cell(MLP)).focus()
    window.page.keyboard.press("Enter")
    assert window.lens == f"#at={MLP}"
    assert MLP in str(window.page.evaluate("() => document.activeElement.getAttribute('aria-label')"))
    window.page.keyboard.press("Escape")
    assert window.lens == ""


def test_thousands_of_experts_are_seen(opened: Open) -> None:
    window = opened(pgaudit.audit(mixture(100_000), POLICIES["mmcv"]))
    experts = window.page.locator('.cell[aria-label^="layers.{0,2..49}.experts.{1..664},"]')
    assert (experts.bounding_box() or {"width": 0})["width"] > 500
    experts.click()
    assert window.count == "97,608 of 100,000 tensors"


def test_hostile_names_are_text(opened: Open) -> None:
    window = opened(hostile())
    assert window.page.locator("#cells img, #cells b").count() == 0
    assert "\u202e" not in window.page.locator("#cells").inner_html()
    assert (len(window.requests), window.said) == (1, [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("by", ["lr", "decay", "rule"])
def test_labels_can_be_read(opened: Open, scheme: str, by: str) -> None:
    for report in (finetune(), everything()):
        window = opened(report, f"by={by}", color_scheme=scheme)
        assert window.page.locator(".cell").evaluate_all(CONTRAST) >= 4.5


def test_it_is_drawn_anew_for_another_width(opened: Open) -> None:
    window = opened(finetune())
    window.page.set_viewport_size({"width": 820, "height": 900})
    window.page.wait_for_timeout(200)
    assert window.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    width = window.page.locator("#cells svg").get_attribute("width")
    assert 700 < float(width or 0) < 820
