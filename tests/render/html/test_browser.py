"""The HTML report in a real browser: Debian's chromium, driven by playwright, with no network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import torch
from torch import nn

import pgaudit
from benchmarks.growth import POLICIES
from benchmarks.mixture import mixture
from pgaudit.text import visible
from tests.render.html.window import Open, in_browser
from tests.render.html.written import breaking, finetune, page
from tests.render.reports import everything, hostile

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = in_browser
FC = "rule=custom_keys.fc"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_asks_for_itself_alone_and_says_nothing(opened: Open, scheme: str) -> None:
    window = opened(finetune(), color_scheme=scheme)
    assert len(window.requests) == 1
    assert window.said == []
    assert window.names()[:3] == ["cls_token", "pos_embed", "patch_embed.proj.weight"]
    assert window.count == "152 of 152 tensors"
    assert not window.page.locator("#trouble").is_visible()


def test_the_filter_narrows_and_stands_in_the_address(opened: Open) -> None:
    window = opened(finetune())
    window.page.keyboard.press("/")
    window.page.keyboard.type("NORM1*bias")
    assert window.count == "12 of 152 tensors"
    assert all(re.fullmatch(r"blocks\.\d+\.norm1\.bias", name) for name in window.names())
    assert window.lens == "#q=NORM1*bias"
    window.page.keyboard.press("Escape")
    assert window.count == "152 of 152 tensors"
    assert window.lens == ""
    window.page.locator("#filter").fill("blocks.0. fc")
    assert window.count == "4 of 152 tensors"
    window.page.locator("#filter").fill("(")
    assert window.count == "0 of 152 tensors"
    assert window.said == []


def test_findings_and_bars_are_filters(opened: Open) -> None:
    window = opened(finetune())
    window.page.locator(".notice", has_text="PG003").click()
    assert window.count == "48 of 152 tensors"
    assert window.lens == "#finding=PG003"
    chosen = window.page.locator(".line.chosen")
    assert "fc: {lr_mult: 10.0}" in chosen.inner_text()
    window.page.locator("[data-rule='custom_keys.head'] a").focus()
    window.page.keyboard.press("Enter")
    assert window.count == "0 of 152 tensors"
    window.page.get_by_role("button", name="take off finding: PG003").click()
    assert window.count == "2 of 152 tensors"
    assert window.page.locator(".line.chosen").count() == 0
    window.page.locator("[data-rule='custom_keys.head']").click()
    assert window.count == "152 of 152 tensors"
    window.page.locator(".notice", has_text="PG014").click()
    assert "about no parameter" in window.text("#chips")
    assert window.count == "152 of 152 tensors"


def test_a_link_shows_the_same(opened: Open) -> None:
    lens = f"q=mlp&{FC}&finding=PG003&sort=-parameter&p=blocks.11.mlp.fc2.weight"
    window = opened(finetune(), lens)
    assert window.count == "48 of 152 tensors"
    assert window.names()[:2] == ["blocks.9.mlp.fc2.weight", "blocks.9.mlp.fc2.bias"]
    assert window.text("#why h3") == "blocks.11.mlp.fc2.weight"
    assert 'lr    = 0.1 × 10 (custom_keys "fc", line 8) = 1' in window.text("#why")
    assert window.page.locator("#chips li").count() == 3
    wrong = opened(finetune(), "rule=nobody&finding=PG999&p=no.such&sort=colour&x=1")
    assert wrong.count == "152 of 152 tensors"
    assert "no such rule" in wrong.text("#chips")
    assert wrong.said == []


def test_what_was_built_has_groups_and_no_rules(opened: Open) -> None:
    model = nn.Linear(4, 4)
    groups: list[dict[str, Any]] = [{"params": [model.weight]}, {"params": [model.bias], "weight_decay": 0.0}]
    window = opened(pgaudit.audit(model, torch.optim.AdamW(groups, lr=1e-3)))
    assert window.page.locator("[role=columnheader]").last.inner_text() == "group"
    assert window.page.locator("#by").input_value() == "decay"  # all have one lr
    window.page.locator("[role=columnheader] button").last.click()
    assert window.lens == "#sort=group"
    window.page.locator("#rules tbody tr").first.click()
    assert window.text("#chips").startswith("setting: lr 0.001")


def test_keys_go_through_the_rows(opened: Open) -> None:
    window = opened(finetune())
    for _ in range(60):
        window.page.keyboard.press("j")
    assert window.text("#why h3") == finetune().params[59].name
    assert window.page.locator(".row.chosen").is_visible()
    window.page.keyboard.press("k")
    assert window.lens == f"#p={finetune().params[58].name}"
    window.page.keyboard.press("?")
    assert window.page.locator("#help").is_visible()
    window.page.keyboard.press("Escape")
    assert not window.page.locator("#help").is_visible()
    window.page.keyboard.press("Escape")
    assert window.lens == ""


def test_orders(opened: Open) -> None:
    window = opened(everything())
    rows = [row for row in everything().params if row.lr is not None]
    window.page.get_by_role("columnheader", name="lr").get_by_role("button").click()
    assert window.lens == "#sort=-lr"
    highest = max(row.lr for row in rows if row.lr is not None)
    assert window.names()[0] == next(row.name for row in rows if row.lr == highest)
    assert window.page.locator("[aria-sort=descending]").inner_text().strip() == "lr ↓"
    for _ in range(2):
        window.page.get_by_role("columnheader", name="lr").get_by_role("button").click()
    assert window.names() == [row.name for row in everything().params]


def test_every_row_can_be_scrolled_to_and_has_its_values(opened: Open) -> None:
    report = finetune()
    window = opened(report)
    seen: dict[str, str] = {}
    for top in range(0, 5000, 300):
        window.page.locator("#box").evaluate("(box, top) => { box.scrollTop = top; }", top)
        window.page.wait_for_timeout(40)
        drawn = window.page.locator(".canvas .row:not([hidden])").evaluate_all(
            "rows => rows.map(row => [row.children[0].textContent, row.children[2].textContent.trim()])"
        )
        seen.update(map(tuple, drawn))
    assert seen == {row.name: "▲ 1" if row.lr == 1.0 else "0.1" for row in report.params}


@pytest.mark.parametrize("which", ["breaking", "hostile"])
def test_hostile_names_run_nothing(opened: Open, tmp_path: Path, which: str) -> None:
    report = breaking(tmp_path) if which == "breaking" else hostile()
    name = visible(report.params[0].name)
    window = opened(report, f"p={quote(name)}&q={quote('<img src=x onerror=alert(1)>')}&rule={quote('<b>')}")
    assert window.text("#why h3") == name
    window.page.locator("#filter").fill("")
    window.page.get_by_role("button", name=re.compile("take off rule")).click()
    assert name in window.names()
    window.page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert window.page.title().endswith("pgaudit")
    assert window.page.locator("img, main script, iframe").count() == 0
    assert (len(window.requests), window.said) == (1, [])


def test_a_spreadsheet_gets_the_filtered_rows_in_full(opened: Open, tmp_path: Path) -> None:
    window = opened(finetune(), "q=head")
    with window.page.expect_download() as download:
        window.page.locator("#save").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "name,shape,parameters,lr,decay,decided by,group"
    assert lines[1] == 'head.weight,1000×768,768000,1.0,0.0001,"""head"" :9",150'
    assert len(lines) == 3


