"""What ``show`` tells of each parameter: its name, count, shape, values beside the base ones, and rules."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import Provenance
from pgaudit.render.columns import Column, Last, Row, Table
from pgaudit.render.numbers import computed, hyperparameter, number, shape
from pgaudit.render.over_time import late_columns, lr_title, missing, product_titles
from pgaudit.render.select import Fold, Section, Selection, fold, select, unfolded
from pgaudit.render.style import BASE, DECIDED_BY, LEFT_OUT, Marks, colour, group_words, labels
from pgaudit.render.styled import Text
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import visible

Folds = Sequence[tuple[Section, Sequence[Fold]]]
_Cells = tuple[Sequence[Text], Last]
"""What stands right of the shape, the same for all parameters with one setting: the values, and the rules."""


@dataclass(frozen=True, slots=True)
class ShownValue:
    """One value of a parameter."""

    value: float | None
    """None where the parameter is in no group."""
    base: float | None
    """What its optimizer gives to parameters that no rule is about."""
    rule: Provenance | None
    further: bool = False
    """Whether it is computed from others: a lr over time, or weight decay × lr."""

    @property
    def changed(self) -> bool:
        """Whether it is another one than the base value."""
        return self.value != self.base


def folds(report: Report, selection: Selection, *, folded: bool) -> Folds:
    """Returns the lines that are shown, by section; each stands for one parameter or, folded, for those alike.

    Raises:
        UsageError: the selection can match nothing.
    """
    taken = report.taken
    return [
        (section, fold(section.rows, taken, report.lrs_at if report.at else None) if folded else unfolded(section.rows))
        for section in select(report, selection)
    ]


def values(report: Report, row: ParamAssignment) -> list[ShownValue]:
    """Returns the lr, the lr at the schedule's full height where the report has one, those at the steps that were
    asked, the weight decay, and weight decay × lr where that was asked: see :func:`value_columns`.
    """
    setting, base = row.setting, report.optimizer_of(row).base
    scheduled = [ShownValue(setting.peak_lr, base.peak_lr, setting.lr_rule)] if report.scheduled else []
    return [
        ShownValue(setting.lr, base.lr, setting.lr_rule),
        *scheduled,
        *_over_time(report, row),
        ShownValue(setting.weight_decay, base.weight_decay, setting.weight_decay_rule),
        *(_products(report, row) if report.with_products else []),
    ]


def value_columns(report: Report, marks: Marks) -> list[Column]:
    """Returns the columns of these values."""
    scheduled = ["scheduled"] if report.scheduled else []
    before = [Column(f"  {title}") for title in ("lr", *scheduled)]
    return [*before, *late_columns(list(map(lr_title, report.at))), Column("  decay"), *_product_columns(report, marks)]


def _product_columns(report: Report, marks: Marks) -> list[Column]:
    titles = product_titles(report, marks)
    return late_columns(titles) if report.at else [Column(f"  {title}") for title in titles]


def _over_time(report: Report, row: ParamAssignment) -> Iterator[ShownValue]:
    """The lrs at the steps that were asked, beside what the schedule makes of the optimizer's own lr."""
    base = report.base_lrs_at(row.optimizer)
    changed = row.lr != report.optimizer_of(row).base.lr
    for step, lr in report.lrs_at(row).items():
        # Where no group has the optimizer's own lr, nothing says what becomes of it.
        yield ShownValue(lr, base.get(step, None if changed else lr), row.setting.lr_rule, further=True)


def _products(report: Report, row: ParamAssignment) -> Iterator[ShownValue]:
    """Weight decay × lr, or that of each step, beside the product of the optimizer's own values."""
    optimizer, setting = report.optimizer_of(row), row.setting
    base = optimizer.base
    rules = [rule for rule in (setting.weight_decay_rule, setting.lr_rule) if rule]
    rule = next((rule for rule in rules if not rule.is_base), rules[0] if rules else None)
    if not report.at:
        own = optimizer.decay_per_step(base.lr, base.weight_decay)
        yield ShownValue(report.decay_per_step(row), own, rule, further=True)
    lrs = report.base_lrs_at(row.optimizer)
    for step, share in report.decay_per_step_at(row).items():
        own = optimizer.decay_per_step(lrs.get(step), base.weight_decay)
        yield ShownValue(share, own if lrs else share, rule, further=True)


def held(report: Report, row: ParamAssignment) -> list[str]:
    """Returns what a row's group holds beside lr and weight decay, a word each: ``momentum 0.8``."""
    return [hyperparameter(*item) for item in report.extra_of(row.setting, row.optimizer).items()]


