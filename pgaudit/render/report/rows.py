"""What ``show`` tells of each parameter: its name, count, shape, values with their marks, and rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgaudit.core.assignment import ParamAssignment
from pgaudit.render.columns import Column, Row, Table
from pgaudit.render.numbers import hyperparameter, number, shape
from pgaudit.render.select import Fold, Section
from pgaudit.render.style import BASE, DECIDED_BY, colour, labels
from pgaudit.render.styled import Text
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import visible

Folds = Sequence[tuple[Section, Sequence[Fold]]]


def rows_table(report: Report, folds: Folds, options: TableOptions) -> Table:
    """Returns the table of a report's parameters."""
    folded = any(len(line.rows) > 1 for _, lines in folds for line in lines)
    columns = [
        Column("parameter"),
        Column(options.marks.times, right=True) if folded else Column("shape", drop=1),
        *(Column(f"  {title}") for title in ("lr", *(["scheduled"] if report.scheduled else []), "decay")),
        Column(DECIDED_BY),
    ]
    return Table(columns, _Rows(report, folds, folded, options), moving=True)


@dataclass(frozen=True)
class _Rows:
    """Rows that are made when they are asked for."""

    report: Report
    folds: Folds
    folded: bool
    options: TableOptions

    def __iter__(self) -> Iterator[Row | Text]:
        # Rows that share these say the same right of the shape.
        made: dict[tuple[int, int | None, bool | None], _Cells] = {}
        for section, lines in self.folds:
            if section.heading:
                yield from (Text(), Text(section.heading, "bold underline"))
            for line in lines:
                row = line.rows[0]
                kind = id(row.setting), row.optimizer, row.param.trainable
                if kind not in made:
                    made[kind] = _cells(self.report, row, self.options)
                yield self._row(line, made[kind])

    def _row(self, line: Fold, own: _Cells) -> Row:
        if self.folded:
            second = Text(str(len(line.rows)), BASE if len(line.rows) == 1 else "")
        else:
            second = Text(shape(line.rows[0].param.shape, self.options.marks.times), BASE)
        cells = [second, *own.values, own.rules]
        obvious = own.rules.plain == "default"
        return Row(visible(line.name), cells, under=_aliases(line), short=own.short, obvious=obvious)


def _aliases(line: Fold) -> list[str]:
    if len(line.rows) == 1:
        return [f"  = {visible(alias)}" for alias in line.rows[0].param.aliases]
    named = sum(bool(each.param.aliases) for each in line.rows)
    return [f"  {named} of them have other names, too"] if named else []


@dataclass(frozen=True, slots=True)
class _Cells:
    """What stands right of the shape, the same for all parameters with one setting."""

    values: Sequence[Text]
    rules: Text
    short: Text
    """The rules without their lines."""


def _cells(report: Report, row: ParamAssignment, options: TableOptions) -> _Cells:
    setting, base = row.setting, report.optimizer_of(row).base
    shown = [(setting.lr, base.lr, setting.lr_rule)]
    shown += [(setting.peak_lr, base.peak_lr, setting.lr_rule)] if report.scheduled else []
    shown += [(setting.weight_decay, base.weight_decay, setting.weight_decay_rule)]
    values = [
        Text(
            _value(value, own, options, left_out=not row.in_optimizer),
            BASE if value == own and row.in_optimizer else f"bold {colour(rule)}",
        )
        for value, own, rule in shown
    ]
    return _Cells(values, *(_rules(report, row, options, line=line) for line in (True, False)))


def _rules(report: Report, row: ParamAssignment, options: TableOptions, *, line: bool) -> Text:
    """The rules, what else they write into the group, and of several optimizers which."""
    words = Text.assemble(*labels(row.setting, options.marks, line=line, trainable=row.param.trainable))
    held = report.extra_of(row.setting, row.optimizer)
    extra = [Text(hyperparameter(key, value), colour(row.setting.lr_rule)) for key, value in held.items()]
    if row.optimizer is not None and len(report.assignment.optimizers) > 1:
        extra.append(Text(visible(report.optimizer_of(row).type), BASE))
    return Text.joined([words, *extra], Text(f" {options.marks.dot} ", BASE))


def _value(value: float | None, base: float | None, options: TableOptions, *, left_out: bool) -> str:
    """Returns a value with its mark; values equal to the base have a blank in its place."""
    marks = options.marks
    if value is None:
        return f"{marks.left_out if left_out else ' '} {marks.none}"
    mark = " " if value == base or base is None else marks.higher if value > base else marks.lower
    text = f"{mark} {number(value)}"
    if options.mult and base and value != base:
        text += f" ({marks.times}{number(value / base)})"
    return text
