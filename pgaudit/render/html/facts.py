"""What a page says at its top: the model, the optimizers, and a few figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pgaudit.core.findings import SEVERITIES, severity_words
from pgaudit.render.numbers import computed, elements, number
from pgaudit.render.over_time import schedule_lines
from pgaudit.render.report.table import optimizer_words
from pgaudit.render.style import UNICODE
from pgaudit.report import Report
from pgaudit.serialize import portable
from pgaudit.text import counted, visible
from pgaudit.totals import totals


class Card(NamedTuple):
    """One figure."""

    title: str
    figure: str
    note: str = ""
    to: str = ""
    """The part of the page that tells more."""
    tone: str = ""
    """A severity."""


def title_of(report: Report) -> str:
    """Returns what the model is called."""
    model = report.assignment.model
    return visible(portable(model.ref) or model.type or "a model")


def about(report: Report) -> list[str]:
    """Returns the lines below the title: where it was read from, who decided, the optimizers, their schedules."""
    first = [portable(report.path), report.constructor]
    optimizers = [optimizer_words(report, each, UNICODE) for each in report.assignment.optimizers] or [[]]
    lines = [[*(visible(word) for word in first if word), *optimizers[0]], *optimizers[1:]]
    return [f" {UNICODE.dot} ".join(words) for words in (*lines, *schedule_lines(report, UNICODE)) if words]


def cards(report: Report) -> Iterator[Card]:
    """Yields the figures."""
    found = totals(report.assignment, scheduled=report.scheduled)
    notes = [
        f"{found.frozen:,} frozen" if found.frozen else "",
        f"{found.left_out:,} not in the optimizer" if found.left_out else "",
    ]
    yield Card("tensors", f"{len(report):,}", ", ".join(filter(None, notes)), "#parameters")
    yield Card("parameters", elements(report.numel))
    yield _lrs(found.lrs, scheduled=report.scheduled)
    if found.decayed is None:
        yield Card("decayed", UNICODE.none)
    else:
        of = f"{found.decayed_tensors:,} of {counted(found.trained_tensors, 'tensor')}"
        yield Card("decayed", f"{found.decayed} %", of)
    yield Card("settings", f"{found.settings:,}", f"in {counted(len(report.groups), 'group')}", "#rules")
    yield _findings(report)


def _lrs(span: tuple[float, float] | None, *, scheduled: bool) -> Card:
    """The lowest and the highest lr; under a schedule that multiplies, of what it comes to."""
    title = "scheduled lr" if scheduled else "lr"
    if span is None:
        return Card(title, UNICODE.none)
    low, high = span
    words = computed if scheduled else number
    figure = number(low) if low == high else f"{words(low)} – {words(high)}"
    return Card(title, figure, f"{computed(high / low)}-fold" if high > low > 0 else "")


def _findings(report: Report) -> Card:
    words = severity_words(report.findings)
    ignored = f"{len(report.ignored)} ignored" if report.ignored else ""
    if not words:
        return Card("findings", "none", ignored, "#findings")
    gravest = min((finding.severity for finding in report.findings), key=SEVERITIES.index)
    return Card("findings", words[0], ", ".join(filter(None, [*words[1:], ignored])), "#findings", gravest)
