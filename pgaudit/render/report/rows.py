"""What ``show`` tells of each parameter: its name, count, shape, values beside the base ones, and rules."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import Provenance, deciding_rules
from pgaudit.folds import Fold, graded, is_graded, unfolded
from pgaudit.names import Folded
from pgaudit.render.choices import GroupBy
from pgaudit.render.columns import Column, Last, Row, Table
from pgaudit.render.numbers import hyperparameter, shape
from pgaudit.render.over_time import missing
from pgaudit.render.report.grading import staircase
from pgaudit.render.report.values import cell, value_columns, values_of
from pgaudit.render.select import Section, Selection, select
from pgaudit.render.style import BASE, DECIDED_BY, LEFT_OUT, colour, group_key, group_words, labels
from pgaudit.render.styled import Text
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import visible

Folds = Sequence[tuple[Section, Sequence[Fold]]]
_Cells = tuple[Sequence[Text], Last]
"""What stands right of the shape, the same for all parameters with one setting: the values, and the rules."""


def folds(report: Report, selection: Selection, *, folded: bool) -> Folds:
    """Returns the lines that are shown, by section; each stands for one parameter or, folded, for those alike.

    Raises:
        UsageError: the selection can match nothing.
    """
    lrs = report.lrs_at if report.at else None
    return [
        (section, graded(section.rows, report.taken, lrs) if folded else unfolded(section.rows))
        for section in select(report, selection)
    ]


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


def rows_table(
    report: Report,
    folds: Folds,
    options: TableOptions,
    by: GroupBy | None = None,
    usual: Provenance | None = None,
) -> Table:
    """Returns the table of a report's parameters.

    Args:
        report: which has them.
        folds: the lines that are shown.
        options: how tables are drawn.
        by: what the sections' headings say already.
        usual: the rule of the lr that is named above.
    """
    lines = [line for _, lines in folds for line in lines]
    drawn = _Drawn(
        folded=any(len(line.rows) > 1 for line in lines),
        graded=any(map(is_graded, lines)),
        rules=by != "rule",
        usual=usual,
    )
    second = Column(options.marks.times, right=True) if drawn.folded else Column("shape", drop=1)
    values = value_columns(report, options.marks)
    if drawn.graded:
        values.insert(_stairs(report), Column(drop=2))
    columns = [Column("parameter"), second, *values, _last_column(report, drawn)]
    return Table(columns, _Rows(report, folds, drawn, options), moving=True, missing=missing)


def one_by_one(report: Report, options: TableOptions) -> tuple[Sequence[Column], Callable[[ParamAssignment], Row]]:
    """Returns the columns of a report's parameters, and what makes the row of one of them when it is asked for."""
    columns = rows_table(report, (), options).columns
    make = _Rows(report, (), _Drawn(folded=False, graded=False, rules=True), options).maker()
    return columns, lambda row: make(Folded(row.name, (row,)))


@dataclass(frozen=True)
class _Drawn:
    """What the lines of a table have."""

    folded: bool
    """Whether any stands for several parameters."""
    graded: bool
    """Whether any has a lr that goes from block to block."""
    rules: bool
    """Whether they say which rules decided."""
    usual: Provenance | None = None
    """The rule of the lr that is named above, and not in each line."""


