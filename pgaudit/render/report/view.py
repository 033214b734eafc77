"""What every format for people says of a parameter: its line, its values beside the base ones, what else it gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import Provenance
from pgaudit.render.numbers import hyperparameter
from pgaudit.render.select import Fold, Section, Selection, fold, select, unfolded
from pgaudit.report import Report

Folds = Sequence[tuple[Section, Sequence[Fold]]]


@dataclass(frozen=True, slots=True)
class ShownValue:
    """One value of a parameter."""

    value: float | None
    """None where the parameter is in no group."""
    base: float | None
    """What its optimizer gives to parameters that no rule is about."""
    rule: Provenance | None

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
        (section, fold(section.rows, taken) if folded else unfolded(section.rows))
        for section in select(report, selection)
    ]


def values(report: Report, row: ParamAssignment) -> list[ShownValue]:
    """Returns the lr, the lr at the schedule's full height where the report has one, and the weight decay."""
    setting, base = row.setting, report.optimizer_of(row).base
    scheduled = [ShownValue(setting.peak_lr, base.peak_lr, setting.lr_rule)] if report.scheduled else []
    return [
        ShownValue(setting.lr, base.lr, setting.lr_rule),
        *scheduled,
        ShownValue(setting.weight_decay, base.weight_decay, setting.weight_decay_rule),
    ]


def held(report: Report, row: ParamAssignment) -> list[str]:
    """Returns what a row's group holds beside lr and weight decay, a word each: ``momentum 0.8``."""
    return [hyperparameter(*item) for item in report.extra_of(row.setting, row.optimizer).items()]


def optimizer_of_several(report: Report, row: ParamAssignment) -> str | None:
    """Returns the optimizer that a row is in, where there are several."""
    if len(report.assignment.optimizers) < 2 or not row.in_optimizer:
        return None
    return str(report.optimizer_of(row).type)