def test_paper_has_the_filtered_rows(opened: Open) -> None:
    window = opened(finetune(), FC)
    window.page.emulate_media(media="print")
    window.page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert window.page.locator("#print tbody tr").count() == 48
    assert "48 of 152 tensors" in window.text("#print p")
    assert not window.page.locator(".split").is_visible()


def test_a_frame_in_a_sandbox_shows_it(browser: Browser, tmp_path: Path) -> None:
    report, around = tmp_path / "report.html", tmp_path / "around.html"
    report.write_text(page(finetune()), encoding="utf-8")
    around.write_text('<iframe sandbox="allow-scripts" width=1200 height=800 src="report.html"></iframe>')
    window = browser.new_page()
    window.goto(around.as_uri())
    frame = window.frame_locator("iframe")
    frame.locator("html[data-ready]").wait_for()
    frame.locator("#filter").fill("fc1")
    assert frame.locator("#count").inner_text() == "24 of 152 tensors"
    window.close()


def test_without_scripts_it_says_the_folded_table(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(finetune()), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    window = context.new_page()
    window.goto(path.as_uri())
    assert "blocks.{0..11}.mlp.fc{1,2}.{weight,bias}" in window.locator("table.plain").inner_text()
    assert not window.locator(".controls").is_visible()
    context.close()


@pytest.mark.parametrize("width", [800, 1200, 1600])
def test_no_name_is_cut_and_the_page_does_not_scroll_sideways(opened: Open, width: int) -> None:
    window = opened(pgaudit.audit(mixture(3_000), POLICIES["timm"]), viewport={"width": width, "height": 900})
    assert window.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    overlaps = window.page.locator(".canvas .row:not([hidden])").evaluate_all(
        """rows => rows.filter(row => {
            const cells = [...row.children].map(cell => cell.getBoundingClientRect());
            return [...row.children].some(cell => cell.scrollWidth > cell.clientWidth + 1)
                || cells.some((a, i) => cells.some((b, j) => i < j && a.right > b.left + 1 && b.right > a.left + 1
                                                          && a.bottom > b.top + 1 && b.bottom > a.top + 1));
        }).length"""
    )
    assert overlaps == 0


def test_a_hundred_thousand_rows(opened: Open) -> None:
    report = pgaudit.audit(mixture(100_000), POLICIES["mmcv"])
    window = opened(report)
    assert window.count == "100,000 of 100,000 tensors"
    window.page.locator("#filter").fill("layers.7. experts.3.")
    assert window.count == "3 of 100,000 tensors"
    assert window.names() == [f"layers.7.experts.3.w{each}.weight" for each in (1, 2, 3)]
    window.page.locator("#filter").fill("")
    window.page.locator("#box").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    window.page.wait_for_timeout(100)
    assert window.names()[-1] == report.params[-1].name
    window.page.locator(".canvas .row:not([hidden])").last.click()
    assert "the arithmetic" in window.text("#why")
    assert (len(window.requests), window.said) == (1, [])
