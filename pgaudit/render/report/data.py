"""Report → JSON and CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pgaudit import serialize
from pgaudit.columns import Column, Kind
from pgaudit.core.assignment import ParamAssignment
from pgaudit.render.data import csv_text, json_text
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


def render_csv(report: Report, selection: Selection) -> str:
    """Returns one line a parameter; numbers in full precision, an empty field where there is none."""
    rows = [row for section in select(report, selection) for row in section.rows]
    columns = report.columns
    return csv_text([each.name for each in columns], zip(*(_fields(each, rows) for each in columns), strict=True))


def _fields(column: Column, rows: Sequence[ParamAssignment]) -> Iterator[object]:
    values, written = map(column.value, rows), _WRITTEN.get(column.kind)
    return map(cache(written), values) if written else values


_WRITTEN: Mapping[Kind, Callable[[Any], str | None]] = {
    "text": visible,
    "texts": lambda texts: visible(" ".join(texts)),
    "word": lambda word: None if word is None else visible(word),
    "ints": lambda sizes: "x".join(map(str, sizes or ())),
    "bool": lambda truth: None if truth is None else str(truth).lower(),
}
"""How values stand in a field."""
