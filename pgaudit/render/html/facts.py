"""What a page says at its top: the model, the optimizers, and a few figures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from pgaudit.core.findings import SEVERITIES
from pgaudit.render.numbers import computed, elements, number
from pgaudit.render.over_time import schedule_lines
from pgaudit.render.report.table import optimizer_words
from pgaudit.render.style import UNICODE
from pgaudit.report import Report
from pgaudit.serialize import portable
from pgaudit.text import counted, visible


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
    frozen = sum(row.param.trainable is False for row in report.params)
    out = sum(not row.in_optimizer and row.param.trainable is not False for row in report.params)
    notes = [f"{frozen:,} frozen" if frozen else "", f"{out:,} not in the optimizer" if out else ""]
    yield Card("tensors", f"{len(report):,}", ", ".join(filter(None, notes)), "#parameters")
    yield Card("parameters", elements(report.numel))
    yield _lrs(report)
    yield _decayed(report)
    kinds = {(row.optimizer, row.setting.effect) for row in report.params if row.in_optimizer}
    yield Card("settings", f"{len(kinds):,}", f"in {counted(len(report.groups), 'group')}", "#rules")
    yield _findings(report)


def _lrs(report: Report) -> Card:
    """The lowest and the highest lr; under a schedule that multiplies, of what it comes to."""
    found = [row.setting.peak_lr for row in report.params if row.in_optimizer]
    lrs = [lr for lr in found if lr is not None and math.isfinite(lr)]
    title = "scheduled lr" if report.scheduled else "lr"
    if not lrs:
        return Card(title, UNICODE.none)
    low, high = min(lrs), max(lrs)
    words = computed if report.scheduled else number
    figure = number(low) if low == high else f"{words(low)} – {words(high)}"
    return Card(title, figure, f"{number(high / low)}-fold" if high > low > 0 else "")


def _decayed(report: Report) -> Card:
    """The share of elements, or else of tensors, in the optimizer that have a weight decay."""
    rows = [row for row in report.params if row.in_optimizer]
    known = report.numel is not None
    sizes = [(row.param.numel or 0 if known else 1, bool(row.weight_decay)) for row in rows]
    every, decayed = sum(size for size, _ in sizes), sum(size for size, decays in sizes if decays)
    if not every:
        return Card("decayed", UNICODE.none)
    note = f"{sum(decays for _, decays in sizes):,} of {counted(len(rows), 'tensor')}"
    return Card("decayed", f"{_percent(decayed, every)} %", note)


def _percent(part: int, whole: int) -> str:
    """A share in percent, which is 0 or 100 only for nothing or all."""
    if part in (0, whole):
        return "100" if part else "0"
    return f"{min(max(100 * part / whole, 0.01), 99.99):.3g}"


def _findings(report: Report) -> Card:
    counts = Counter(finding.severity for finding in report.findings)
    words = [counted(counts[severity], severity) for severity in SEVERITIES if counts[severity]]
    ignored = f"{len(report.ignored)} ignored" if report.ignored else ""
    if not words:
        return Card("findings", "none", ignored, "#findings")
    gravest = next(severity for severity in SEVERITIES if counts[severity])
    return Card("findings", words[0], ", ".join(filter(None, [*words[1:], ignored])), "#findings", gravest)
