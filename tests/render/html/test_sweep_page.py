"""The page of a sweep: its map has every model and finding that the JSON has, and stays quick for a thousand models."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from pgaudit import cli
from pgaudit.core.findings import SEVERITIES, Finding
from pgaudit.core.location import Location
from pgaudit.render.choices import SweepFormat
from pgaudit.render.sweep import View, render_sweep
from pgaudit.render.terminal import TableOptions
from pgaudit.sweep.lines import Identity
from pgaudit.sweep.records import CodeCount, SweepResult
from tests.render.html.test_accessible import AXE
from tests.render.html.window import Window, needs_chromium, opened
from tests.render.html.written import BREAKOUT, cards_of

CODES = [f"PG{number:03}" for number in range(1, 20)]
CONFIGS = ("a.yaml", "b c.yaml", "c.yaml", "d.yaml")


def result(model: str, config: str, at: int) -> SweepResult:
    """A model with some of the codes; every fiftieth cannot be audited."""
    if at % 50 == 49:
        return SweepResult(model, config, errors=(Finding.error(f"{model} is no model", hint="name one"),))
    found = []
    for place, code in enumerate(CODES):
        if (at * 7 + place * 3) % 5 < 2 or place == 0:
            severity = SEVERITIES[place % 3]
            tensors = 0 if place % 4 == 3 else (at * place) % 150 + 1
            message = f'"fc" hits only {tensors} tensors, such as {model}.blocks.0'
            worst = Finding(code, "overmatch", severity, message, "write head", Location(config, 3 + place, 5))
            found.append(CodeCount(1 + at % 2, tensors, worst, tensors))
    return SweepResult(model, config, 152, 10_000, 12, 100, 9_000, tuple(found), "timm 1")


def sweep(models: int, configs: int) -> list[SweepResult]:
    """Models × configs, in their order."""
    return [
        result(f"net_{at}_patch{at % 7}_224.in1k", CONFIGS[place], at + 13 * place)
        for at in range(models)
        for place in range(configs)
    ]


def written(results: list[SweepResult], fmt: SweepFormat = "html", options: str = "") -> str:
    """The page, or another format of the same."""
    configs = tuple(dict.fromkeys(each.config for each in results)) or CONFIGS[:1]
    identity = Identity("1", {}, dict.fromkeys(configs, "mmcv"), dict.fromkeys(configs, "0"))
    return render_sweep(results, identity, fmt, View(configs, options=options), TableOptions())


def data_of(text: str) -> dict[str, Any]:
    """What the page's script reads."""
    (packed,) = re.findall(r'<script type="text/plain" id="data">(.*?)</script>', text, re.DOTALL)
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return data


def test_the_map_holds_what_the_json_says() -> None:
    results = sweep(120, 3)
    told = json.loads(written(results, "json"))["results"]
    data = data_of(written(results))
    names = data["names"].split("\n")
    found = {}
    for block in data["blocks"]:
        sizes = list(accumulate(block["tensors"]))
        assert sizes == [each["parameters"] for each in told if each["config"] == block["config"]]
        for column in block["columns"]:
            entries = zip(*(accumulate(column["rows"]), column["findings"], column["tensors"]), strict=True)
            for (row, count, tensors), words in zip(entries, accumulate(column["words"]), strict=True):
                message = data["words"][words][3]
                found[names[row], block["config"], column["code"]] = count, tensors, message
    wanted = {
        (each["model"], each["config"], f["code"]): (f["findings"], f["parameters"], f["worst"]["message"])
        for each in told
        for f in each["findings"]
    }
    failed = {
        (each["model"], each["config"], "failed"): (len(each["problems"]), 0, each["problems"][0]["message"])
        for each in told
        if each["problems"]
    }
    assert found == wanted | failed
    assert all(
        len(block["columns"]) == len({code for _, config, code in found if config == block["config"]})
        for block in data["blocks"]
    )