def optimizer_of_several(report: Report, row: ParamAssignment) -> str | None:
    """Returns the optimizer that a row is in, where there are several."""
    if len(report.assignment.optimizers) < 2 or not row.in_optimizer:
        return None
    return report.optimizer_title(row.optimizer or 0)


def decided_by(report: Report) -> str:
    """Returns the title of the last column: of what was built, there is no more to say than the group."""
    return DECIDED_BY if report.rules or not report.groups else "group"


def rows_table(report: Report, folds: Folds, options: TableOptions) -> Table:
    """Returns the table of a report's parameters."""
    folded = any(len(line.rows) > 1 for _, lines in folds for line in lines)
    columns = [
        Column("parameter"),
        Column(options.marks.times, right=True) if folded else Column("shape", drop=1),
        *value_columns(report, options.marks),
        Column(decided_by(report)),
    ]
    return Table(columns, _Rows(report, folds, folded, options), moving=True, missing=missing)


@dataclass(frozen=True)
class _Rows:
    """Rows that are made when they are asked for."""

    report: Report
    folds: Folds
    folded: bool
    options: TableOptions

    def __iter__(self) -> Iterator[Row | Text]:
        # Rows that share these say the same right of the shape.
        made: dict[tuple[Hashable, ...], _Cells] = {}
        for section, lines in self.folds:
            if section.heading:
                yield from (Text(), Text(section.heading, "bold underline"))
            for line in lines:
                row = line.rows[0]
                built = group_words(line.rows)
                lrs = tuple(self.report.lrs_at(row).values())
                kind = id(row.setting), row.optimizer, row.param.trainable, built, lrs
                if kind not in made:
                    made[kind] = _cells(self.report, row, self.options, built)
                yield self._row(line, made[kind])

    def _row(self, line: Fold, own: _Cells) -> Row:
        if self.folded:
            second = Text(str(len(line.rows)), BASE if len(line.rows) == 1 else "")
        else:
            second = Text(shape(line.rows[0].param.shape, self.options.marks.times), BASE)
        values, last = own
        return Row(visible(line.name), [second, *values], last, under=_aliases(line))


def _aliases(line: Fold) -> list[str]:
    if len(line.rows) == 1:
        return [f"  = {visible(alias)}" for alias in line.rows[0].param.aliases]
    named = sum(bool(each.param.aliases) for each in line.rows)
    return [f"  {named} of them have other names, too"] if named else []


def _cells(report: Report, row: ParamAssignment, options: TableOptions, built: str) -> _Cells:
    shown, left_out = [], not row.in_optimizer
    for each in values(report, row):
        style = _style(each, built=bool(built)) if each.changed or (left_out and not each.further) else BASE
        shown.append(Text(_value(each, options, left_out=left_out), style))
    whole, short = (_rules(report, row, options, built, line=line) for line in (True, False))
    return shown, Last(whole, short, obvious=whole.plain == "default")


def _style(value: ShownValue, *, built: bool) -> str:
    return "bold" if built else f"bold {colour(value.rule)}"


def _rules(report: Report, row: ParamAssignment, options: TableOptions, built: str, *, line: bool) -> Text:
    """The rules, what else they write into the group, and of several optimizers which."""
    found = labels(row.setting, options.marks, line=line, trainable=row.param.trainable, built=built)
    if row.also_in:  # each of them moves it
        found = [(found[0][0], f"bold {LEFT_OUT}"), *found[1:]]
    words = Text.assemble(*found)
    extra = [Text(word, "" if built else colour(row.setting.lr_rule)) for word in held(report, row)]
    if (optimizer := optimizer_of_several(report, row)) is not None:
        extra.append(Text(visible(optimizer), BASE))
    return Text.joined([words, *extra], Text(f" {options.marks.dot} ", BASE))


def _value(shown: ShownValue, options: TableOptions, *, left_out: bool) -> str:
    """Returns a value with its mark; values equal to the base have a blank in its place."""
    marks, value, base = options.marks, shown.value, shown.base
    if value is None:
        return f"{marks.left_out if left_out and not shown.further else ' '} {marks.none}"
    mark = " " if value == base or base is None else marks.higher if value > base else marks.lower
    text = f"{mark} {computed(value) if shown.further else number(value)}"
    if options.mult and base and shown.changed and not shown.further:
        text += f" ({marks.times}{number(value / base)})"
    return text
