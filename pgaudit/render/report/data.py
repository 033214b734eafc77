"""Report → JSON and CSV."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pgaudit import serialize
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import Provenance
from pgaudit.render.data import csv_text, json_text
from pgaudit.render.numbers import shape
from pgaudit.render.select import Section, Selection, select
from pgaudit.report import Report
from pgaudit.text import visible


def render_json(report: Report, selection: Selection) -> Iterator[str]:
    """Returns the JSON report in pieces: that of a million parameters would fill the memory of most machines.

    A selection chooses among ``params``; all else speaks of the whole model. Everything that is not ASCII is escaped,
    so that a name reaches a program unchanged and a terminal harmless.

    Raises:
        UsageError: the selection can match nothing. It is raised before the first piece.
    """
    return _pieces(report, select(report, selection))


def _pieces(report: Report, sections: Sequence[Section]) -> Iterator[str]:
    rows = (row for section in sections for row in section.rows)
    before, _, rest = _dumped(report.head()).partition(_EMPTY.format("params"))
    between, _, after = rest.partition(_EMPTY.format("groups"))
    yield before
    yield from _listed("params", map(report.entry, rows))
    yield between
    yield from _listed("groups", map(serialize.group, report.groups))
    yield f"{after}\n"


_EMPTY = '\n  "{}": []'
"""Only the report's own: what stands deeper is indented further, and no string has a line's end in it."""


def _listed(key: str, entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    empty = _EMPTY.format(key)
    begin = empty.removesuffix("]")
    for entry in entries:
        yield f"{begin}\n    " + _dumped(entry).replace("\n", "\n    ")
        begin = ","
    yield empty if begin != "," else "\n  ]"


def _dumped(data: Mapping[str, Any]) -> str:
    return json_text(data).removesuffix("\n")


_CSV = (
    *("name", "aliases", "shape", "numel", "dtype", "module_type", "trainable", "in_optimizer", "group"),
    *("lr", "weight_decay", "lr_rule", "lr_key", "lr_line"),
    *("weight_decay_rule", "weight_decay_key", "weight_decay_line", "scheduled_lr", "extra", "optimizer"),
)


def render_csv(report: Report, selection: Selection) -> str:
    """Returns one line a parameter; numbers in full precision, an empty field where there is none."""
    rows = (row for section in select(report, selection) for row in section.rows)
    steps = [f"_{step}" for step in report.at]
    further = [f"lr_at{step}" for step in steps]
    if report.with_products:
        further += ["decay_per_step", *(f"decay_per_step_at{step}" for step in steps)]
    return csv_text([*_CSV, *further], ([*_csv_fields(row), *_csv_further(report, row)] for row in rows))


def _csv_further(report: Report, row: ParamAssignment) -> list[float | None]:
    """The lr at each step that was asked; then weight decay × lr, and that of each step, where it was asked."""
    products = [report.decay_per_step(row), *report.decay_per_step_at(row).values()] if report.with_products else []
    return [*report.lrs_at(row).values(), *products]


def _csv_fields(row: ParamAssignment) -> list[object]:
    parameter = row.param
    return [
        visible(parameter.name),
        visible(" ".join(parameter.aliases)),
        shape(parameter.shape, "x") if parameter.shape else "",
        parameter.numel,
        parameter.dtype,
        visible(parameter.module_type),
        str(parameter.trainable).lower(),
        str(row.in_optimizer).lower(),
        row.group,
        row.lr,
        row.weight_decay,
        *_rule_fields(row.setting.lr_rule),
        *_rule_fields(row.setting.weight_decay_rule),
        row.scheduled_lr,
        _extra_text(row),
        row.optimizer,
    ]


def _extra_text(row: ParamAssignment) -> str | None:
    extra = serialize.extra(row.setting)["extra"]
    return json.dumps(extra, ensure_ascii=True) if extra else None


def _rule_fields(rule: Provenance | None) -> list[object]:
    if rule is None:
        return [None, None, None]
    return [
        rule.option,
        visible(rule.key) if rule.key is not None else None,
        visible(rule.location.mark.removeprefix(":")) if rule.location else None,
    ]
