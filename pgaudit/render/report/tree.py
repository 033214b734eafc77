"""Report → its modules, as a tree: of each, how many tensors it holds, and what they train with."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pgaudit.core.assignment import ParamAssignment, numel_of
from pgaudit.core.setting import deciding_rules
from pgaudit.folds import graded_likeness
from pgaudit.names import fold_named
from pgaudit.render.columns import Column, Last, Row, Table
from pgaudit.render.numbers import computed, elements, number
from pgaudit.render.report.values import lr_that_counts, mark
from pgaudit.render.style import BASE, DECIDED_BY, Marks, colour, label
from pgaudit.render.styled import Text
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import visible

_Alike = Callable[[ParamAssignment], Hashable]
"""Of which rows it is the same, they say the same in a table."""


@dataclass
class _Module:
    """A module, by the names of its parameters."""

    rows: list[ParamAssignment] = field(default_factory=list)
    """All below it, in the model's order."""
    inside: dict[str, _Module] = field(default_factory=dict)
    """By the next part of their names."""


def tree_table(report: Report, rows: Sequence[ParamAssignment], depth: int, options: TableOptions) -> Table:
    """Returns the table of a report's modules. Neighbours that hold the same, under numbers, are one line.

    Args:
        report: which has the rows.
        rows: the parameters that count.
        depth: how many levels of modules are shown.
        options: how tables are drawn.
    """
    root = _Module()
    for row in rows:
        module = root
        module.rows.append(row)
        *modules, name = row.name.split(".")
        for part in (modules or [name])[:depth]:  # a parameter of the model's own stands for itself
            module = module.inside.setdefault(part, _Module())
            module.rows.append(row)
    lr = "scheduled" if report.scheduled else "lr"
    columns = [Column("module"), Column("tensors", right=True), Column("parameters", right=True, drop=1)]
    columns += [Column(f"  {lr}"), Column("  decay"), Column(DECIDED_BY)]
    lines = _lines(root, 0, graded_likeness(rows, report.lrs_at if report.at else None))
    return Table(columns, [_row(report, name, below, options) for name, below in lines], moving=True)


def _lines(module: _Module, level: int, alike: _Alike) -> Iterator[tuple[str, list[ParamAssignment]]]:
    """Yields the name of each line, and the parameters below it."""
    for name, modules in _folded(module.inside, level, alike):
        yield "  " * level + visible(name), [row for each in modules for row in each.rows]
        yield from _lines(_joined(modules), level + 1, alike)


def _joined(modules: Iterable[_Module]) -> _Module:
    """Modules that hold the same, as one."""
    found = _Module()
    for module in modules:
        found.rows += module.rows
        for name, inside in module.inside.items():
            found.inside[name] = _joined([found.inside[name], inside]) if name in found.inside else inside
    return found


def _folded(inside: dict[str, _Module], level: int, alike: _Alike) -> Iterator[tuple[str, list[_Module]]]:
    """Modules that hold the same under neighbouring numbers, under one name."""
    entries = ((name, _content(name, module, level, alike), None, module) for name, module in inside.items())
    for each in fold_named(entries):
        yield each.name, list(each.rows)


def _content(name: str, module: _Module, level: int, alike: _Alike) -> Hashable:
    if not name.isdecimal():
        return name  # what has a name of its own has a line of its own
    return tuple((*row.name.split(".")[level + 1 :], alike(row)) for row in module.rows)


def _row(report: Report, name: str, rows: Sequence[ParamAssignment], options: TableOptions) -> Row:
    lrs = [lr_that_counts(report, row) for row in rows]
    decays = [(row.weight_decay, report.optimizer_of(row).base.weight_decay) for row in rows]
    cells = [Text(f"{len(rows):,}"), Text(elements(numel_of(rows)))]
    cells += [_span([(lr.value, lr.base) for lr in lrs], options.marks), _span(decays, options.marks)]
    found = {rule: None for row in rows for rule in deciding_rules(row.setting)}
    rules = [rule for rule in found if not rule.is_base] or list(found)[:1]
    dot = Text(f" {options.marks.dot} ", BASE)
    whole, short = (
        Text.joined([Text(label(rule, line=line), colour(rule)) for rule in rules], dot) for line in (True, False)
    )
    return Row(name, cells, Last(whole, short, obvious=all(rule.is_base for rule in rules)))


def _span(values: Iterable[tuple[float | None, float | None]], marks: Marks) -> Text:
    """The different ones of some values, each given with that of its own optimizer: one, or from the least to the
    greatest.
    """
    held = {(value, base) for value, base in values if value is not None}
    found = sorted({value for value, _ in held})
    if not found:
        return Text(f"  {marks.none}", BASE)
    near = {mark(value, base, marks) for value, base in held if value != base} or {" "}
    words = number(found[0]) if len(found) == 1 else f" {marks.arrow} ".join(map(computed, (found[0], found[-1])))
    loud = any(value != base for value, base in held)
    return Text(f"{near.pop() if len(near) == 1 else ' '} {words}", "bold" if loud else BASE)
