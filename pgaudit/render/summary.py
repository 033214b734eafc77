"""What stands above and below the rows: the model, the base values, the rules by parameters and elements, the groups."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from pgaudit.render.layout import GAP, Columns
from pgaudit.render.numbers import bar, elements, number
from pgaudit.render.style import ASCII, BASE, Marks, colour, label
from pgaudit.report import Report
from pgaudit.serialize import plain
from pgaudit.text import counted, visible

_BAR = 10


def header(report: Report, marks: Marks, width: int | None) -> Text:
    """Returns two lines: which model, and under which constructor and base values."""
    inventory = report.inventory
    frozen = sum(not parameter.trainable for parameter in inventory.parameters)
    source = f"{inventory.source} {inventory.version}" if inventory.version else inventory.source
    first = [
        visible(inventory.ref),
        source,
        counted(len(inventory.parameters), "parameter"),
        f"{elements(inventory.numel)} elements",
    ]
    first += [f"{frozen} frozen"] if frozen else []
    name, *arguments = [(key, value) for key, value in report.optimizer.items() if value is not None]
    base = [
        report.constructor,
        f"{visible(name[1])} lr {number(report.base.lr)}",
        f"weight_decay {number(report.base.weight_decay)}",
    ]
    base += [f"{visible(key)} {_argument(value)}" for key, value in arguments if key not in ("lr", "weight_decay")]
    text = Text()
    for words, style in ((first, "bold"), (base, "")):
        for index, line in enumerate(_wrapped(words, f" {marks.dot} ", width)):
            text.append("  " * bool(index) + line, style=style if not index else "")
            text.append("\n")
    text.rstrip()
    return text


def _argument(value: object) -> str:
    value = plain(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list):
        return f"({', '.join(_argument(item) for item in value)})"
    return visible(value)


def _wrapped(words: list[str], joint: str, width: int | None) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        if width and len(lines[-1]) + len(joint) + len(word) > width - 2:
            lines.append(word)
        else:
            lines[-1] += joint + word
    return lines


def summary_table(report: Report, columns: Columns, marks: Marks, width: int | None) -> Table:
    """Returns the rules by parameters and by elements: an over-eager key is the one whose bar is too long."""
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("rule", overflow="fold")
    table.add_column("parameters", justify="right", no_wrap=True)
    if columns.bars:
        table.add_column("", no_wrap=True)
    table.add_column("elements", justify="right", no_wrap=True)
    if columns.bars:
        table.add_column("", no_wrap=True)
    parameters, total = len(report.rows), max(report.inventory.numel, 1)
    for count in report.rules:
        style = colour(count.rule)
        cells = [Text(label(count.rule), style=style), Text(f"{count.parameters:,}")]
        cells += [_bar(count.parameters / parameters, style, marks)] if columns.bars else []
        cells.append(Text(elements(count.numel)))
        cells += [_bar(count.numel / total, style, marks)] if columns.bars else []
        table.add_row(*cells)
    left = sum(row.group is None for row in report.rows)
    if left:
        table.add_row(Text(f"{marks.left_out} not in the optimizer", style="red"), Text(f"{left:,}"))
    return table


def _bar(share: float, style: str, marks: Marks) -> Text:
    return Text(bar(share, _BAR, ascii_only=marks is ASCII), style=style if style != BASE else "bright_black")


def groups_table(report: Report, marks: Marks) -> Table:
    """Returns the optimizer's groups, with those of equal settings in one row."""
    merged: dict[tuple[float | None, float | None], list[int]] = {}
    for group in report.groups:
        entry = merged.setdefault((group.lr, group.weight_decay), [0, 0, 0, group.index])
        entry[0] += 1
        entry[1] += group.parameters
        entry[2] += group.numel
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    for title in ("groups", "first", "lr", "decay", "parameters", "elements"):
        table.add_column(title, justify="right", no_wrap=True)
    for (lr, decay), (groups, parameters, numel, first) in merged.items():
        table.add_row(f"{groups:,}", str(first), number(lr), number(decay), f"{parameters:,}", elements(numel))
    table.caption = f"{counted(len(report.groups), 'group')} {marks.dot} {counted(len(merged), 'different setting')}"
    table.caption_justify = "left"
    table.caption_style = BASE
    return table