@dataclass(frozen=True)
class _Rows:
    """Rows that are made when they are asked for."""

    report: Report
    folds: Folds
    drawn: _Drawn
    options: TableOptions

    def __iter__(self) -> Iterator[Row | Text]:
        made = self.maker()
        for section, lines in self.folds:
            if section.heading:
                yield from (Text(), Text(section.heading, "bold underline"))
            yield from map(made, lines)

    def maker(self) -> Callable[[Fold], Row]:
        """Returns what makes rows: those that share all but name and shape say the same right of it, made once."""
        made: dict[tuple[Hashable, ...], _Cells] = {}
        numbers: dict[Hashable, int] = {count.rule.name: number for number, count in enumerate(self.report.rules, 1)}

        def make(line: Fold) -> Row:
            row = line.rows[0]
            if is_graded(line):
                return self._row(line, self._cells(line, numbers))
            built = group_words(line.rows), group_key(line.rows, self.options.marks)
            lrs = tuple(self.report.lrs_at(row).values())
            kind = id(row.setting), row.optimizer, row.param.trainable, built, lrs
            if kind not in made:
                made[kind] = self._cells(line, numbers)
            return self._row(line, made[kind])

        return make

    def _row(self, line: Fold, own: _Cells) -> Row:
        if self.drawn.folded:
            second = Text(str(len(line.rows)), BASE if len(line.rows) == 1 else "")
        else:
            second = Text(shape(line.rows[0].param.shape, self.options.marks.times), BASE)
        values, last = own
        return Row(visible(line.name), [second, *values], last, under=_aliases(line))

    def _cells(self, line: Fold, numbers: Mapping[Hashable, int]) -> _Cells:
        row, built = line.rows[0], group_words(line.rows)
        quiet, left_out = row.param.trainable is False, not row.in_optimizer
        shown = [
            cell(each, self.options, left_out=left_out, built=bool(built), quiet=quiet)
            for each in values_of(self.report, line.rows, self.drawn.usual)
        ]
        if self.drawn.graded:
            scheduled = self.report.scheduled
            steps = staircase(line.rows, self.options.marks, scheduled=scheduled) if is_graded(line) else ""
            shown.insert(_stairs(self.report), Text(steps, colour(row.setting.lr_rule)))
        return shown, self._last(line, built, numbers)

    def _last(self, line: Fold, built: str, numbers: Mapping[Hashable, int]) -> Last:
        row = line.rows[0]
        whole, short = (_rules(self, row, built, line=line) for line in (True, False))
        key = None
        if len(short) == 1:
            key = Text(group_key(line.rows, self.options.marks), BASE) if built else self._key(row, numbers)
        dot = Text(f" {self.options.marks.dot} ", BASE)
        obvious = whole[0].plain in ("default", "")
        return Last(Text.joined(whole, dot), Text.joined(short, dot), key=key, obvious=obvious)

    def _key(self, row: ParamAssignment, numbers: Mapping[Hashable, int]) -> Text:
        """The numbers of the rules in the table of all rules."""
        marks = self.options.marks
        rules = [rule for rule in deciding_rules(row.setting) if rule != self.drawn.usual and not rule.is_base]
        words = [Text(str(numbers[rule.name]), colour(rule)) for rule in rules]
        if not row.setting.rules:
            words = [Text(marks.left_out, LEFT_OUT)]
        elif row.param.trainable is False and not any(rule.option == "frozen" for rule in rules):
            words.append(Text(marks.frozen, BASE))
        return Text.joined(words, Text(marks.dot, BASE))


def _last_column(report: Report, drawn: _Drawn) -> Column:
    if not drawn.rules:
        return Column("")
    title = decided_by(report)
    return Column(title) if title == DECIDED_BY else Column(title, of_keys=title)


def _stairs(report: Report) -> int:
    """Behind how many values the staircase stands: those that it is a picture of."""
    return 2 if report.scheduled else 1


def _aliases(line: Fold) -> list[str]:
    if len(line.rows) == 1:
        return [f"  = {visible(alias)}" for alias in line.rows[0].param.aliases]
    named = sum(bool(each.param.aliases) for each in line.rows)
    have = "has" if named == 1 else "have"
    return [f"  {named} of them {have} other names, too"] if named else []


def _rules(rows: _Rows, row: ParamAssignment, built: str, *, line: bool) -> list[Text]:
    """The rules, what else they write into the group, and of several optimizers which."""
    report, options = rows.report, rows.options
    usual = rows.drawn.usual
    found = labels(row.setting, options.marks, line=line, trainable=row.param.trainable, built=built, usual=usual)
    if row.also_in:  # each of them moves it
        found = [(found[0][0], f"bold {LEFT_OUT}"), *found[1:]]
    words = [Text.assemble(*found)] if rows.drawn.rules else []
    words += [Text(word, "" if built else colour(row.setting.lr_rule)) for word in held(report, row)]
    if (optimizer := optimizer_of_several(report, row)) is not None:
        words.append(Text(visible(optimizer), BASE))
    return words or [Text()]
