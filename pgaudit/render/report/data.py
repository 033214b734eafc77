"""Report → JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pgaudit import serialize
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import Provenance
from pgaudit.render.markdown import code, escaped, table
from pgaudit.render.numbers import elements, hyperparameter, number, shape
from pgaudit.render.select import Fold, Section, Selection, fold, select, unfolded
from pgaudit.render.style import DECIDED_BY, label
from pgaudit.report import Report
from pgaudit.text import counted, visible


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
    yield from _listed("params", map(serialize.param, rows))
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
    return json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False)


_CSV = [
    "name",
    "aliases",
    "shape",
    "numel",
    "dtype",
    "module_type",
    "trainable",
    "in_optimizer",
    "group",
    "lr",
    "weight_decay",
    "lr_rule",
    "lr_key",
    "lr_line",
    "weight_decay_rule",
    "weight_decay_key",
    "weight_decay_line",
    "scheduled_lr",
    "extra",
    "optimizer",
]


def render_csv(report: Report, selection: Selection) -> str:
    """Returns one line a parameter; numbers in full precision, an empty field where there is none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_CSV)
    for section in select(report, selection):
        for row in section.rows:
            writer.writerow(_csv_fields(row))
    return out.getvalue()


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


def render_markdown(report: Report, selection: Selection, *, folded: bool = False) -> str:
    """Returns tables that a pull request or a notebook shows; what differs from the base is bold."""
    words = [
        counted(len(report), "tensor"),
        *([] if report.numel is None else [f"{elements(report.numel)} parameters"]),
    ]
    words += [report.constructor] if report.constructor else []
    words += [
        f"{escaped(str(each.type))} lr {number(each.base.lr)}, weight_decay {number(each.base.weight_decay)}"
        for each in report.assignment.optimizers
    ]
    lines = [" · ".join([f"**{escaped(str(report.assignment.model.ref))}**", *words]), ""]
    for section in select(report, selection):
        lines += [f"### {escaped(section.heading)}", ""] if section.heading else []
        rows = fold(section.rows, report.taken) if folded else unfolded(section.rows)
        extra = any(_held(report, line.rows[0]) for line in rows)
        titles = ["parameter", "×", "lr", *(["scheduled lr"] if report.scheduled else []), "weight decay"]
        rules = ["lr rule", "decay rule", *(["beside"] if extra else [])]
        cells = (_markdown_row(report, line, extra=extra) for line in rows)
        lines += [*table([*titles, *rules], f"l{'r' * (len(titles) - 1)}{'l' * len(rules)}", cells), ""]
    counts = ((_rule(count.rule), f"{count.parameters:,}", elements(count.numel)) for count in report.rules)
    lines += table((DECIDED_BY, "tensors", "parameters"), "lrr", counts)
    if report.findings:
        found = []
        for finding in report.findings:
            hint = f" ({finding.hint})" if finding.hint else ""
            texts = (str(finding.location or ""), f"{finding.title} [{finding.severity}]", finding.message + hint)
            found.append([escaped(cell) for cell in texts])
        lines += ["", *table(("where", "finding", ""), "lll", found)]
    return "\n".join(lines) + "\n"


def _markdown_row(report: Report, line: Fold, *, extra: bool) -> list[str]:
    row = line.rows[0]
    base = report.optimizer_of(row).base
    values = [(row.lr, base.lr), (row.weight_decay, base.weight_decay)]
    if report.scheduled:
        values.insert(1, (row.setting.peak_lr, base.peak_lr))
    cells = [number(value) if value == base else f"**{number(value)}**" for value, base in values]
    rules = (row.setting.lr_rule, row.setting.weight_decay_rule)
    frozen = "" if row.param.trainable is not False else " ❄"
    words = ", ".join(f"**{escaped(word)}**" for word in _held(report, row))
    written = [*cells, *map(_rule, rules), *([words] if extra else [])]
    return [f"{code(line.name)}{frozen}", str(len(line.rows)), *written]


def _held(report: Report, row: ParamAssignment) -> list[str]:
    """What else a row's group holds; and which optimizer it is in, where there are several."""
    words = [hyperparameter(*item) for item in report.extra_of(row.setting, row.optimizer).items()]
    several = len(report.assignment.optimizers) > 1 and row.in_optimizer
    return [*words, *([str(report.optimizer_of(row).type)] if several else [])]


def _rule(rule: Provenance | None) -> str:
    return "not in the optimizer" if rule is None else escaped(label(rule))
