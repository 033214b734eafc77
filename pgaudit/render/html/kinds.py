"""What stands right of a parameter's shape, told once for all parameters that get the same from the same: values with
their marks and shades, and what decided them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import deciding_rules
from pgaudit.render.html.shades import distance, shade, span
from pgaudit.render.html.shares import Shares
from pgaudit.render.over_time import lr_title, product_titles
from pgaudit.render.pages.explain import others
from pgaudit.render.report.rows import held, optimizer_of_several
from pgaudit.render.report.values import ShownValue, cell, values
from pgaudit.render.style import UNICODE, group_words, label, labels
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import visible


@dataclass(frozen=True)
class Kinds:
    """All that parameters get, each kind once."""

    entries: Sequence[dict[str, Any]]
    """For the page's script."""
    of: Sequence[int]
    """The kind of each row."""
    first: Sequence[ParamAssignment]
    """The first row of each kind."""


def kinds_of(report: Report, rows: Sequence[ParamAssignment], shares: Shares) -> Kinds:
    """Returns what rows get.

    Args:
        report: which has them.
        rows: the parameters, in the order of the page.
        shares: the bars by which they can be chosen.
    """
    numbers: dict[Hashable, int] = {}
    first: list[ParamAssignment] = []
    of = []
    for row in rows:
        lrs = tuple(report.lrs_at(row).values())
        key = id(row.setting), row.optimizer, row.param.trainable, row.also_in, group_words([row]), lrs
        if (number := numbers.setdefault(key, len(first))) == len(first):
            first.append(row)
        of.append(number)
    shown = [values(report, row) for row in first]
    columns = list(zip(*shown, strict=True))
    ranks = [_ranks(column) for column in columns]
    spans = [span(distance(each.value, each.base) for each in column) for column in columns]
    entries = [
        {
            "values": [
                _value(row, each, ranks[place][_sortable(each)], spans[place]) for place, each in enumerate(of_kind)
            ],
            **_words(report, row, shares),
        }
        for row, of_kind in zip(first, shown, strict=True)
    ]
    return Kinds(entries, of, first)


def lr_place(report: Report) -> int:
    """Returns which of the values is the lr that counts: that of the schedule's full height, where there is one."""
    return int(report.scheduled)


def decay_place(report: Report) -> int:
    """Returns which of the values is the weight decay."""
    return titles_of(report).index("decay")


def titles_of(report: Report) -> list[str]:
    """Returns the titles of the values."""
    scheduled = ["scheduled"] if report.scheduled else []
    return ["lr", *scheduled, *map(lr_title, report.at), "decay", *product_titles(report, UNICODE)]


def _words(report: Report, row: ParamAssignment, shares: Shares) -> dict[str, Any]:
    """What decided, each with the bar whose colour it has; and what else there is to say of the kind."""
    built = group_words([row])
    own = shares.places(report, row)
    bar_of = dict(zip(map(label, deciding_rules(row.setting)), own, strict=False))
    other = own[0] if built else -1
    words: list[tuple[str, int]] = []
    for word, _ in labels(row.setting, UNICODE, trainable=row.param.trainable, built=built):
        if word.strip() == UNICODE.dot:
            continue
        words.append((word, next((bar for rule, bar in bar_of.items() if word.endswith(rule)), other)))
    words += [(word, -1) for word in held(report, row)]
    if (optimizer := optimizer_of_several(report, row)) is not None:
        words.append((visible(optimizer), -1))
    also = ", ".join(f"optimizer {optimizer}, group {group}" for optimizer, group in row.also_in)
    return {
        "words": words,
        "bars": own,
        "frozen": row.param.trainable is False,
        "out": not row.in_optimizer,
        "also": also,
        "held": [*others(row.setting)],
        "groups": sum(group.optimizer == row.optimizer for group in report.groups) if row.in_optimizer else 0,
    }


def _value(row: ParamAssignment, shown: ShownValue, rank: int, widest: float) -> list[object]:
    """A value as it is read, in full, on which side of the base it is, how far from it, and its rank."""
    quiet, built = row.param.trainable is False, bool(group_words([row]))
    text = cell(shown, TableOptions(), left_out=not row.in_optimizer, built=built, quiet=quiet).plain
    exact = "" if shown.value is None else repr(shown.value)
    if quiet or not shown.changed or shown.value is None or shown.base is None:
        return [text, exact, 0, 0, rank]
    side = 1 if shown.value > shown.base else -1
    return [text, exact, side, shade(distance(shown.value, shown.base), widest), rank]


def _sortable(shown: ShownValue) -> tuple[bool, bool, float]:
    """What orders values: none before all numbers, and what is no number behind them."""
    value = shown.value
    if value is None or value != value:
        return value is not None, value is not None, 0.0
    return True, False, float(value)


def _ranks(column: Sequence[ShownValue]) -> dict[tuple[bool, bool, float], int]:
    return {value: rank for rank, value in enumerate(sorted(set(map(_sortable, column))))}
