"""The summary is rendered, and what a reader sees is what was found: no foreign text is markup."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import pairwise, product
from pathlib import PurePath
from string import ascii_lowercase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from pgaudit.core.findings import Finding, gravity
from pgaudit.core.location import Location
from pgaudit.gate import Audit, Outcome
from pgaudit.render.findings import folded_names
from pgaudit.render.gate import markdown
from pgaudit.render.gate.markdown import render
from pgaudit.render.markdown import code, code_block, code_span, escaped
from pgaudit.text import visible
from tests.budget import examples
from tests.render.outcomes import CASES, FAILED, HOSTILE, OUTCOMES

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_DETAILS = re.compile(r"<details><summary>[\d,]+ (tensors?|other notices?)</summary>\n|</details>\n?")
_QUIET = {"text", "code_inline", "strong_open", "strong_close"}


def tokens(text: str) -> list[Token]:
    """The page; HTML in it is our own."""
    found = _MARKDOWN.parse(text)
    for token in found:
        if token.type == "html_block":
            assert _DETAILS.fullmatch(token.content)
        for child in token.children or []:
            assert child.type in _QUIET or (child.type == "html_inline" and child.content in ("<code>", "</code>"))
    return found


def shown(inline: Token) -> str:
    """What a reader sees of a line."""
    return "".join(child.content for child in inline.children or [] if child.type != "html_inline")


def under(found: Sequence[Token], kind: str) -> list[str]:
    """The lines of all elements of one kind: ``th``, ``td``, ``heading``, ``paragraph``."""
    return [shown(token) for opening, token in pairwise(found) if opening.type == f"{kind}_open"]


def test_a_page() -> None:
    found = tokens(render(CASES["everything"]))
    assert under(found, "heading") == [
        "pgaudit check: 3 audits, 1 passed, 1 failed, 1 not checked", "vit_tiny vit.yaml", "the third",
    ]  # fmt: skip
    cells = under(found, "td")
    assert [cells[i : i + 6] for i in range(0, len(cells), 6)] == [
        ["✕ failed", "vit_tiny vit.yaml", "152", "3", "2", "2"],
        ["✓ passed", "resnet.yaml", "62", "0", "0", "0"],
        ["✕ not checked", "the third", "", "", "", ""],
    ]
    assert under(found, "paragraph")[-2:] == [
        'error typo.yaml:1:1 unknown key "optimiser" (did you mean "optimizer"?)',
        "error typo.yaml no such lock file: a.lock",
    ]
    assert [token.content for token in found if token.type == "fence"] == ["blocks.{0..11}.norm{1,2}.{weight,bias}\n"]
    html = _MARKDOWN.render(render(CASES["everything"]))
    assert html.count("<details>") == html.count("</details>") == 2
    assert "<summary>48 tensors</summary>\n<pre>" in html


def test_no_audits() -> None:
    assert render([]) == "## pgaudit check: 0 audits\n"


@pytest.mark.parametrize("limit", [3000, 1600, 800, 100])
def test_a_page_that_is_too_long_gives_up_names_first(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(f"{word}.weight" for word in map("".join, product(ascii_lowercase, "wxyz")))
    notice = Finding("PG009", "duplicate-parameter", "error", "tied", None, Location("a.yaml"), names)
    outcomes = [Outcome(Audit("m", f"{name}.yaml"), (notice,)) for name in "abc"]
    monkeypatch.setattr(markdown, "LIMIT", limit)
    text = render(outcomes)
    assert len(text.encode()) <= max(limit, 500)
    assert text.count("✕ failed") == 3
    assert ("PG009" in text) is (limit >= 800)
    assert ("ax.weight" in text) is (limit >= 1600)
    assert ("see the log" in text) is (limit < 800)


@settings(max_examples=examples(100))
@given(OUTCOMES)
def test_random_outcomes_are_read_back(outcomes: list[Outcome]) -> None:
    found = tokens(render(outcomes))
    cells = under(found, "td")
    assert cells[1::6] == [visible(outcome.audit.title) for outcome in outcomes]
    loud = [outcome for outcome in outcomes if outcome.findings]
    assert under(found, "heading")[1:] == [visible(outcome.audit.title) for outcome in loud]
    assert _squeezed(under(found, "paragraph")) == _squeezed(line for outcome in loud for line in _said(outcome))
    blocks = [token.content for token in found if token.type == "fence"]
    assert blocks == [
        "".join(f"{line}\n" for line in folded_names(notice.params, 100))
        for outcome in outcomes
        for notice in _sorted(outcome)
        if outcome.fails(notice) and len(notice.params) > 1
    ]


def _squeezed(lines: Iterator[str] | Sequence[str]) -> list[str]:
    """Blanks at the end of a line are nothing to a reader."""
    return [line.rstrip() for line in lines]


def _sorted(outcome: Outcome) -> list[Finding]:
    return sorted(outcome.findings, key=lambda finding: (not outcome.fails(finding), -gravity(finding.severity)))


def _said(outcome: Outcome) -> Iterator[str]:
    for said in _sorted(outcome):
        what = "error" if said.stops else f"{said.code} {said.name}"
        if said.severity != "error":
            what += f" [{said.severity}]"
        at = said.location or Location(outcome.audit.config)
        where = dataclasses.replace(at, path=str(PurePath(at.path or "")))
        hint = f" ({said.hint})" if said.hint else ""
        yield f"{what} {visible(where)} {visible(said.message + hint)}"


@settings(max_examples=examples(300))
@given(HOSTILE, st.lists(HOSTILE, min_size=1, max_size=3))
def test_random_text_is_code_and_words(text: str, lines: list[str]) -> None:
    page = f"# {code_span(text)}\n\n| a |\n|---|\n| {code(text)} |\n\nx {escaped(text)} x\n\n{code_block(lines)}\n"
    found = tokens(page)
    assert [*under(found, "heading"), *under(found, "td")] == [visible(text)] * 2
    assert under(found, "paragraph") == [f"x {visible(text)} x"]
    assert [token.content for token in found if token.type == "fence"] == ["".join(f"{visible(s)}\n" for s in lines)]
    assert visible(text) in unescape(_MARKDOWN.render(page))
    assert "\\\\|" not in code(text)  # GitHub takes the bar for the end of the cell, this reader does not


def test_levels_of_what_fails_nothing_are_told() -> None:
    assert under(tokens(render([FAILED])), "paragraph")[-2].startswith("PG001 dead-key [warning] vit.yaml:5:5 ")
