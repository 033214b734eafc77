"""What stands above and below the rows: the model, the base values, the rules, the groups."""

from __future__ import annotations

from collections.abc import Hashable

from rich.table import Table
from rich.text import Text

from pgaudit.render.layout import GAP
from pgaudit.render.numbers import bar, elements, number
from pgaudit.render.style import ASCII, BASE, DECIDED_BY, LEFT_OUT, Marks, colour, label
from pgaudit.report import Group, Report
from pgaudit.serialize import plain
from pgaudit.text import counted, visible

_BAR = 10
_FIGURES = 24  # the columns "tensors" and "parameters", with gaps


def header(report: Report, marks: Marks, width: int | None) -> Text:
    """Returns two lines: which model, and under which constructor and base values."""
    inventory = report.inventory
    frozen = sum(not parameter.trainable for parameter in inventory.parameters)
    source = f"{inventory.source} {inventory.version}" if inventory.version else inventory.source
    kind = visible(inventory.model_type.short)
    first = [
        visible(inventory.ref),
        *([kind] if kind != inventory.ref and not inventory.ref.endswith(f"({kind})") else []),
        source,
        counted(len(inventory.parameters), "tensor"),
        f"{elements(inventory.numel)} parameters",
    ]
    first += [f"{frozen} frozen"] if frozen else []
    arguments = [(key, value) for key, value in report.optimizer.arguments.items() if value is not None]
    base = [
        report.constructor or "",
        f"{visible(report.optimizer.type)} lr {number(report.base.lr)}{_scaling(report, marks)}",
        f"weight_decay {number(report.base.weight_decay)}",
    ]
    base += [beside(key, value) for key, value in arguments if key not in ("lr", "weight_decay")]
    text = Text()
    for words, style in ((first, "bold"), (base, "")):
        for index, line in enumerate(wrapped(words, f" {marks.dot} ", width)):
            text.append("  " * bool(index) + line, style=style if not index else "")
            text.append("\n")
    text.rstrip()
    return text


def _scaling(report: Report, marks: Marks) -> str:
    """BaseCls' lr is a product; says of what."""
    processes = report.config.world_size
    if processes == 1 or report.base.lr is None:
        return ""
    return f" ({number(report.base.lr / processes)} {marks.times} {processes} processes)"


def argument(value: object) -> str:
    """Returns an optimizer's argument as a person writes it."""
    value = plain(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list):
        return f"({', '.join(argument(item) for item in value)})"
    return visible(value)


def beside(key: object, value: object) -> str:
    """Returns what a group holds beside lr and weight decay as a person writes it: ``momentum 0.8``."""
    return f"{visible(key)} {argument(value)}"


def wrapped(words: list[str], joint: str, width: int | None) -> list[str]:
    """Returns words in lines, joined; later ones leave room for an indent."""
    lines = [words[0]]
    for word in words[1:]:
        if width and len(lines[-1]) + len(joint) + len(word) > width - 2:
            lines.append(word)
        else:
            lines[-1] += joint + word
    return lines


def summary_table(report: Report, marks: Marks, width: int | None) -> Table:
    """Returns the rules by tensors and by parameters: an over-eager key is the one whose bar is too long."""
    shares = [(Text(label(c.rule), style=colour(c.rule)), c.parameters, c.numel) for c in report.rules]
    left = [row.param.numel or 0 for row in report.params if row.group is None and row.setting.lr_rule is None]
    if left:
        shares.append((Text(f"{marks.left_out} not in the optimizer", style=LEFT_OUT), len(left), sum(left)))
    bars = width is None or max(rule.cell_len for rule, _, _ in shares) + _FIGURES + 2 * (_BAR + GAP) <= width
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    table.add_column(DECIDED_BY, no_wrap=True)
    for title in ("tensors", "parameters"):
        table.add_column(title, justify="right", no_wrap=True)
        if bars:
            table.add_column("", no_wrap=True)
    for rule, parameters, numel in shares:
        cells = [rule]
        for text, share in (
            (f"{parameters:,}", parameters / len(report.params)),
            (elements(numel), numel / max(report.inventory.numel, 1)),
        ):
            cells += [Text(text), _bar(share, str(rule.style), marks)] if bars else [Text(text)]
        table.add_row(*cells)
    return table


def _bar(share: float, style: str, marks: Marks) -> Text:
    return Text(bar(share, _BAR, ascii_only=marks is ASCII), style=style if style != BASE else "bright_black")


def groups_table(report: Report, marks: Marks) -> Table:
    """Returns the optimizer's groups, with those of equal settings in one row."""
    merged: dict[Hashable, list[Group]] = {}
    for group in report.groups:
        merged.setdefault(group.setting.merging, []).append(group)
    extras = [report.beside(groups[0].setting) for groups in merged.values()]
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    scheduled = ["scheduled"] if report.scheduled else []
    for title in ("groups", "first index", "lr", *scheduled, "decay", "tensors", "parameters"):
        table.add_column(title, justify="right", no_wrap=True)
    if any(extras):
        table.add_column("beside", no_wrap=True)
    for groups, extra in zip(merged.values(), extras, strict=True):
        setting, parameters = groups[0].setting, sum(group.parameters for group in groups)
        peak = [number(setting.peak_lr)] if scheduled else []
        values = [number(setting.lr), *peak, number(setting.weight_decay)]
        counts = [f"{parameters:,}", elements(sum(group.numel for group in groups))]
        words = [f" {marks.dot} ".join(beside(*item) for item in extra.items())] if any(extras) else []
        table.add_row(f"{len(groups):,}", str(groups[0].index), *values, *counts, *words)
    table.caption = f"{counted(len(report.groups), 'group')} {marks.dot} {counted(len(merged), 'different setting')}"
    table.caption_justify = "left"
    table.caption_style = BASE
    return table
