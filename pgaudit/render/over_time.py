"""The lr over time in tables: a column a step, which of them give way, and the schedule in one line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pgaudit.core.schedule import OptimizerSchedule
from pgaudit.render.columns import Column
from pgaudit.render.style import BASE, Marks
from pgaudit.render.styled import Text
from pgaudit.report import Report
from pgaudit.text import counted, visible

PRODUCT = "wd×lr"
"""The title of weight decay × lr."""


def lr_title(step: int) -> str:
    """Returns what a lr after so many steps is called: ``lr@100``."""
    return f"lr@{step}"


def is_lr_title(title: str) -> bool:
    """Whether a title is that of a lr after so many steps."""
    return title.startswith("lr@")


def late_orders(titles: Sequence[str], *, first: Collection[str] = ()) -> list[int]:
    """Returns, for each of some columns, :attr:`Column.late`: see :func:`late_columns`.

    Args:
        titles: of all columns; those of lrs over time give way.
        first: those of them that go before all others.
    """
    others = [title for title in titles if is_lr_title(title) and title not in first]
    late = dict(zip(others, (len(first) + each for each in _lateness(len(others))), strict=True))
    return [late.get(title, [*first, title].index(title) + 1 if title in first else 0) for title in titles]


def product_titles(report: Report, marks: Marks) -> list[str]:
    """Returns the titles of weight decay × lr, one a step; none where nobody asked."""
    title = PRODUCT.replace("×", marks.times)
    return [f"{title}@{step}" for step in report.at] or [title] if report.with_products else []


def late_columns(titles: Sequence[str], *, right: bool = False) -> list[Column]:
    """Returns columns of which, where the width does not suffice, the inner ones go first, then the first one, and the
    last one at last.
    """
    indent = "" if right else "  "
    orders = _lateness(len(titles))
    return [Column(f"{indent}{title}", right, late=late) for title, late in zip(titles, orders, strict=True)]


def _lateness(count: int) -> list[int]:
    """For each of some columns, when it gives way; those that are left at any time are spread evenly."""
    stays = [*dict.fromkeys(each for each in (count - 1, 0, *_halves(0, count - 1)) if 0 <= each < count)]
    return [count - stays.index(each) for each in range(count)]


def _halves(begin: int, end: int) -> Iterator[int]:
    """The numbers between two, the middle first, then the middles of what is left."""
    spans = [(begin, end)]
    for start, stop in spans:
        if stop - start > 1:
            middle = (start + stop) // 2
            yield middle
            spans += [(start, middle), (middle, stop)]


def missing(titles: Sequence[str], fmt: str = "csv") -> Text:
    """Returns which columns there was no room for, and which format has them."""
    shown = titles if len(titles) <= 4 else [*titles[:3], f"{len(titles) - 3} more"]
    return Text(f"no room for {', '.join(shown)}; --format {fmt} has all", BASE)


def schedule_words(schedule: OptimizerSchedule) -> list[str]:
    """Returns a schedule in a few words: what it is, and how long it goes or the run is."""
    length = schedule.length
    return [visible(schedule.title), *([] if length is None else [counted(length, schedule.unit)])]


def schedule_lines(report: Report, marks: Marks) -> list[list[str]]:
    """Returns the words of each schedule of a report, of those that are alike once; and what weight decay × lr is."""
    indices = range(len(report.assignment.optimizers))
    found = [(index, its) for index in indices if (its := report.schedule_of(index)) is not None and its.title]
    lines = [schedule_words(schedule) for _, schedule in found]
    if len(found) == len(indices) and all(line == lines[0] for line in lines):
        lines = lines[:1]
    else:
        lines = [
            [f"{visible(report.optimizer_title(index))}: {first}", *rest]
            for (index, _), (first, *rest) in zip(found, lines, strict=True)
        ]
    if report.with_products:
        title = PRODUCT.replace("×", marks.times)
        lines += [[f"{title}: {_product(report, index)}"] for index in indices]
    return lines


def _product(report: Report, index: int) -> str:
    """What weight decay × lr means for an optimizer."""
    optimizer = report.assignment.optimizers[index]
    name = visible(report.optimizer_title(index))
    if optimizer.decoupled:
        return f"the share of each weight that {name} takes off in a step"
    if optimizer.decoupled is None:
        return f"nothing says what {name} makes of weight decay"
    if optimizer.arguments.get("momentum"):
        return f"not what {name} takes off: weight decay is added to the gradient, and goes on through the momentum"
    return f"not what {name} takes off: weight decay is added to the gradient, and scaled with it"
