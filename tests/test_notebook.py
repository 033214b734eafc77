"""What a notebook shows of a report: HTML without scripts, in which no name can do anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pgaudit
from pgaudit.core.findings import Finding
from pgaudit.core.setting import Provenance
from pgaudit.report import Report
from pgaudit.text import visible
from tests.diff import made
from tests.render.over_time import scheduled
from tests.render.reports import HOSTILE, everything, hostile

TAGS = {"b", "div", "span", "table", "td", "th", "tr"}


class _Page(HTMLParser):
    """Reads HTML as a browser does, and holds each element to what it may be."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.styles: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert [name for name, _ in attrs] in ([], ["style"])
        self.open.append(tag)
        self.styles += [value or "" for _, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def _page(report: Report) -> _Page:
    bundle = report._repr_mimebundle_()
    assert bundle["text/plain"] == repr(report)
    assert "\n" not in bundle["text/plain"]
    return _Page(bundle["text/html"])


def _layer_decay() -> Report:
    optimizer = {"type": "adamw", "lr": 5e-4, "weight_decay": 0.05}
    config = {"constructor": "timm", "optimizer": optimizer, "paramwise_cfg": {"layer_decay": 0.65}}
    return pgaudit.audit("vit_tiny_patch16_224", config)


@pytest.mark.parametrize("make", [everything, hostile, _layer_decay, lambda: scheduled(at=(0, 50)), made.report])
def test_it_is_small_without_scripts_and_takes_the_colours_of_the_page(make: Callable[[], Report]) -> None:
    page = _page(make())
    assert len(make()._repr_mimebundle_()["text/html"]) < 20_000
    for style in page.styles:
        assert "url" not in style
        assert re.findall(r"(?<![-\w])color:(\w+)", style) in ([], ["inherit"])
        assert re.findall(r"(?<!-)background:([^;]+)", style) in ([], ["none"], ["#8b949e"])


def test_it_says_what_there_is() -> None:
    texts = _page(everything()).texts
    assert texts[:2] == ["Wrapper · 19 tensors · 286 parameters", "mmcv · SGD lr 0.1 · weight_decay 1e-4"]
    words = "".join(texts)
    for part in ("0.1 – 1 lr", "17 groups", "1 frozen", "2 in no optimizer", "1 error, 2 warnings, 1 info"):
        assert part in words
    assert "custom_keys.head" in texts
    assert "PG011 unknown-option" in texts
    assert "blocks.{0..2}.bn1.{weight,bias}" in texts
    assert "1.85e-6 – 5e-4 scheduled lr" in "".join(_page(_layer_decay()).texts)
    assert {"lr@0", "lr@50"} <= {*_page(scheduled(at=(0, 50))).texts}


def test_names_are_text() -> None:
    page = _page(hostile())
    assert any(visible(HOSTILE) in text for text in page.texts)
    assert all(text.isprintable() for text in page.texts)


@given(st.text(max_size=30), st.text(max_size=30))
def test_random_names_and_messages_are_text(name: str, message: str) -> None:
    found = Finding.error(message, None, f"<script>{name}")
    rule = Provenance("custom_keys", f"<script>{message}")
    params = made.param(f"<script>{name}", 0.1, 0.1, rule, rule), made.param("</script><!--", None, None)
    page = _page(made.report(*params, findings=(found,), model=f"</div>{name}"))
    assert all(text.isprintable() for text in page.texts)
    assert visible(f"<script>{name}") in page.texts


@pytest.mark.parametrize(("scheduler", "multiplies"), [("timm:cosine", True), ("CosineAnnealingLR", False)])
def test_only_an_lr_that_the_schedule_comes_to_is_called_scheduled(scheduler: str, multiplies: bool) -> None:
    length = {"num_epochs": 10} if multiplies else {"T_max": 10}
    config = {"optimizer": {"type": "AdamW", "lr": 0.1}, "constructor": "timm", "paramwise_cfg": {"layer_decay": 0.5}}
    report = pgaudit.audit("test_vit", {**config, "scheduler": {"type": scheduler, **length}})
    html = report._repr_mimebundle_()["text/html"]
    assert [report.scheduled, "scheduled" in str(report), "scheduled" in html] == [multiplies] * 3
