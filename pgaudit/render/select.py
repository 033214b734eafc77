"""Which rows of a report to show, in which order, under which headings, and which of them under one name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.errors import UsageError
from pgaudit.core.setting import Setting, deciding_rules
from pgaudit.render.choices import GroupBy, Sort
from pgaudit.render.numbers import computed, hyperparameter, number
from pgaudit.render.style import group_words
from pgaudit.report import Report
from pgaudit.text import counted, did_you_mean, quoted, visible

"""Rows of a report that have equal settings."""


@dataclass(frozen=True)
class Selection:
    """What to show of a report. Totals, groups and findings always speak of the whole model."""

    filters: tuple[str, ...] = ()
    """Globs over names and aliases; a name without a wildcard also means all below it."""
    rules: tuple[str, ...] = ()
    """Options, custom keys or patterns, or both as ``custom_keys.fc``."""
    changed: bool = False
    """Only what differs from the base values."""
    sort: Sort = "model"
    group_by: GroupBy | None = None
    frozen: bool = True
    """Whether parameters that are frozen have rows."""


@dataclass(frozen=True)
class Section:
    """Rows under one heading; the heading is empty where rows are not grouped."""

    heading: str
    rows: tuple[ParamAssignment, ...]


def select(report: Report, selection: Selection) -> list[Section]:
    """Returns the rows to show.

    Raises:
        UsageError: a filter matches no parameter, or a rule decided nothing.
    """
    rows: Sequence[ParamAssignment] = report.params
    if selection.filters:
        rows = report.called(_filtered(report, selection.filters))
    for rule in selection.rules:
        _refuse_unknown_rule(report, rule)
    if selection.rules:
        rows = [row for row in rows if rule_names(row.setting) & set(selection.rules)]
    if not selection.frozen:
        rows = [row for row in rows if row.param.trainable is not False]
    if selection.changed:
        rows = [row for row in rows if is_changed(report, row)]
    order = order_of(report, selection.sort)
    rows = sorted(rows, key=order) if order else list(rows)
    if selection.group_by is None:
        return [Section("", tuple(rows))]
    return _sections(rows, partial(_HEADINGS[selection.group_by], report))


def order_of(report: Report, sort: Sort) -> Callable[[ParamAssignment], Any] | None:
    """Returns what sorts the rows of a report; None for the model's own order."""
    return partial(_lrs, report) if sort == "lr" else _ORDERS.get(sort)


def is_changed(report: Report, row: ParamAssignment) -> bool:
    """Whether what a parameter gets differs from the base: in a value, or by being frozen or left out."""
    setting, base = row.setting, report.optimizer_of(row).base
    values = (setting.lr, setting.peak_lr, setting.weight_decay) != (base.lr, base.peak_lr, base.weight_decay)
    over_time = report.base_lrs_at(row.optimizer)
    elsewhere = bool(over_time) and over_time != report.lrs_at(row)
    return values or elsewhere or bool(report.extra_of(setting, row.optimizer)) or row.param.trainable is False


def rule_names(setting: Setting) -> set[str]:
    """Returns all words by which a user may mean the rules of a setting."""
    rules = (setting.lr_rule, setting.weight_decay_rule)
    return {word for rule in rules if rule for word in rule.words}


def _filtered(report: Report, filters: Sequence[str]) -> set[str]:
    """The names that filters stand for, each of which must stand for one."""
    found: set[str] = set()
    for text in filters:
        names = report.names.matching(text, below=True)
        if not names:
            hint = report.names.hint(text) or "a glob over whole names, such as 'layer4.*.weight'"
            raise UsageError(f"--filter {visible(text)} matches no parameter", hint)
        found |= names
    return found


def _refuse_unknown_rule(report: Report, rule: str) -> None:
    known = sorted(set().union(*(rule_names(row.setting) for row in report.params)))
    if rule not in known:
        these = f"these did: {', '.join(map(quoted, known))}" if known else "nothing says which rules decided it"
        hint = did_you_mean(rule, known) or these
        raise UsageError(f"--rule {visible(rule)}: no such rule decided anything", hint)


def _or_zero(value: float | None) -> float:
    return -1.0 if value is None else value


def _lrs(report: Report, row: ParamAssignment) -> list[float]:
    """The highest lr first; of equal ones, the one that is higher at the steps that were asked."""
    return [-_or_zero(lr) for lr in (row.setting.peak_lr, row.lr, *report.lrs_at(row).values())]


_ORDERS: dict[Sort, Callable[[ParamAssignment], Any]] = {
    "name": lambda row: row.name,
    "decay": lambda row: -_or_zero(row.weight_decay),
    "numel": lambda row: -(row.param.numel or 0),
    "rule": lambda row: [(rule.option, rule.key or "") for rule in deciding_rules(row.setting)],
}


def _by_module(report: Report, row: ParamAssignment) -> str:
    return visible(row.name.partition(".")[0])


def _by_rule(report: Report, row: ParamAssignment) -> str:
    words = [
        rule.option if rule.key is None else f"{rule.option} {quoted(rule.key)}" for rule in deciding_rules(row.setting)
    ]
    return " · ".join(words) or group_words([row]) or "not in the optimizer"


def by_group(report: Report, row: ParamAssignment) -> str:
    """Returns what a parameter's group holds, as a heading; of several optimizers, which one has it."""
    if not row.in_optimizer:
        return "in no group"
    several = len(report.assignment.optimizers) > 1
    words = [visible(report.optimizer_title(row.optimizer or 0))] if several else []
    words += [f"lr {number(row.lr)}"]
    words += [f"scheduled {number(row.setting.peak_lr)}"] if report.scheduled else []
    words += [f"lr@{step} {computed(lr)}" for step, lr in report.lrs_at(row).items()]
    words.append(f"decay {number(row.weight_decay)}")
    return " · ".join(
        [*words, *(hyperparameter(*item) for item in report.extra_of(row.setting, row.optimizer).items())]
    )


_HEADINGS: dict[GroupBy, Callable[[Report, ParamAssignment], str]] = {
    "module": _by_module,
    "rule": _by_rule,
    "group": by_group,
}


def _sections(rows: Sequence[ParamAssignment], heading: Callable[[ParamAssignment], str]) -> list[Section]:
    found: dict[str, list[ParamAssignment]] = {}
    for row in rows:
        found.setdefault(heading(row), []).append(row)
    return [Section(f"{name} · {_total(members)}", tuple(members)) for name, members in found.items()]


def _total(rows: Sequence[ParamAssignment]) -> str:
    groups = {(row.optimizer, row.group) for row in rows if row.group is not None}
    return f"{counted(len(rows), 'tensor')} in {counted(len(groups), 'group')}"