def test_figures_and_totals_are_those_of_the_json() -> None:
    results = sweep(60, 2)
    told = json.loads(written(results, "json"))
    text = written(results)
    assert text == written(results)
    cards = cards_of(text)
    assert (cards["models"], cards["audits"]) == ("60", "120")
    assert cards["not audited"] == str(sum(bool(each["problems"]) for each in told["results"]))
    rows = re.findall(
        r'<th scope="row">(PG\d+) [^<]*</th><td class="\w+">\w+</td>' + r'<td class="figure">([\d,]+)</td>' * 3, text
    )
    numbers = [(code, *(int(each.replace(",", "")) for each in row)) for code, *row in rows]
    assert numbers == [(each["code"], each["models"], each["findings"], each["parameters"]) for each in told["totals"]]


def test_the_ending_says_the_format_and_a_page_keeps_no_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text("optimizer: {type: SGD, lr: 0.1, weight_decay: 0.1}")
    run = ["sweep", "resnet18", "c.yaml", "-j", "1"]
    assert cli.main([*run, "-o", "sweep.html"]) == 0
    text = (tmp_path / "sweep.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert cli.main([*run, "-o", "sweep.htm"]) == 0
    assert (tmp_path / "sweep.htm").read_text(encoding="utf-8") == text
    assert capsys.readouterr().out == ""
    assert cli.main([*run, "--format", "html", "-o", "kept.jsonl"]) == 0
    assert capsys.readouterr().out == text
    assert (tmp_path / "kept.jsonl").read_text().startswith("{")
    for wrong in (["--format", "json", "-o", "x.html"], ["--restart", "-o", "x.html"]):
        assert cli.main([*run, *wrong]) == 2
    assert not (tmp_path / "x.html").exists()


IN_VIEW = """() => {
    const at = (selector, x, y) => document.elementsFromPoint(x, y).map((each) => each.closest(selector)).find(Boolean);
    const box = document.getElementById("box");
    const view = box.getBoundingClientRect();
    const [configs, codes] = box.querySelectorAll(".head .row");
    const edge = codes.firstChild.getBoundingClientRect().right;
    const seen = [];
    const bottom = Math.min(view.top + box.clientHeight, innerHeight);
    for (const code of codes.querySelectorAll(".code")) {
        const { left, right } = code.getBoundingClientRect();
        const x = (left + right) / 2;
        if (x < edge || x > view.left + box.clientWidth) continue;
        const before = (each) => each.getBoundingClientRect().left < x;
        const config = [...configs.querySelectorAll(".config")].findLast(before).firstChild;
        if (config.getBoundingClientRect().left < edge) throw Error(`${config.textContent} is hidden`);
        for (const row of box.querySelectorAll(".canvas .row:not([hidden])")) {
            const y = row.getBoundingClientRect().top + 10;
            if (y < codes.getBoundingClientRect().bottom || y > bottom) continue;
            const cell = at(".canvas .code", x, y);
            seen.push([config.textContent, code.textContent, row.firstChild.textContent, cell.textContent]);
        }
    }
    return seen;
}"""
"""Config, code, model and text of all cells that a reader sees under a code."""


def ready(window: Window) -> None:
    """Waits until the map is drawn."""
    window.page.locator("html[data-ready]").wait_for()


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [800, 1600])
def test_a_cell_tells_what_was_found_and_the_address_keeps_it(tmp_path: Path, width: int, scheme: str) -> None:
    size = {"width": width, "height": 900}
    text = written(sweep(60, 3), options="--constructor torch")
    with opened(text, tmp_path, color_scheme=scheme, viewport=size) as window:
        ready(window)
        row = window.page.locator(".canvas .row", has_text="net_7_patch0")
        row.locator(".code").nth(0).click()
        assert window.lens == "#cell=0.PG001.net_7_patch0_224.in1k"
        assert "such as net_7_patch0_224.in1k.blocks.0" in window.text("#cell")
        assert window.text("#cell .command") == "pgaudit show net_7_patch0_224.in1k a.yaml --constructor torch"
        window.page.locator("#box").focus()
        for key in ("ArrowDown", "j", "k", "l"):
            window.page.keyboard.press(key)
        assert window.lens.endswith(".net_8_patch1_224.in1k")
        window.page.keyboard.press("/")
        window.page.keyboard.type("net_1*patch3")
        assert window.text("#count") == "2 of 60 models"
        window.assert_quiet()


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("left", [0, 210, 1_500, 10_000])
def test_wherever_it_is_scrolled_each_cell_in_view_stands_under_its_code(tmp_path: Path, left: int) -> None:
    results = sweep(60, 4)
    tensors = {(r.config, f.code, r.model): f.parameters for r in results for f in r.findings}
    with opened(written(results), tmp_path) as window:
        ready(window)
        window.page.locator("#box").evaluate("(box, left) => { box.scrollLeft = left; box.scrollTop = 300; }", left)
        window.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        seen = window.page.evaluate(IN_VIEW)
        assert len(seen) > 100
        for config, code, model, text in seen:
            number = tensors.get((config, code, model))
            assert code == "✕" or text == ("" if number is None else f"{number:,}" if number else "!")
        window.assert_quiet()


