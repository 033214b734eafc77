"""What is said of a parameter where nothing says which rule decided: its group, all that it holds, and who else is in
it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.core.assignment import ParamAssignment
from pgaudit.folds import fold
from pgaudit.render.numbers import hyperparameter, number
from pgaudit.render.style import BASE
from pgaudit.render.styled import Text, filled
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import counted, visible

_NAMES = 8
"""Folded names of neighbours that are listed."""


def group_lines(report: Report, row: ParamAssignment, options: TableOptions) -> Iterator[Text]:
    """Returns lines about the group of a parameter."""
    joint = f" {options.marks.dot} "
    yield from filled(joint.join(_values(report, row)), options.width, hanging=2)
    if row.also_in:
        places = ", ".join(f"optimizer {optimizer}, group {group}" for optimizer, group in row.also_in)
        yield from filled(f"also in {places}", options.width, hanging=2, style="bold red")
    yield Text()
    others = [each for each in neighbours(report, row) if each is not row]
    if not others:
        yield Text("alone in its group")
        return
    yield Text(f"in the same group: {counted(len(others), 'tensor')}")
    folds = fold(others, report.taken)
    for entry in folds[:_NAMES]:
        times = f" {options.marks.times}{len(entry.rows)}" if len(entry.rows) > 1 else ""
        yield from filled(f"  {visible(entry.name)}{times}", options.width, hanging=4, style=BASE)
    if len(folds) > _NAMES:
        more = sum(len(entry.rows) for entry in folds[_NAMES:])
        yield Text(f"  and {counted(more, 'tensor')} more", style=BASE)


def neighbours(report: Report, row: ParamAssignment) -> list[ParamAssignment]:
    """Returns all parameters of a parameter's group, itself among them."""
    where = row.optimizer, row.group
    return [each for each in report.params if (each.optimizer, each.group) == where]


def _values(report: Report, row: ParamAssignment) -> Iterator[str]:
    """All that the group holds: what the table leaves out because it is the optimizer's own, too."""
    yield f"lr {number(row.lr)}"
    yield f"weight_decay {number(row.weight_decay)}"
    built = report.as_built
    if built is None or row.optimizer is None or row.group is None:
        values = row.setting.extra
    else:
        values = dict(built.optimizers[row.optimizer].groups[row.group].values)
    for key, value in values.items():
        if key not in ("lr", "weight_decay") and value is not None and value is not False:
            yield hyperparameter(key, value)
