"""An assignment and its findings → a few lines, for ``print(report)`` in a training script; and the parts of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pgaudit.core.assignment import Assignment
from pgaudit.core.findings import Finding, severity_words
from pgaudit.core.setting import Setting, deciding_rules
from pgaudit.folds import Fold, LrsAt, graded, is_graded
from pgaudit.names import spelled_like_globs
from pgaudit.numbers import computed, elements, number
from pgaudit.text import counted, visible

_OPTIMIZERS, _ROWS, _FINDINGS = 3, 8, 3
"""Lines of each at most: with titles, counts and empty lines there are no more than 20."""
_WIDTH = 110
"""Letters of a finding that are shown."""

_STEPS = 4
"""Steps of the lr over time that are shown."""

Held = Callable[[Setting, "int | None"], Mapping[str, Any]]
"""What a group of an optimizer holds beside lr and weight decay."""
Told = tuple[Assignment, Sequence[Finding], "str | None", Held, LrsAt]
"""What :func:`summary` is about."""


def summary(
    assignment: Assignment,
    findings: Sequence[Finding],
    constructor: str | None,
    held: Held,
    lrs_at: LrsAt,
    *,
    scheduled: bool,
) -> str:
    """Returns at most 20 lines of plain text: the model, its optimizers, parameters of equal settings under one name,
    and what was found.

    Args:
        assignment: what is told.
        findings: the gravest first.
        constructor: the one that decided, where one did.
        held: what a group of an optimizer holds beside lr and weight decay.
        lrs_at: the lrs of a parameter by step, where steps were asked for.
        scheduled: whether a schedule multiplies the lrs that it sets.
    """
    lines = [*headings(assignment, constructor), "", *_rows(assignment, held, lrs_at, scheduled=scheduled)]
    if findings:
        lines += ["", *_findings(findings)]
    return "\n".join(line.rstrip() for line in lines)


def headings(assignment: Assignment, constructor: str | None) -> Iterator[str]:
    """Yields a line about the model, and one about each optimizer."""
    model, numel = assignment.model, assignment.numel
    words = [visible(model.ref) if model.ref is not None else "a model", counted(len(assignment.params), "tensor")]
    yield " · ".join([*words, *([] if numel is None else [f"{elements(numel)} parameters"])])
    for each in assignment.optimizers[:_OPTIMIZERS]:
        base = f"{visible(each.type or 'an optimizer')} lr {number(each.base.lr)}"
        words = [base, f"weight_decay {number(each.base.weight_decay)}"]
        yield " · ".join([*([constructor] if constructor else []), *words])
    if (more := len(assignment.optimizers) - _OPTIMIZERS) > 0:
        yield f"and {counted(more, 'optimizer')} more"


def first_rows(
    assignment: Assignment, held: Held, lrs_at: LrsAt, count: int, *, scheduled: bool
) -> tuple[list[list[str]], str]:
    """Returns titles and the cells of the first lines, each of parameters of equal settings under one name; and what
    there is more, if there is.
    """
    folds = graded(assignment.params, spelled_like_globs(assignment.by_name), lrs_at)
    ruled = any(row.setting.lr_rule for row in assignment.params)
    steps = [f"lr@{step}" for step in lrs_at(assignment.params[0])][:_STEPS] if assignment.params else []
    peak, several = ["scheduled"] if scheduled else [], len(assignment.optimizers) > 1
    cells = [["parameter", "×", "lr", *peak, *steps, "decay", "decided by" if ruled else "group"]]
    cells += [_cells(fold, held, lrs_at, several=several, scheduled=scheduled) for fold in folds[:count]]
    hidden = folds[count:]
    tensors = counted(sum(len(fold.rows) for fold in hidden), "tensor")
    return cells, f"and {tensors} more, in {counted(len(hidden), 'line')}" if hidden else ""


def _rows(assignment: Assignment, held: Held, lrs_at: LrsAt, *, scheduled: bool) -> Iterator[str]:
    cells, more = first_rows(assignment, held, lrs_at, _ROWS, scheduled=scheduled)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for name, count, *values, where in cells:
        middle = (value.ljust(width) for value, width in zip(values, widths[2:-1], strict=True))
        yield "  ".join([name.ljust(widths[0]), count.rjust(widths[1]), *middle, where])
    if more:
        yield more


def _cells(fold: Fold, held: Held, lrs_at: LrsAt, *, several: bool, scheduled: bool) -> list[str]:
    row = fold.rows[0]
    said = any(rule.option == "frozen" for rule in deciding_rules(row.setting))
    words = [_where(fold, several=several)]
    words += ["frozen"] if row.param.trainable is False and not said else []
    words += [f"{visible(key)} {_value(value)}" for key, value in held(row.setting, row.optimizer).items()]
    ends = fold.rows if is_graded(fold) else fold.rows[:1]
    lrs = [_ends([number(each.lr) for each in ends])]
    lrs += [_ends([computed(each.setting.peak_lr) for each in ends])] if scheduled else []
    steps = zip(*(lrs_at(each).values() for each in ends), strict=True)
    lrs += [_ends([computed(lr) for lr in at_step]) for at_step in steps][:_STEPS]
    return [visible(fold.name), str(len(fold.rows)), *lrs, number(row.weight_decay), " · ".join(words)]


def _ends(words: Sequence[str]) -> str:
    """A value of all blocks, or those of the first and of the last."""
    return " → ".join(dict.fromkeys((words[0], words[-1])))


def _value(value: Any) -> str:
    return number(value) if isinstance(value, float) else visible(value)


def _where(fold: Fold, *, several: bool) -> str:
    """The rules that decided, or the groups that hold it."""
    row = fold.rows[0]
    if rules := deciding_rules(row.setting):
        return " · ".join(visible(rule.full) for rule in rules)
    if not row.in_optimizer:
        return "in no optimizer"
    groups = {each.group for each in fold.rows}
    words = f"group {row.group}" if len(groups) == 1 else counted(len(groups), "group")
    places = [(row.optimizer, words), *((at, f"group {group}") for at, group in row.also_in)]
    return " and ".join(f"optimizer {at}, {group}" if several else group for at, group in places)


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    for each in findings[:_FINDINGS]:
        text = f"{each.title} [{each.severity}]  {visible(each.message)}"
        yield text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
    yield ", ".join(severity_words(findings))
