"""The lr over the run in a real browser: what is drawn, what stands at the cursor, and what a press does."""

from __future__ import annotations

from typing import Any

import pytest

from pgaudit.render.numbers import computed
from tests.render.html.test_schedules import REPORTS, breaking
from tests.render.html.window import Open, Opened, in_browser
from tests.render.over_time import POLICY, scheduled

pytestmark = in_browser

_PIXELS = """() => [...document.querySelectorAll('#schedules canvas')].map(canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Map();
    for (let at = 0; at < data.length; at += 4)
        if (data[at + 3] === 255) {
            const colour = data.slice(at, at + 3).join();
            colours.set(colour, (colours.get(colour) ?? 0) + 1);
        }
    return Object.fromEntries(colours);
})"""
_INKS = """() => [...document.querySelectorAll('#schedules .picture')].map(picture =>
    [...picture.querySelectorAll('.swatch')].map(swatch => {
        const context = document.createElement('canvas').getContext('2d');
        context.fillStyle = getComputedStyle(swatch).backgroundColor;
        context.fillRect(0, 0, 1, 1);
        return context.getImageData(0, 0, 1, 1).data.slice(0, 3).join();
    }))"""


def _drawn(window: Opened) -> list[list[int]]:
    """How many pixels of each picture have the colour of each line."""
    pixels = window.page.evaluate(_PIXELS)
    inks = window.page.evaluate(_INKS)
    return [[found.get(ink, 0) for ink in of] for found, of in zip(pixels, inks, strict=True)]


def _hover(window: Opened, share: float, at: int = 0) -> None:
    over = window.page.locator("#schedules .u-over").nth(at)
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    window.page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", REPORTS)
def test_each_line_is_drawn_in_its_colour(opened: Open, which: str, scheme: Any) -> None:
    window = opened(REPORTS[which](()), color_scheme=scheme)
    for counts in _drawn(window):
        assert min(counts) > 50
    assert (len(window.requests), window.said) == (1, [])
    assert window.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_theme_draws_anew(opened: Open) -> None:
    window = opened(scheduled(sketch=True), color_scheme="light")
    (light,) = window.page.evaluate(_INKS)
    window.page.locator("#theme").click()
    (dark,) = window.page.evaluate(_INKS)
    assert set(light).isdisjoint(dark)
    assert min(_drawn(window)[0]) > 50
    window.page.locator("#theme").click()
    window.page.emulate_media(color_scheme="dark")  # the button goes first
    assert window.page.evaluate(_INKS) == [light]
    other = opened(scheduled(sketch=True), color_scheme="light")
    other.page.emulate_media(color_scheme="dark")
    assert other.page.evaluate(_INKS) == [dark]
    other.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert min(_drawn(other)[0]) > 50


def test_the_values_at_the_cursor_are_the_reports(opened: Open) -> None:
    asked = scheduled(at=(25, 80), sketch=True)
    window = opened(asked)
    rows = {row.name: row for row in asked.params}
    for step in (25, 80):
        _hover(window, step / 100)
        assert window.text("#schedules thead .now") == f"step {step}"
        shown = window.page.locator("#schedules tbody tr").evaluate_all(
            "rows => rows.map(row => [row.querySelector('.from').textContent, row.querySelector('td.now').textContent])"
        )
        assert shown == [[name, computed(asked.lrs_at(rows[name])[step])] for name, _ in shown]
    window.page.mouse.move(0, 0)
    assert window.text("#schedules thead .now") == "at the cursor"


def test_a_line_of_one_rule_filters(opened: Open) -> None:
    window = opened(scheduled(sketch=True))
    window.page.locator("#schedules tbody tr", has_text="default, frozen").click()
    assert window.lens == ""
    line = window.page.locator("#schedules tbody tr", has_text='"head"')
    line.click()
    assert (window.lens, window.count) == ("#rule=custom_keys.head", "2 of 17 tensors")
    assert "chosen" in str(line.get_attribute("class"))
    line.locator("a").focus()
    window.page.keyboard.press("Enter")
    assert window.lens == ""
    assert window.said == []


def test_a_logarithm_can_be_taken_off(opened: Open) -> None:
    window = opened(scheduled(sketch=True))
    button = window.page.locator("#schedules .scale")
    before = window.page.evaluate(_PIXELS)
    assert button.inner_text() == "log scale → linear"
    button.click()
    assert button.inner_text() == "linear scale → log"
    assert window.page.evaluate(_PIXELS) != before
    assert min(_drawn(window)[0]) > 50
    near = opened(scheduled({"type": "CosineAnnealingLR", "T_max": 9, "eta_min": 0.09}, policy=_EVEN, sketch=True))
    assert not near.page.locator("#schedules .scale").is_visible()


_EVEN = {**POLICY, "paramwise_cfg": {"norm_decay_mult": 0.0}}


@pytest.mark.parametrize("width", [500, 800, 1200, 1600])
def test_it_follows_the_width(opened: Open, width: int) -> None:
    window = opened(REPORTS["layer decay"](()), viewport={"width": 1300, "height": 900})
    window.page.set_viewport_size({"width": width, "height": 900})
    plot = "document.querySelector('#schedules .plot')"
    window.page.wait_for_timeout(100)
    assert window.page.evaluate(f"() => {plot}.clientWidth === {plot}.firstChild.clientWidth")
    assert window.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert min(_drawn(window)[0]) > 50


def test_paper_is_light(opened: Open) -> None:
    window = opened(scheduled(sketch=True), color_scheme="light")
    light = window.page.evaluate(_INKS)
    window.page.emulate_media(color_scheme="dark")
    dark = window.page.evaluate(_INKS)
    window.page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert window.page.evaluate(_INKS) == light
    assert min(_drawn(window)[0]) > 50
    window.page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert window.page.evaluate(_INKS) == dark


def test_hostile_names_run_nothing(opened: Open) -> None:
    window = opened(breaking())
    _hover(window, 0.5)
    window.page.locator("#schedules tbody tr[data-rule]").first.click()
    assert "rule=" in window.lens
    assert window.page.title().endswith("pgaudit")
    assert window.page.locator("img, main script, iframe").count() == 0
    assert (len(window.requests), window.said) == (1, [])


def test_without_scripts_the_table_says_it(browser: Any, tmp_path: Any) -> None:
    from tests.render.html.written import page

    path = tmp_path / "report.html"
    path.write_text(page(scheduled(sketch=True)), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    window = context.new_page()
    window.goto(path.as_uri())
    assert '"head"' in window.locator("#schedules table").inner_text()
    assert not window.locator("#schedules .plot").is_visible()
    assert not window.locator("#schedules td.now").first.is_visible()
    context.close()
