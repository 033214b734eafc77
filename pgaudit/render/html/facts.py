"""What a page says at its top: the model, the optimizers, and a few figures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.findings import SEVERITIES, severity_words
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


class _Tally(NamedTuple):
    """How many parameters share a setting, and how many elements."""

    row: ParamAssignment
    """The first of them."""
    tensors: int
    numel: int


def cards(report: Report) -> Iterator[Card]:
    """Yields the figures."""
    tallies = _tallies(report)
    frozen = sum(each.tensors for each in tallies if each.row.param.trainable is False)
    out = sum(each.tensors for each in tallies if not each.row.in_optimizer and each.row.param.trainable is not False)
    notes = [f"{frozen:,} frozen" if frozen else "", f"{out:,} not in the optimizer" if out else ""]
    yield Card("tensors", f"{len(report):,}", ", ".join(filter(None, notes)), "#parameters")
    yield Card("parameters", elements(report.numel))
    trained = [each for each in tallies if each.row.in_optimizer]
    yield _lrs(trained, scheduled=report.scheduled)
    yield _decayed(trained, known=report.numel is not None)
    kinds = {(each.row.optimizer, each.row.setting.effect) for each in trained}
    yield Card("settings", f"{len(kinds):,}", f"in {counted(len(report.groups), 'group')}", "#rules")
    yield _findings(report)


def _tallies(report: Report) -> list[_Tally]:
    rows: dict[tuple[object, ...], ParamAssignment] = {}
    tensors: Counter[tuple[object, ...]] = Counter()
    numel: Counter[tuple[object, ...]] = Counter()
    for row in report.params:
        alike = id(row.setting), row.optimizer, row.param.trainable
        rows.setdefault(alike, row)
        tensors[alike] += 1
        numel[alike] += row.param.numel or 0
    return [_Tally(row, tensors[alike], numel[alike]) for alike, row in rows.items()]


def _lrs(trained: Sequence[_Tally], *, scheduled: bool) -> Card:
    """The lowest and the highest lr; under a schedule that multiplies, of what it comes to."""
    found = [each.row.setting.peak_lr for each in trained]
    lrs = [lr for lr in found if lr is not None and math.isfinite(lr)]
    title = "scheduled lr" if scheduled else "lr"
    if not lrs:
        return Card(title, UNICODE.none)
    low, high = min(lrs), max(lrs)
    words = computed if scheduled else number
    figure = number(low) if low == high else f"{words(low)} – {words(high)}"
    return Card(title, figure, f"{computed(high / low)}-fold" if high > low > 0 else "")


def _decayed(trained: Sequence[_Tally], *, known: bool) -> Card:
    """The share of elements, or else of tensors, in the optimizer that have a weight decay."""
    decayed = [each for each in trained if each.row.weight_decay]
    of, every = (sum(each.numel if known else each.tensors for each in some) for some in (decayed, trained))
    if not every:
        return Card("decayed", UNICODE.none)
    tensors, all_tensors = (sum(each.tensors for each in some) for some in (decayed, trained))
    return Card("decayed", f"{percent(of, every)} %", f"{tensors:,} of {counted(all_tensors, 'tensor')}")


def percent(part: int, whole: int) -> str:
    """Returns a share in percent, which is 0 or 100 only for nothing or all."""
    if part in (0, whole):
        return "100" if part else "0"
    share = min(max(100 * part / whole, 0.01), 99.99)
    return f"{share:.4g}" if share >= 99.95 else f"{share:.3g}"


def _findings(report: Report) -> Card:
    words = severity_words(report.findings)
    ignored = f"{len(report.ignored)} ignored" if report.ignored else ""
    if not words:
        return Card("findings", "none", ignored, "#findings")
    gravest = min((finding.severity for finding in report.findings), key=SEVERITIES.index)
    return Card("findings", words[0], ", ".join(filter(None, [*words[1:], ignored])), "#findings", gravest)
