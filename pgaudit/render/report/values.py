"""The values that ``show`` tells of each parameter: lr, lrs over time, weight decay, and their products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import Provenance
from pgaudit.render.columns import Column
from pgaudit.render.numbers import computed, number
from pgaudit.render.over_time import late_columns, lr_title, product_titles
from pgaudit.render.style import BASE, Marks, colour
from pgaudit.render.styled import Text
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report


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
    computed: bool = False
    """Whether nobody has written it: a rule gives each block its own."""
    last: float | None = None
    """That of the last of several parameters, where it goes from one to the next of them."""

    @property
    def changed(self) -> bool:
        """Whether it is another one than the base value."""
        return self.value != self.base or self.last is not None

    def words(self, marks: Marks) -> str:
        """Returns it as a person reads it: ``0.1``, or ``1.2e-5 → 0.1`` of several parameters."""
        if self.last is not None:
            return f" {marks.arrow} ".join(map(computed, (self.value, self.last)))
        return computed(self.value) if self.further or self.computed else number(self.value)


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


def lr_that_counts(report: Report, row: ParamAssignment, computes: Provenance | None = None) -> ShownValue:
    """Returns the lr at the schedule's full height where the report has one, or else the lr; ``computes`` is the rule
    whose values nobody has written, if there is one.
    """
    setting, base = row.setting, report.optimizer_of(row).base
    lr, own = (setting.peak_lr, base.peak_lr) if report.scheduled else (setting.lr, base.lr)
    return ShownValue(lr, own, setting.lr_rule, computed=computes is not None and setting.lr_rule == computes)


def value_columns(report: Report, marks: Marks) -> list[Column]:
    """Returns the columns of these values."""
    scheduled = ["scheduled"] if report.scheduled else []
    # Beside what a schedule scales, the lr of the groups is one and the same: the header says it, too.
    before = [Column("  lr", drop=len(scheduled)), *(Column(f"  {title}") for title in scheduled)]
    return [*before, *late_columns(list(map(lr_title, report.at))), Column("  decay"), *_product_columns(report, marks)]


def values_of(report: Report, rows: Sequence[ParamAssignment], computes: Provenance | None = None) -> list[ShownValue]:
    """Returns the values of parameters under one name, in the model's order: see :func:`values`.

    Args:
        report: which has them.
        rows: the parameters.
        computes: the rule whose values nobody has written, if there is one.
    """
    first = [
        replace(each, computed=True) if computes is not None and each.rule == computes else each
        for each in values(report, rows[0])
    ]
    if rows[0].setting is rows[-1].setting:
        return first
    both = zip(first, values(report, rows[-1]), strict=True)
    return [one if one.value == other.value else replace(one, last=other.value) for one, other in both]


def _product_columns(report: Report, marks: Marks) -> list[Column]:
    titles = product_titles(report, marks)
    return late_columns(titles) if report.at else [Column(f"  {title}") for title in titles]


def _over_time(report: Report, row: ParamAssignment) -> Iterator[ShownValue]:
    """The lrs at the steps that were asked, beside what the schedule makes of the optimizer's own lr."""
    base, own = report.base_lrs_at(row.optimizer), report.optimizer_of(row).base
    changed = (row.lr, row.setting.peak_lr) != (own.lr, own.peak_lr)
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


def cell(shown: ShownValue, options: TableOptions, *, left_out: bool, built: bool, quiet: bool) -> Text:
    """Returns a value with its mark; values equal to the base have a blank in its place.

    Args:
        shown: the value.
        options: how tables are drawn.
        left_out: whether the parameter is in no group.
        built: whether no rule decided it.
        quiet: whether it is left out on purpose.
    """
    loud = shown.changed or (left_out and not shown.further)
    style = BASE if quiet or not loud else "bold" if built else f"bold {colour(shown.rule)}"
    return Text(_value(shown, options, left_out=left_out and not quiet), style)


def _value(shown: ShownValue, options: TableOptions, *, left_out: bool) -> str:
    marks, value, base = options.marks, shown.value, shown.base
    if value is None:
        return f"{marks.left_out if left_out and not shown.further else ' '} {marks.none}"
    found = [value] if shown.last is None else [value, shown.last]
    near = {mark(each, base, marks) for each in found if each != base} or {" "}
    text = f"{near.pop() if len(near) == 1 else ' '} {shown.words(marks)}"
    if options.mult and base and shown.changed and not shown.further:
        text += f" ({marks.times}{f' {marks.arrow} '.join(number(each / base) for each in found)})"
    return text


def mark(value: float, base: float | None, marks: Marks) -> str:
    """Returns what stands before a value that is higher, or lower, than the base."""
    return " " if value == base or base is None else marks.higher if value > base else marks.lower
