"""A resumption → one HTML file: the verdict, what is wrong, the groups of both sides, and every value that the
checkpoint replaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from pgaudit.checks import pg037
from pgaudit.names import Folded
from pgaudit.render.findings import folded_names
from pgaudit.render.html.document import document
from pgaudit.render.html.facts import Card
from pgaudit.render.html.notices import NAMES, Notice
from pgaudit.render.html.resume_groups import groups_table
from pgaudit.render.pages.resume_words import both, folded, sides, sizes, verdict_words
from pgaudit.render.style import UNICODE
from pgaudit.resume import Override, Resumption, Verdict
from pgaudit.text import visible

MOST = 1_000
"""Lines of values that a page holds."""
_SETTINGS = 300
"""Distinct settings of groups that a page holds."""
_TONES: dict[Verdict, str] = {"ok": "good", "overrides": "warning", "mismatch": "error", "refused": "error"}


class Replaced(NamedTuple):
    """A value that is replaced alike for some parameters."""

    key: str
    before: str
    after: str
    tensors: int
    name: str


def render_resume_html(found: Resumption) -> str:
    """Returns the page."""
    lines = folded(found.overrides)
    replaced = [_replaced(line) for line in lines[:MOST]]
    return document(
        "resume.html",
        styles=("pages", "resume"),
        app=(),
        title=f"resume · {sides(found)}",
        about=[f" {UNICODE.dot} ".join(sizes(found))],
        cards=[*_cards(found)],
        verdict=found.verdict,
        sentence=verdict_words(found),
        advice=visible(found.advice),
        notices=_notices(found),
        groups=groups_table(found.resumed_groups, loads=found.verdict != "refused", most=_SETTINGS),
        replaced=replaced,
        hidden=len(lines) - len(replaced),
        notes=[visible(each) for each in found.notes],
    )


def _replaced(line: Folded[Override]) -> Replaced:
    first = line.rows[0]
    before, after = map(visible, both(first))
    return Replaced(visible(first.key), before, after, len(line.rows), visible(line.name))


def _cards(found: Resumption) -> Iterator[Card]:
    yield Card("verdict", found.verdict, tone=_TONES[found.verdict])
    yield Card("tensors", f"{found.tensors:,}")
    yield Card("groups", f"{found.groups:,}", to="#groups" if found.resumed_groups else "")
    if found.steps is not None:
        yield Card("step", f"{found.steps:,.0f}")
    wrong = len(found.mismatches)
    yield Card("mismatches", f"{wrong:,}", to="#findings" if wrong else "", tone="error" if wrong else "")
    values, keys = len(found.overrides), len({each.key for each in found.overrides})
    note = f"of {keys:,} {'key' if keys == 1 else 'keys'}" if keys else ""
    yield Card("values replaced", f"{values:,}", note, "#values" if values else "", "warning" if values else "")


def _notices(found: Resumption) -> list[Notice]:
    """The findings; a mismatch lists its parameters, unless its message is about all of them or names them. Advice is
    given once."""
    notices = []
    for finding in found.findings:
        each = replace(finding, hint=None) if finding.hint == found.advice else finding
        listed = each.code == pg037.KIND.code and 2 < len(each.params) < found.tensors
        notices.append(Notice(each, each.code, "", "", names=folded_names(each.params, NAMES) if listed else ()))
    return notices
