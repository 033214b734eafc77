"""Report → Markdown."""

from __future__ import annotations

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import Provenance
from pgaudit.folds import Fold
from pgaudit.render.findings import hinted
from pgaudit.render.markdown import code, code_block, escaped, table
from pgaudit.render.numbers import elements, number
from pgaudit.render.over_time import lr_title, product_titles, schedule_lines
from pgaudit.render.report.plot import plot_lines
from pgaudit.render.report.rows import folds, held, optimizer_of_several
from pgaudit.render.report.values import values_of
from pgaudit.render.select import Selection
from pgaudit.render.style import DECIDED_BY, UNICODE, group_words, label
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import counted

_PLOT_WIDTH = 100
"""Cells of a block of text that most pages show without scrolling."""


def render_markdown(report: Report, selection: Selection, *, folded: bool = False, plot: bool = False) -> str:
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
    for words in schedule_lines(report, UNICODE):
        lines += [" · ".join(map(escaped, words)), ""]
    for section, rows in folds(report, selection, folded=folded):
        lines += [f"### {escaped(section.heading)}", ""] if section.heading else []
        extra = any(_words(report, line.rows[0]) for line in rows)
        titles = ["parameter", "×", "lr", *(["scheduled lr"] if report.scheduled else []), *map(lr_title, report.at)]
        titles += ["weight decay", *product_titles(report, UNICODE)]
        rules = ["lr rule", "decay rule", *(["beside"] if extra else [])]
        cells = (_row(report, line, extra=extra) for line in rows)
        lines += [*table([*titles, *rules], f"l{'r' * (len(titles) - 1)}{'l' * len(rules)}", cells), ""]
    if plot:
        lines += [code_block(line.plain for line in plot_lines(report, TableOptions(_PLOT_WIDTH))), ""]
    counts = ((_rule(count.rule), f"{count.parameters:,}", elements(count.numel)) for count in report.rules)
    lines += table((DECIDED_BY, "tensors", "parameters"), "lrr", counts)
    if report.findings:
        texts = (
            (str(each.location or ""), f"{each.title} [{each.severity}]", hinted(each)) for each in report.findings
        )
        found = (map(escaped, cells) for cells in texts)
        lines += ["", *table(("where", "finding", ""), "lll", found)]
    return "\n".join(lines) + "\n"


def _row(report: Report, line: Fold, *, extra: bool) -> list[str]:
    row = line.rows[0]
    shown = values_of(report, line.rows)
    cells = [f"**{each.words(UNICODE)}**" if each.changed else each.words(UNICODE) for each in shown]
    rules = (row.setting.lr_rule, row.setting.weight_decay_rule)
    frozen = "" if row.param.trainable is not False else " ❄"
    words = ", ".join(f"**{escaped(word)}**" for word in _words(report, row))
    decided = [*map(_rule, rules)] if not (built := group_words(line.rows)) else [built, ""]
    return [f"{code(line.name)}{frozen}", str(len(line.rows)), *cells, *decided, *([words] if extra else [])]


def _words(report: Report, row: ParamAssignment) -> list[str]:
    optimizer = optimizer_of_several(report, row)
    return [*held(report, row), *([] if optimizer is None else [optimizer])]


def _rule(rule: Provenance | None) -> str:
    return "not in the optimizer" if rule is None else escaped(label(rule))
