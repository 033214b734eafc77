"""An assignment and its findings → what a notebook shows of them: a small piece of HTML.

It has inline styles and no script, so that it shows wherever a notebook does. Text has the page's own colour, and
surfaces are half transparent: it reads on a light ground as on a dark one. All text passes :func:`_element`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from pgaudit.core.assignment import Assignment, RuleCount
from pgaudit.core.findings import SEVERITIES, Finding, severity_words
from pgaudit.folds import LrsAt
from pgaudit.numbers import computed, elements, number
from pgaudit.serialize import portable_location
from pgaudit.summary import Held, first_rows, headings
from pgaudit.text import counted, visible
from pgaudit.totals import totals

_ROWS, _RULES, _FINDINGS = 12, 8, 5
"""Lines of each at most."""
_SEVERITIES = dict(zip(SEVERITIES, ("#d1242f", "#bf8700", "#4184e4"), strict=True))
"""Of the line beside a finding: each is seen on white and on black."""
_QUIET = "opacity:.7"
_EDGE = "1px solid rgba(128,128,128,.35)"
_CELL = "text-align:left;padding:1px 12px 1px 0;border:0;background:none;color:inherit;white-space:nowrap"
_NAME = "font-family:ui-monospace,Menlo,Consolas,monospace"


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def notebook_html(
    assignment: Assignment,
    findings: Sequence[Finding],
    constructor: str | None,
    held: Held,
    lrs_at: LrsAt,
    *,
    scheduled: bool,
) -> Html:
    """Returns a model, its optimizers, totals, the rules that decided, what was found, and the first parameters; see
    :func:`pgaudit.summary.summary`.
    """
    first, *others = headings(assignment, constructor)
    parts = [_element("div", _element("b", first)), *(_element("div", line, style=_QUIET) for line in others)]
    parts += [_cards(assignment, findings, scheduled=scheduled), *_findings(findings)]
    if assignment.rules:
        parts.append(_rules(assignment))
    cells, more = first_rows(assignment, held, lrs_at, _ROWS, scheduled=scheduled)
    parts += [_table(cells[0], cells[1:]), *([_element("div", more, style=_QUIET)] if more else [])]
    return _element("div", *parts, style="font-size:13px;line-height:1.5;max-width:100%;overflow-x:auto")


def _element(tag: str, *inside: str, style: str = "") -> Html:
    """The one place where HTML is made: all text in it is harmless."""
    content = "".join(each if isinstance(each, Html) else escape(visible(each)) for each in inside)
    return Html(f'<{tag} style="{escape(style)}">{content}</{tag}>' if style else f"<{tag}>{content}</{tag}>")


def _cards(assignment: Assignment, findings: Sequence[Finding], *, scheduled: bool) -> Html:
    style = f"display:inline-block;border:{_EDGE};border-radius:6px;padding:2px 10px;margin:6px 8px 6px 0"
    totals = _totals(assignment, findings, scheduled=scheduled)
    cards = (_element("span", _element("b", value), f" {what}", style=style) for value, what in totals)
    return _element("div", *(each for card in cards for each in (card, " ")))


def _totals(assignment: Assignment, findings: Sequence[Finding], *, scheduled: bool) -> Iterator[tuple[str, str]]:
    """What is counted, each with its name."""
    found = totals(assignment, scheduled=scheduled)
    if found.lrs is not None:
        low, high = found.lrs
        span = number(low) if low == high else f"{computed(low)} – {computed(high)}"
        yield span, "scheduled lr" if scheduled else "lr"
    if found.decayed is not None:
        yield f"{found.decayed} %", "decayed"
    yield f"{len(assignment.groups):,}", "group" if len(assignment.groups) == 1 else "groups"
    if found.frozen:
        yield f"{found.frozen:,}", "frozen"
    if found.left_out:
        yield f"{found.left_out:,}", "in no optimizer"
    yield ", ".join(severity_words(findings)) or "no findings", ""


def _rules(assignment: Assignment) -> Html:
    rules = assignment.rules
    rows = [
        [
            each.rule.full,
            f"{each.parameters:,}",
            _bar(each.parameters / len(assignment.params)),
            elements(each.numel),
            _bar((each.numel or 0) / max(assignment.numel or 0, 1)),
        ]
        for each in rules[:_RULES]
    ]
    table = _table(["decided by", "tensors", "", "parameters", ""], rows)
    more = _more(rules, _RULES, "rule")
    return _element("div", table, *more)


def _bar(share: float) -> Html:
    inner = _element("div", style=f"width:{100 * share:.1f}%;min-width:1px;height:9px;background:#8b949e")
    return _element("div", inner, style="width:90px")


def _findings(findings: Sequence[Finding]) -> Iterator[Html]:
    for each in findings[:_FINDINGS]:
        where = f"{portable_location(each.location)} " if each.location else ""
        line = [_element("span", where, style=_QUIET), _element("b", each.title), f" {each.severity} · {each.message}"]
        hint = [_element("div", f"→ {each.hint}", style=_QUIET)] if each.hint else []
        edge = f"border-left:3px solid {_SEVERITIES[each.severity]};padding-left:8px;margin:4px 0"
        yield _element("div", *line, *hint, style=edge)
    yield from _more(findings, _FINDINGS, "finding")


def _more(given: Sequence[Finding] | Sequence[RuleCount], shown: int, noun: str) -> list[Html]:
    hidden = len(given) - shown
    return [_element("div", f"and {counted(hidden, noun)} more", style=_QUIET)] if hidden > 0 else []


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Html:
    head = _element("tr", *(_element("th", title, style=f"{_CELL};border-bottom:{_EDGE}") for title in titles))
    body = (_element("tr", *map(_cell, (_NAME, *[""] * len(row)), row), style="background:none") for row in rows)
    return _element("table", head, *body, style="border-collapse:collapse;margin:6px 0;border:0;font-size:inherit")


def _cell(own: str, text: str) -> Html:
    return _element("td", text, style=f"{_CELL};{own}" if own else _CELL)