@pytest.mark.slow
@needs_chromium
@pytest.mark.skipif(not AXE.exists(), reason="there is no axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(tmp_path: Path, scheme: str) -> None:
    address = "#cell=1.PG003.net_0_patch0_224.in1k"
    with opened(written(sweep(60, 4)), tmp_path, address, color_scheme=scheme, bypass_csp=True) as window:
        ready(window)
        window.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = window.page.evaluate("() => axe.run()")
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


@pytest.mark.slow
@needs_chromium
def test_a_link_shows_the_same_in_order(tmp_path: Path) -> None:
    results = sweep(60, 2)
    address = "#sort=-1.PG003&cell=1.PG003.net_0_patch0_224.in1k"
    with opened(written(results), tmp_path, address) as window:
        ready(window)
        share = {
            r.model: f.parameters for r in results if r.config == CONFIGS[1] for f in r.findings if f.code == "PG003"
        }
        rows = window.page.locator(".canvas .row:not([hidden])").evaluate_all(
            "rows => rows.map(row => [row.getBoundingClientRect().top, row.firstChild.textContent])"
        )
        shown = [share[name] for _, name in sorted(rows)[:5]]
        assert shown == sorted(share.values(), reverse=True)[:5]
        assert "b c.yaml" in window.text("#cell")
        assert window.text("#cell .command").endswith("'b c.yaml'")
        window.assert_quiet()


@pytest.mark.slow
@needs_chromium
def test_hostile_names_run_nothing(tmp_path: Path) -> None:
    worst = Finding("PG001", BREAKOUT, "error", BREAKOUT, BREAKOUT, Location(BREAKOUT, 1, 1))
    results = [
        SweepResult(BREAKOUT, BREAKOUT, 5, 5, 1, 1, 1, (CodeCount(1, 2, worst, 2),)),
        SweepResult("\x1b[31m\u202e", BREAKOUT, errors=(Finding.error(BREAKOUT, hint=BREAKOUT),)),
    ]
    with opened(written(results), tmp_path, "#cell=" + "%3Cimg%20src=x%3E") as window:
        ready(window)
        window.page.locator(".canvas .code").first.click()
        assert BREAKOUT in window.text("#cell")
        window.page.locator(".canvas .name").nth(1).click()
        assert window.page.locator("#cell .command").count() == 0
        window.assert_quiet()
    with opened(written(results), tmp_path, java_script_enabled=False) as window:
        assert "PG001" in window.text("#totals")


@pytest.mark.slow
@needs_chromium
def test_thirteen_hundred_models_under_four_configs(tmp_path: Path) -> None:
    text = written(sweep(1_371, 4))
    assert len(text.encode()) < 1_500_000
    with opened(text, tmp_path) as window:
        begin = time.perf_counter()
        ready(window)
        assert time.perf_counter() - begin < 5
        assert window.page.locator(".canvas .row").count() < 80
        window.page.locator("#box").evaluate("box => { box.scrollTop = box.scrollHeight; }")
        window.page.locator(".canvas .row", has_text="net_1370_").wait_for()
        window.assert_quiet()
